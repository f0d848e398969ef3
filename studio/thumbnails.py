"""Thumbnails of samples and their masks, as they are sent to a browser."""

from dataclasses import dataclass

import numpy as np

from segcore.images import resize_image, resize_labels
from studio.encoding import grey_png, jpeg_address

WIDTH = 360
"""Width of a thumbnail in pixels."""


@dataclass(frozen=True)
class Thumbnail:
    """A sample as it is sent to the browser: addresses of a JPEG and of a grey PNG of label ids."""

    key: str
    photo: str
    mask: str | None
    ratio: float  # width over height


def make_thumbnail(key: str, image: np.ndarray, mask: np.ndarray | None) -> Thumbnail:
    """Makes the thumbnail of an image (H, W, 3) uint8 and its mask (H, W) uint8 of any size."""
    height, width = image.shape[:2]
    size = (max(1, round(height * WIDTH / width)), WIDTH)
    return Thumbnail(
        key,
        jpeg_address(resize_image(image, size)),
        None if mask is None else grey_png(resize_labels(mask, size)),
        width / height,
    )


def make_lit_thumbnail(key: str, image: np.ndarray, lit: np.ndarray) -> Thumbnail:
    """As `make_thumbnail`, for a mask of few pixels: none above 0 gets lost."""
    height, width = image.shape[:2]
    rows = np.arange(max(1, round(height * WIDTH / width))) * height
    starts = rows // len(rows), np.arange(WIDTH) * width // WIDTH
    shown = np.maximum.reduceat(np.maximum.reduceat(lit, starts[0], axis=0), starts[1], axis=1)
    return make_thumbnail(key, image, shown)
