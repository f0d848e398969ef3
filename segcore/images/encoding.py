"""Pictures and masks as PNG, without loss."""

import io

import numpy as np
from PIL import Image


def encode_png(array: np.ndarray) -> bytes:
    """PNG of (H, W) or (H, W, 3) uint8."""
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, "PNG")
    return buffer.getvalue()
