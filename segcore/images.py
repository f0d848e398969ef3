"""Decoding pictures nobody vouches for, resizing them, and writing masks without loss."""

import io
import os
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from segcore.errors import ImageError, StorageError
from segcore.labels import colorize, palette

FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP")
MAX_PIXELS = 64_000_000

UNREADABLE_ERRORS = (
    OSError,  # includes UnidentifiedImageError and truncated files
    ValueError,
    SyntaxError,  # what Pillow's PNG reader raises on a broken chunk
    EOFError,
    LookupError,
    TypeError,
    AttributeError,
    OverflowError,
    MemoryError,
    RuntimeError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Warning,  # where Python is told to raise them
)
"""All that Pillow is known to raise on files that are broken or made to harm."""

# What Pillow warns of (odd metadata, many pixels) either ends in an ImageError or does no harm.
warnings.filterwarnings("ignore", module="PIL")


def decode_image(data: bytes | Path) -> np.ndarray:
    """(H, W, 3) uint8 RGB of an encoded picture (bytes) or of a file (path).

    Turned upright by its EXIF orientation; 16-bit tones are scaled to 8 bits; transparency lies on
    white; of an animation or a document of several pages the first frame counts. Raises
    ImageError, naming the file where there is one.
    """
    name = "The picture"
    if isinstance(data, Path):
        name = str(data)
        try:
            data = data.read_bytes()
        except OSError as error:
            raise ImageError(
                f"{name} cannot be read ({error.strerror}): check the path."
            ) from error
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            width, height = picture.size
            if width * height > MAX_PIXELS:
                raise ImageError(
                    f"{name} has {width}x{height} pixels, more than {MAX_PIXELS // 1_000_000} "
                    "megapixels: make it smaller."
                )
            picture.load()
            return _to_rgb(_upright(picture))
    except UnidentifiedImageError as error:
        raise ImageError(
            f"{name} is no picture that can be read: use JPEG, PNG, WebP, TIFF or BMP."
        ) from error
    except Image.DecompressionBombError as error:
        raise ImageError(
            f"{name} has more than {MAX_PIXELS // 1_000_000} megapixels: make it smaller."
        ) from error
    except UNREADABLE_ERRORS as error:
        raise ImageError(
            f"{name} is damaged or incomplete: save it again or replace it."
        ) from error


def _upright(picture: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(picture)
    except UNREADABLE_ERRORS:  # a picture with broken EXIF data is still a picture
        return picture


def _to_rgb(picture: Image.Image) -> np.ndarray:
    if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):
        grey = _eight_bits(np.asarray(picture))
        return np.repeat(grey[..., None], 3, axis=2)
    if picture.has_transparency_data:
        layer = picture.convert("RGBA")
        white = Image.new("RGBA", layer.size, "white")
        picture = Image.alpha_composite(white, layer)
    return np.array(picture.convert("RGB"))


def _eight_bits(values: np.ndarray) -> np.ndarray:
    """Grey values of more than 8 bits -> uint8, by the least full scale that holds them.

    Whole numbers fill 16 bits or what they reach; floats fill 0 to 1, 8 bits, or those.
    """
    scales = [1.0, 255.0, 65535.0] if values.dtype.kind == "f" else [65535.0]
    values = np.nan_to_num(values.astype(np.float64), posinf=0.0, neginf=0.0)
    top = float(values.max())
    full = next((scale for scale in scales if top <= scale), top)
    return np.rint(values.clip(0, full) * (255.0 / full)).astype(np.uint8)


def resize_image(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(H, W, 3) uint8 -> (*size, 3) uint8, bilinear with antialiasing; size is (height, width)."""
    if image.shape[:2] == size:
        return image
    resized = Image.fromarray(image).resize((size[1], size[0]), Image.Resampling.BILINEAR)
    return np.asarray(resized)


def resize_labels(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(H, W) uint8 label ids -> size, (height, width), by the nearest pixel: no id is mixed."""
    if mask.shape == size:
        return mask
    resized = Image.fromarray(mask).resize((size[1], size[0]), Image.Resampling.NEAREST)
    return np.asarray(resized)


def fit_size(height: int, width: int, area_size: tuple[int, int], multiple: int) -> tuple[int, int]:
    """The size with the picture's own proportions and about the area of `area_size`.

    Both sides are multiples of `multiple`, as the network's strides need.
    """
    scale = (area_size[0] * area_size[1] / (height * width)) ** 0.5
    fitted_height, fitted_width = (
        max(1, round(side * scale / multiple)) * multiple for side in (height, width)
    )
    return fitted_height, fitted_width


def encode_png(array: np.ndarray) -> bytes:
    """PNG of (H, W) or (H, W, 3) uint8."""
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, "PNG")
    return buffer.getvalue()


def write_mask(path: Path, mask: np.ndarray) -> None:
    """Writes (H, W) uint8 label ids as a grey PNG, whole or not at all. Raises StorageError."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(encode_png(mask))
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise StorageError(f"{path} cannot be written ({error.strerror}).") from error


def overlay(image: np.ndarray, mask: np.ndarray, opacity: float) -> np.ndarray:
    """The mask's colours over the image: (H, W, 3) uint8, opacity from 0 to 1.

    Pixels whose label has no colour (unlabelled, borders) keep the photograph.
    """
    has_color = palette().max(axis=1) > 0
    weight = np.where(has_color, np.float32(opacity), np.float32(0))[mask][..., None]
    blended: np.ndarray = np.rint(image * (1 - weight) + colorize(mask) * weight)
    return blended.astype(np.uint8)
