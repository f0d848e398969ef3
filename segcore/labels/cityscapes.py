"""The Cityscapes label table, the one label space of this project.

Ids, train ids, categories and colours are those of `cityscapesscripts.helpers.labels`
(Cordts et al., "The Cityscapes Dataset for Semantic Urban Scene Understanding", CVPR 2016);
the licence plate (id -1) is left out, as in the 34-class version of the data set.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Label:
    name: str
    id: int
    train_id: int  # 255: not one of the 19 evaluated classes
    category: str
    color: tuple[int, int, int]  # RGB

    @property
    def is_evaluated(self) -> bool:
        return self.train_id != 255

    @property
    def hex_color(self) -> str:
        return "#{:02x}{:02x}{:02x}".format(*self.color)


LABELS: tuple[Label, ...] = (
    Label("unlabeled", 0, 255, "void", (0, 0, 0)),
    Label("ego vehicle", 1, 255, "void", (0, 0, 0)),
    Label("rectification border", 2, 255, "void", (0, 0, 0)),
    Label("out of roi", 3, 255, "void", (0, 0, 0)),
    Label("static", 4, 255, "void", (0, 0, 0)),
    Label("dynamic", 5, 255, "void", (111, 74, 0)),
    Label("ground", 6, 255, "void", (81, 0, 81)),
    Label("road", 7, 0, "flat", (128, 64, 128)),
    Label("sidewalk", 8, 1, "flat", (244, 35, 232)),
    Label("parking", 9, 255, "flat", (250, 170, 160)),
    Label("rail track", 10, 255, "flat", (230, 150, 140)),
    Label("building", 11, 2, "construction", (70, 70, 70)),
    Label("wall", 12, 3, "construction", (102, 102, 156)),
    Label("fence", 13, 4, "construction", (190, 153, 153)),
    Label("guard rail", 14, 255, "construction", (180, 165, 180)),
    Label("bridge", 15, 255, "construction", (150, 100, 100)),
    Label("tunnel", 16, 255, "construction", (150, 120, 90)),
    Label("pole", 17, 5, "object", (153, 153, 153)),
    Label("polegroup", 18, 255, "object", (153, 153, 153)),
    Label("traffic light", 19, 6, "object", (250, 170, 30)),
    Label("traffic sign", 20, 7, "object", (220, 220, 0)),
    Label("vegetation", 21, 8, "nature", (107, 142, 35)),
    Label("terrain", 22, 9, "nature", (152, 251, 152)),
    Label("sky", 23, 10, "sky", (70, 130, 180)),
    Label("person", 24, 11, "human", (220, 20, 60)),
    Label("rider", 25, 12, "human", (255, 0, 0)),
    Label("car", 26, 13, "vehicle", (0, 0, 142)),
    Label("truck", 27, 14, "vehicle", (0, 0, 70)),
    Label("bus", 28, 15, "vehicle", (0, 60, 100)),
    Label("caravan", 29, 255, "vehicle", (0, 0, 90)),
    Label("trailer", 30, 255, "vehicle", (0, 0, 110)),
    Label("train", 31, 16, "vehicle", (0, 80, 100)),
    Label("motorcycle", 32, 17, "vehicle", (0, 0, 230)),
    Label("bicycle", 33, 18, "vehicle", (119, 11, 32)),
)

# Chosen one after the other, each as far as possible from those before it in CIELAB, as people
# with normal sight, protanopia and deuteranopia see it (simulated as in Machado, Oliveira and
# Fernandes, "A Physiologically-based Model for Simulation of Color Vision Deficiency", 2009).
SAFE_COLORS: dict[str, str] = {
    "road": "#787878",
    "sidewalk": "#7850ff",
    "building": "#c8a078",
    "wall": "#28a0c8",
    "fence": "#785028",
    "pole": "#280028",
    "traffic light": "#f0fff0",
    "traffic sign": "#ffffc8",
    "vegetation": "#a07800",
    "terrain": "#fff078",
    "sky": "#00a0ff",
    "person": "#ffff00",
    "rider": "#ffa000",
    "car": "#0000ff",
    "truck": "#000050",
    "bus": "#0000a0",
    "train": "#0050a0",
    "motorcycle": "#00f0ff",
    "bicycle": "#500000",
    "dynamic": "#5078c8",
    "ground": "#002850",
    "parking": "#f0a050",
    "rail track": "#005050",
    "guard rail": "#c8a0a0",
    "bridge": "#2850c8",
    "tunnel": "#ff2850",
    "polegroup": "#50c8ff",
    "caravan": "#f0ffa0",
    "trailer": "#000078",
}
"""An alternative to Cityscapes' colours that does not rely on telling red from green."""

NUM_CLASSES = len(LABELS)
NO_LABEL = 255
"""Mask value of a pixel that has no label at all (padding, a missing annotation)."""

EVALUATED_IDS: tuple[int, ...] = tuple(label.id for label in LABELS if label.is_evaluated)
"""The 19 ids that count, in Cityscapes' order."""

CATEGORIES: dict[str, tuple[int, ...]] = {
    category: tuple(id_ for id_ in EVALUATED_IDS if LABELS[id_].category == category)
    for category in dict.fromkeys(LABELS[id_].category for id_ in EVALUATED_IDS)
}
"""Cityscapes' seven categories -> the evaluated ids in them."""

IGNORED_IDS: tuple[int, ...] = tuple(
    label.id for label in LABELS if not label.is_evaluated and label.category == "void"
)
"""Ids whose pixels carry no class to learn or to score (category void)."""

IDS: dict[str, int] = {label.name: label.id for label in LABELS}
NAMES: tuple[str, ...] = tuple(label.name for label in LABELS)


def palette() -> np.ndarray:
    """Colour of each mask value: (256, 3) uint8 RGB; values that are no label are black."""
    table = np.zeros((256, 3), np.uint8)
    for label in LABELS:
        table[label.id] = label.color
    return table


def colorize(mask: np.ndarray) -> np.ndarray:
    """(H, W) uint8 label ids -> (H, W, 3) uint8 RGB in Cityscapes' colours."""
    colors: np.ndarray = palette()[mask]
    return colors
