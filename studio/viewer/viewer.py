"""An image and its masks on their way to the browser."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from segcore.images import nearest, resize_image, resize_labels
from segcore.labels import CITYSCAPES, LabelSpace
from studio.component import component
from studio.encoding import grey_png, jpeg_address
from studio.viewer.panels import ACCENTS, Panel, shown_labels

SHOWN_PIXELS = 2048 * 1024
"""Larger images are shown smaller; what is downloaded keeps its size."""

PHOTO_BYTES = 1_200_000
"""The masks of a large image take about as much; 3 MB in all are sent quickly enough."""

SCALAR_PIXELS = 1 << 18
"""Most pixels of a map of confidence or entropy: they change slowly and compress badly."""

SCRIPTS = (
    "masks.js",
    "viewer/choices.js",
    "viewer/drawing.js",
    "viewer/pointing.js",
    "viewer/epochs.js",
    "viewer/screen.js",
    "viewer/controls.js",
    "viewer/viewer.js",
)

_mount = component("viewer", *SCRIPTS)


def show_viewer(
    name: str,
    image: np.ndarray,
    panels: Sequence[Panel],
    space: LabelSpace,
    *,
    has_others: bool = False,
    in_address: bool = False,
) -> int:
    """Shows an image (H, W, 3) uint8 in every panel, seen through one view.

    Args:
        name: the same name keeps zoom, opacity and hidden classes when the image changes.
        space: of the masks' label ids.
        has_others: whether the arrow keys may ask for another image.
        in_address: whether the view stands in the page's address, for one viewer of a page.

    Returns:
        1 or -1 where the visitor asks for the next or the last image, else 0.
    """
    return show_payload(
        payload(name, image, panels, space, has_others=has_others, in_address=in_address)
    )


def show_payload(data: dict[str, Any]) -> int:
    """Shows what `payload` made, and returns as `show_viewer`."""
    result = _mount(key=data["name"], data=data, on_step_change=lambda: None)
    return int(result.step or 0)


def payload(
    name: str,
    image: np.ndarray,
    panels: Sequence[Panel],
    space: LabelSpace,
    *,
    has_others: bool = False,
    in_address: bool = False,
) -> dict[str, Any]:
    """All that the browser is sent, as JSON; arguments as `show_viewer`'s.

    Lists are tuples: in anything else Streamlit looks for data frames, and for that loads pandas,
    which would take as long as both networks need for the first image.
    """
    size = shown_size(*image.shape[:2])
    return {
        "name": name,
        "photo": jpeg_address(resize_image(image, size), PHOTO_BYTES),
        "panels": tuple(_panel(panel, size) for panel in panels),
        "labels": _labels(space),
        "palette": "Cityscapes" if space == CITYSCAPES else "Class colours",
        "legend": tuple(shown_labels(panels, space)),
        "hasOthers": has_others,
        "inAddress": in_address,
    }


@lru_cache(maxsize=16)
def _labels(space: LabelSpace) -> tuple[dict[str, Any], ...]:
    return tuple(
        {
            "id": label.id,
            "name": label.name,
            "color": label.hex_color if any(label.color) else None,
            "safe": label.safe_hex_color if any(label.color) else None,
        }
        for label in space.labels
    )


def shown_size(height: int, width: int) -> tuple[int, int]:
    """The size at which an image of (height, width) is sent to the browser."""
    return _within(SHOWN_PIXELS, height, width)


def _within(pixels: int, height: int, width: int) -> tuple[int, int]:
    scale = min(1.0, (pixels / (height * width)) ** 0.5)
    return max(1, round(height * scale)), max(1, round(width * scale))


def _panel(panel: Panel, size: tuple[int, int]) -> dict[str, Any]:
    return {
        "id": panel.side,
        "title": panel.title,
        "note": panel.note,
        "pending": panel.pending,
        "accent": ACCENTS[panel.side],
        "meaning": [{"name": words, "color": color} for words, color in panel.meaning],
        "mask": None if panel.mask is None else grey_png(resize_labels(panel.mask, size)),
        "confidence": _scalar_png(panel.confidence),
        "entropy": _scalar_png(panel.entropy),
        "frames": tuple(
            {"epoch": frame.epoch, "mask": grey_png(frame.mask), "note": frame.note}
            for frame in panel.frames
        ),
    }


def _scalar_png(values: np.ndarray | None) -> str | None:
    """(h, w) float32 from 0 to 1 in 256 steps; nearest pixels, so that each is one of the array."""
    if values is None:
        return None
    small = nearest(values, _within(SCALAR_PIXELS, *values.shape))
    return grey_png(np.rint(small * 255).astype(np.uint8))
