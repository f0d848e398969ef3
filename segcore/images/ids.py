"""Untrusted masks of ids: PNG files with a number for each pixel, and no colours."""

import io

import numpy as np
from PIL import Image, UnidentifiedImageError

from segcore.errors import ImageError
from segcore.images import limits
from segcore.images.decoding import MEGAPIXEL, UNREADABLE_ERRORS, require_within_limits

SCALED = {"L;2": 85, "L;4": 17}
"""Pillow's name of a packing of samples -> the factor by which it fills 8 bits."""

LARGEST = 255
NAME = "The mask"


def decode_ids(data: bytes) -> np.ndarray:
    """(H, W) uint8: the numbers that a PNG file holds, grey ones or the indices of a palette.

    A palette of greys is how a tool packs grey numbers: then the greys are the numbers.

    Raises:
        ImageError: it is none, damaged, beyond the limits of `limits`, or holds colours.
    """
    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as picture:
            require_within_limits(picture, NAME)
            packing = packing_of(picture)
            picture.load()
            values = _values(picture, packing)
    except UnidentifiedImageError as error:
        raise ImageError(f"{NAME} is no PNG file: save it as one.") from error
    except Image.DecompressionBombError as error:
        most = limits.MAX_PIXELS // MEGAPIXEL
        raise ImageError(f"{NAME} has more than {most} megapixels: make it smaller.") from error
    except UNREADABLE_ERRORS as error:
        raise ImageError(f"{NAME} is damaged or incomplete: save it again.") from error
    if values.max() > LARGEST:
        raise ImageError(f"{NAME} holds the id {values.max()}: ids go up to {LARGEST}.")
    return values.astype(np.uint8)


def packing_of(picture: Image.Image) -> str:
    """Pillow's name of how the file packs its samples, known before they are loaded."""
    tiles = getattr(picture, "tile", None)
    arguments = tiles[0].args if tiles else ""
    return str(arguments if isinstance(arguments, str) else arguments[0])


def _values(picture: Image.Image, packing: str) -> np.ndarray:
    if picture.mode == "P":
        indices = np.asarray(picture)
        palette = np.array(picture.getpalette("RGB") or [], np.uint8).reshape(-1, 3)
        used = palette[np.flatnonzero(np.bincount(indices.ravel()))]
        is_grey = (used == used[:, :1]).all() and len({*used[:, 0].tolist()}) == len(used)
        return palette[indices, 0] if is_grey else indices
    if picture.mode in ("1", "L", "I", "I;16", "I;16B"):
        return np.asarray(picture).astype(np.int32) // SCALED.get(packing, 1)
    raise ImageError(f"{NAME} holds colours: save it with the id of a class for each pixel.")
