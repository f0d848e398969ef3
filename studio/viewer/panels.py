"""What the linked viewer shows of an image: itself, truth, predictions and maps of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from segcore.evaluation import outcomes
from segcore.labels import LabelSpace
from segcore.presentation.run_colors import RUN_A, RUN_B, TRUTH

Side = Literal["photo", "truth", "a", "b", "outcomes", "differences"]

NEUTRAL = "rgb(128 128 128 / 35%)"

ACCENTS: dict[Side, str] = {
    "photo": NEUTRAL,
    "truth": TRUTH,
    "a": RUN_A,
    "b": RUN_B,
    "outcomes": NEUTRAL,
    "differences": NEUTRAL,
}
SMALLEST_SHARE = 0.0005
"""Labels below this share of an image are not worth a line in its legend."""

Meaning = tuple[tuple[str, str | None], ...]
"""What the values 0, 1, ... of a map mean, and their colours; None is clear."""

OUTCOMES: Meaning = (
    ("both right", "#2c9c6a"),
    ("only A right", RUN_A),
    ("only B right", RUN_B),
    ("both wrong", "#c2304f"),
    ("not scored", None),
)
RIGHT: Meaning = (("right", "#2c9c6a"), ("wrong", "#c2304f"), ("not scored", None))
DIFFERENCES: Meaning = (("different labels", "#e5007d"), ("the same label", None))


@dataclass(frozen=True, eq=False)
class Frame:
    """A panel's mask after an epoch of a training.

    Attributes:
        mask: (h, w) uint8 label ids of the whole image, at any size.
        note: as a panel's.
    """

    epoch: int
    mask: np.ndarray
    note: str


@dataclass(frozen=True, eq=False)
class Panel:
    """One panel.

    Attributes:
        side: whose it is; gives the panel its colour.
        title: its heading.
        mask: (H, W) uint8 label ids, or values of a map; None shows the image alone.
        confidence: (h, w) float32 from 0 to 1, over the same image at any size.
        entropy: as `confidence`.
        meaning: of the mask's values, where it is a map. Of several maps one is shown.
        note: a few words at the right of the heading.
        pending: what the panel waits for, shown over the image.
        frames: masks that are shown one after another; `mask` is the last.
    """

    side: Side
    title: str
    mask: np.ndarray | None = None
    confidence: np.ndarray | None = None
    entropy: np.ndarray | None = None
    meaning: Meaning = ()
    note: str = ""
    pending: str = ""
    frames: tuple[Frame, ...] = ()


def outcome_panel(truth: np.ndarray, masks: Sequence[np.ndarray], space: LabelSpace) -> Panel:
    """Where one mask (H, W) uint8 is right, or which of two is."""
    if len(masks) == 1:
        found = outcomes.right_map(truth, masks[0], space)
        return Panel("outcomes", "Where it is right", found, meaning=RIGHT)
    a, b = masks
    found = outcomes.outcome_map(truth, a, b, space)
    return Panel("outcomes", "Who is right", found, meaning=OUTCOMES)


def difference_panels(masks: Sequence[np.ndarray]) -> list[Panel]:
    """Where two masks (H, W) differ; none of a single one."""
    if len(masks) == 1:
        return []
    a, b = masks
    same = (a == b).astype(np.uint8)
    return [Panel("differences", "Where they differ", same, meaning=DIFFERENCES)]


def shown_labels(panels: Sequence[Panel], space: LabelSpace) -> list[int]:
    """Ids of the labels worth a line in the legend, the largest first; none without a colour."""
    masks = [panel.mask for panel in panels if panel.mask is not None and not panel.meaning]
    masks += [frame.mask for panel in panels for frame in panel.frames]
    if not masks:
        return []
    largest = np.max([outcomes.label_shares(mask) for mask in masks], axis=0)
    ids = [int(id_) for id_ in np.argsort(-largest) if largest[id_] >= SMALLEST_SHARE]
    return [id_ for id_ in ids if any(space.by_id[id_].color)]
