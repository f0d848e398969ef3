"""Cityscapes' label table: one label space, and the default of the data sets of street scenes.

Ids, categories and colours are those of `cityscapesscripts.helpers.labels`
(Cordts et al., "The Cityscapes Dataset for Semantic Urban Scene Understanding", CVPR 2016);
the licence plate (id -1) is left out, as in the 34-class version of the data set.
"""

from segcore.labels.space import Color, Label, LabelSpace, color_of

VOID = "void"

_TABLE: tuple[tuple[str, str, Color], ...] = (
    ("unlabeled", VOID, (0, 0, 0)),
    ("ego vehicle", VOID, (0, 0, 0)),
    ("rectification border", VOID, (0, 0, 0)),
    ("out of roi", VOID, (0, 0, 0)),
    ("static", VOID, (0, 0, 0)),
    ("dynamic", VOID, (111, 74, 0)),
    ("ground", VOID, (81, 0, 81)),
    ("road", "flat", (128, 64, 128)),
    ("sidewalk", "flat", (244, 35, 232)),
    ("parking", "flat", (250, 170, 160)),
    ("rail track", "flat", (230, 150, 140)),
    ("building", "construction", (70, 70, 70)),
    ("wall", "construction", (102, 102, 156)),
    ("fence", "construction", (190, 153, 153)),
    ("guard rail", "construction", (180, 165, 180)),
    ("bridge", "construction", (150, 100, 100)),
    ("tunnel", "construction", (150, 120, 90)),
    ("pole", "object", (153, 153, 153)),
    ("polegroup", "object", (153, 153, 153)),
    ("traffic light", "object", (250, 170, 30)),
    ("traffic sign", "object", (220, 220, 0)),
    ("vegetation", "nature", (107, 142, 35)),
    ("terrain", "nature", (152, 251, 152)),
    ("sky", "sky", (70, 130, 180)),
    ("person", "human", (220, 20, 60)),
    ("rider", "human", (255, 0, 0)),
    ("car", "vehicle", (0, 0, 142)),
    ("truck", "vehicle", (0, 0, 70)),
    ("bus", "vehicle", (0, 60, 100)),
    ("caravan", "vehicle", (0, 0, 90)),
    ("trailer", "vehicle", (0, 0, 110)),
    ("train", "vehicle", (0, 80, 100)),
    ("motorcycle", "vehicle", (0, 0, 230)),
    ("bicycle", "vehicle", (119, 11, 32)),
)
"""Name, category and colour of each label, in the order of their ids."""

# Chosen one after the other, each as far as possible from those before it in CIELAB, as people
# with normal sight, protanopia and deuteranopia see it (simulated as in Machado, Oliveira and
# Fernandes, "A Physiologically-based Model for Simulation of Color Vision Deficiency", 2009).
_SAFE_COLORS: dict[str, str] = {
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

_NOT_SCORED = {
    "parking",
    "rail track",
    "guard rail",
    "bridge",
    "tunnel",
    "polegroup",
    "caravan",
    "trailer",
}
"""Beside those of the category void, which carry no class at all."""


def _label(id_: int, name: str, category: str, color: Color) -> Label:
    safe = _SAFE_COLORS.get(name)
    return Label(
        id_,
        name,
        color,
        None if safe is None else color_of(safe),
        category,
        is_scored=category != VOID and name not in _NOT_SCORED,
        is_void=category == VOID,
    )


CITYSCAPES = LabelSpace(
    "cityscapes",
    "cityscapes-19-present",
    tuple(_label(id_, *row) for id_, row in enumerate(_TABLE)),
)
"""Its train ids 0 to 18 are the places of the scored labels, in their order."""

IDS = CITYSCAPES.ids
