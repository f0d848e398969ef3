"""A mask's colours laid over its image."""

import numpy as np

from segcore.labels import LabelSpace

OVERLAY_PIXELS = 1 << 19
"""Blended at once, so that a large photo does not stand in memory as floats."""


def overlay(image: np.ndarray, mask: np.ndarray, opacity: float, space: LabelSpace) -> np.ndarray:
    """The mask's colours over the image: (H, W, 3) uint8, opacity from 0 to 1.

    Pixels whose label has no colour (unlabelled, borders) keep the photograph.
    """
    has_color = space.palette.max(axis=1) > 0
    weights = np.where(has_color, np.float32(opacity), np.float32(0))
    result = np.empty_like(image)
    rows = max(1, OVERLAY_PIXELS // image.shape[1])
    for top in range(0, len(image), rows):
        part = slice(top, top + rows)
        weight = weights[mask[part]][..., None]
        result[part] = np.rint(image[part] * (1 - weight) + space.palette[mask[part]] * weight)
    return result
