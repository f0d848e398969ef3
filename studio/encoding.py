"""Images as addresses that a browser loads."""

import base64
import io
import zlib
from functools import cache

import numpy as np
from PIL import Image

from segcore.labels.space import Color

QUALITIES = (90, 80, 65, 45)
"""JPEG qualities, from 0 to 95."""


def jpeg(image: np.ndarray, quality: int = QUALITIES[0]) -> bytes:
    """(H, W, 3) uint8 as a file."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def jpeg_address(image: np.ndarray, most_bytes: int | None = None) -> str:
    """(H, W, 3) uint8 as the address of a JPEG, as good as fits into so many bytes."""
    for quality in QUALITIES:
        data = jpeg(image, quality)
        if most_bytes is None or len(data) <= most_bytes:
            break
    return _data_url(data, "jpeg")


def grey_png(values: np.ndarray) -> str:
    """(H, W) uint8 as the address of a grey PNG, which masks.js reads."""
    return _png_address(values)


@cache
def swatch(color: Color) -> str:
    """A small square in a label's colour, as an image address for tables."""
    return _png_address(np.full((16, 16, 3), color, np.uint8))


def _png_address(pixels: np.ndarray) -> str:
    buffer = io.BytesIO()
    # Runs alone: as small as with zlib's search for repeats, in a third of its time.
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=1, compress_type=zlib.Z_RLE)
    return _data_url(buffer.getvalue(), "png")


def _data_url(data: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
