"""One picture with its masks, panels that move as one: a Streamlit component of version 2.

What a visitor does in it (zoom, opacity, hidden classes) happens in the browser; only asking for
another picture comes back to Python.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pages.shared.component import component, grey_png
from pages.shared.viewer import (
    ACCENTS,
    Meaning,
    Side,
    data_url,
    jpeg,
    shown_labels,
    shown_size,
)
from segcore.images import resize_image, resize_labels
from segcore.labels import LABELS, SAFE_COLORS

CONFIDENCE_PIXELS = 150_000
CONFIDENCE_STEPS = 32
"""How finely a confidence is sent: it is read as a number under the pointer, not looked at."""

_mount = component("linked_viewer", "masks.js", "linked_drawing.js", "linked_viewer.js")


@dataclass(frozen=True)
class Linked:
    """One panel.

    Attributes:
        side: whose it is; gives the panel its colour.
        mask: (H, W) uint8 label ids, an outcome map where `side` is "map", None for the photograph.
        confidence: (H, W) float32 from 0 to 1.
        note: a few words at the right of the heading.
    """

    side: Side
    title: str
    mask: np.ndarray | None = None
    confidence: np.ndarray | None = None
    note: str = ""


def show_linked(
    name: str,
    image: np.ndarray,
    panels: Sequence[Linked],
    meaning: Meaning,
    *,
    has_others: bool = False,
) -> int:
    """Shows an image (H, W, 3) uint8 in every panel.

    Args:
        name: the same name keeps zoom, opacity and hidden classes when the picture changes.
        meaning: of the values in the panel whose side is "map".
        has_others: whether the arrow keys may ask for another picture.

    Returns:
        1 or -1 where the visitor asks for the next or the last picture, else 0.
    """
    size = shown_size(*image.shape[:2])
    masks = [panel.mask for panel in panels if panel.mask is not None and panel.side != "map"]
    data = {
        "name": name,
        "photo": data_url(jpeg(resize_image(image, size)), "jpeg"),
        "panels": [_panel(panel, size) for panel in panels],
        "labels": [
            {
                "id": label,
                "name": LABELS[label].name,
                "color": LABELS[label].hex_color,
                "safe": SAFE_COLORS[LABELS[label].name],
            }
            for label in shown_labels(masks)
        ],
        "hasOthers": has_others,
        "meaning": [{"name": words, "color": color} for words, color in meaning],
    }
    result = _mount(key=name, data=data, on_step_change=lambda: None)
    return int(result.step or 0)


def _panel(panel: Linked, size: tuple[int, int]) -> dict[str, str | None]:
    confidence = panel.confidence
    if confidence is not None:
        height, width = confidence.shape
        scale = min(1.0, (CONFIDENCE_PIXELS / (height * width)) ** 0.5)
        small = resize_labels(
            np.rint(confidence * (CONFIDENCE_STEPS - 1)).astype(np.uint8),
            (max(1, round(height * scale)), max(1, round(width * scale))),
        )
        confidence = np.rint(small * (255 / (CONFIDENCE_STEPS - 1))).astype(np.uint8)
    return {
        "id": panel.side,
        "title": panel.title,
        "note": panel.note,
        "accent": ACCENTS[panel.side],
        "mask": None if panel.mask is None else grey_png(resize_labels(panel.mask, size)),
        "confidence": None if confidence is None else grey_png(confidence),
    }
