"""Images and masks as PNG, without loss."""

import io
from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin

from segcore.images.decoding import UNREADABLE_ERRORS

MAKER = "segmentation studio"
"""In the PNG keyword `Software` of a file that may be made again."""


def encode_png(array: np.ndarray, signed: bool = False) -> bytes:
    """PNG of (H, W) or (H, W, 3) uint8.

    Args:
        signed: so that `is_signed` knows the file again.
    """
    buffer = io.BytesIO()
    info = PngImagePlugin.PngInfo()
    if signed:
        info.add_text("Software", MAKER)
    Image.fromarray(array).save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


def is_signed(path: Path) -> bool:
    """Whether a file is a PNG that was made here, signed."""
    try:
        with Image.open(path, formats=("PNG",)) as picture:
            return picture.info.get("Software") == MAKER
    except UNREADABLE_ERRORS:
        return False
