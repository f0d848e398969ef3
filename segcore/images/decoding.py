"""Decoding of untrusted images."""

import io
import struct
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pillow_heif
from PIL import Image, UnidentifiedImageError

from segcore.errors import ImageError
from segcore.images import limits, pixels

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

MEGAPIXEL = 1_000_000

# What Pillow warns of (odd metadata, many pixels) either ends in an ImageError or does no harm.
warnings.filterwarnings("ignore", module="PIL")
pillow_heif.register_heif_opener(thumbnails=False)


@dataclass(frozen=True, eq=False)
class Photo:
    """A decoded image.

    Attributes:
        image: (H, W, 3) uint8 RGB, upright.
        notes: what was done to it that its owner should know, in a few words each.
    """

    image: np.ndarray
    notes: tuple[str, ...] = ()


def decode_image(data: bytes | Path) -> np.ndarray:
    """(H, W, 3) uint8 RGB of an encoded image (bytes) or of a file (path), at its own size.

    Turned upright by its EXIF orientation; 16-bit tones are scaled to 8 bits; transparency lies on
    white; of an animation or a document of several pages the first frame counts. Raises
    ImageError, naming the file where there is one.
    """
    if not isinstance(data, Path):
        return decode_photo(data).image
    try:
        content = data.read_bytes()
    except OSError as error:
        raise ImageError(f"{data} cannot be read ({error.strerror}): check the path.") from error
    return decode_photo(content, name=str(data)).image


def decode_photo(
    data: bytes, kept_pixels: int = limits.MAX_PIXELS, name: str = "The image"
) -> Photo:
    """As `decode_image`, with what to say about it.

    Args:
        kept_pixels: an image with more is halved until it has no more, in a JPEG before it is
            decoded.
        name: what errors call it.

    Raises:
        ImageError: the file is no image, damaged, or beyond the limits of `limits`.
    """
    try:
        with Image.open(io.BytesIO(data), formats=limits.FORMATS) as picture:
            require_within_limits(picture, name)
            return _decoded(picture, kept_pixels)
    except UnidentifiedImageError as error:
        raise ImageError(
            f"{name} is in no format that can be read: use {limits.FORMATS_IN_WORDS}."
        ) from error
    except Image.DecompressionBombError as error:
        raise ImageError(
            f"{name} has more than {limits.MAX_PIXELS // MEGAPIXEL} megapixels: make it smaller."
        ) from error
    except MemoryError as error:
        raise ImageError(
            f"{name} takes more memory to decode than one may: make it smaller, or save it as JPEG."
        ) from error
    except UNREADABLE_ERRORS as error:
        raise ImageError(
            f"{name} is damaged or incomplete: save it again or replace it."
        ) from error


def image_suffixes() -> set[str]:
    """How names of files end that `decode_image` may read, such as `.jpg`."""
    return {end for end, kind in Image.registered_extensions().items() if kind in limits.FORMATS}


def expected_seconds(data: bytes) -> float:
    """What decoding will take of one core at most, by what the file says of itself; 0 for a file
    that will be refused."""
    try:
        with Image.open(io.BytesIO(data), formats=limits.FORMATS) as picture:
            width, height = picture.size
            slowest = max(limits.SECONDS_PER_MEGAPIXEL.values())
            rate = limits.SECONDS_PER_MEGAPIXEL.get(_kind(picture), slowest)
    except UNREADABLE_ERRORS:
        return 0.0
    return width * height / MEGAPIXEL * rate


def _kind(picture: Image.Image) -> str:
    """The format, where a kind of it is much slower than the rest by that kind."""
    if picture.format != "PNG":
        return str(picture.format)
    is_deep = any(
        "16" in str(tile) for tile in getattr(picture, "tile", ())
    ) or picture.mode.startswith("I")
    return limits.DEEP_PNG if is_deep or picture.info.get("interlace") else "PNG"


def require_within_limits(picture: Image.Image, name: str) -> None:
    """Looks at what the file says of itself, before any pixel is decoded."""
    width, height = picture.size
    size = f"{width}x{height} pixels"
    if width * height > limits.MAX_PIXELS:
        raise ImageError(
            f"{name} has {size}, more than {limits.MAX_PIXELS // MEGAPIXEL} megapixels: "
            "make it smaller."
        )
    kind = _kind(picture)
    most = limits.MAX_PIXELS_OF.get(kind, limits.MAX_PIXELS)
    if width * height > most:
        raise ImageError(
            f"{name} has {size}, more than {most // MEGAPIXEL} megapixels, the most for "
            f"{kind}: make it smaller, or save it as JPEG."
        )
    if max(width, height) > limits.MAX_RATIO * min(width, height):
        raise ImageError(
            f"{name} has {size}, longer than {limits.MAX_RATIO}:1: crop it to a part of the scene."
        )


def _decoded(picture: Image.Image, kept_pixels: int) -> Photo:
    notes = []
    frames = _count_frames(picture)
    if frames > 1:
        which = "the main one" if picture.format == "HEIF" else "the first"
        kind = "frames" if picture.format in ("PNG", "WEBP", "AVIF") else "images in the file"
        notes.append(f"{which} of {frames} {kind}")
    width, height = picture.size
    factor = 1
    while -(-width // factor) * -(-height // factor) > kept_pixels:
        factor *= 2
    if factor > 1:  # only a JPEG can be decoded at less than its size, to an eighth at least
        picture.draft(picture.mode, (width // factor, height // factor))
    factor = max(1, round(factor * picture.width / width))
    picture.load()
    if pixels.is_see_through(picture):
        notes.append("transparency shown on white")
    image = pixels.upright(pixels.to_rgb(picture, factor), _orientation(picture))
    if image.shape[0] * image.shape[1] < width * height:
        notes.append(f"reduced from {width}x{height}")
    return Photo(image, tuple(notes))


def _count_frames(picture: Image.Image) -> int:
    try:
        return int(getattr(picture, "n_frames", 1))
    except UNREADABLE_ERRORS:  # what comes after the first frame may be broken
        picture.seek(0)
        return 1


def _orientation(picture: Image.Image) -> int:
    try:
        return int(picture.getexif().get(pixels.ORIENTATION, 1))
    except UNREADABLE_ERRORS:  # an image with broken EXIF data is still an image
        return 1
