"""Pixels of every mode that Pillow knows -> upright 8-bit RGB, in bounded memory."""

import io
from collections.abc import Callable, Iterator

import numpy as np
from PIL import Image, ImageCms

STRIP_PIXELS = 1 << 20
"""Pixels converted at once, so that a large photo is in memory once, not once per conversion."""

ORIENTATION = 0x0112
_UPRIGHT: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    2: lambda image: image[:, ::-1],
    3: lambda image: image[::-1, ::-1],
    4: lambda image: image[::-1],
    5: lambda image: image.swapaxes(0, 1),
    6: lambda image: image[::-1].swapaxes(0, 1),
    7: lambda image: image[::-1, ::-1].swapaxes(0, 1),
    8: lambda image: image[:, ::-1].swapaxes(0, 1),
}
"""EXIF orientation -> what turns the stored image upright; 1 is upright already."""

Flatten = Callable[[Image.Image], Image.Image]


def to_rgb(picture: Image.Image, factor: int = 1) -> np.ndarray:
    """A loaded image of any mode -> (ceil(H / factor), ceil(W / factor), 3) uint8 RGB.

    Grey of more than 8 bits keeps its tones, scaled to 8 bits; transparency lies on white; CMYK
    follows its profile where it has a usable one. The image stays as it is stored: `upright`
    turns it. Raises what Pillow raises on modes that have no RGB.
    """
    width, height = picture.size
    flatten = _flatten(picture)
    result = np.empty((-(-height // factor), -(-width // factor), 3), np.uint8)
    for top, strip in _strips(picture, factor):
        rgb = flatten(strip)
        if factor > 1:
            rgb = rgb.reduce(factor)
        result[top // factor : top // factor + rgb.height] = np.asarray(rgb)
    return result


def upright(image: np.ndarray, orientation: int) -> np.ndarray:
    """Turns (H, W, 3) as stored by its EXIF orientation; values outside 1 to 8 mean upright."""
    turn = _UPRIGHT.get(orientation)
    return image if turn is None else np.ascontiguousarray(turn(image))


def is_see_through(picture: Image.Image) -> bool:
    """Whether any pixel of a loaded image lets the background show."""
    if "A" in picture.getbands():
        return bool(np.asarray(picture.getchannel("A")).min() < 255)
    return picture.has_transparency_data


def _strips(picture: Image.Image, multiple: int) -> Iterator[tuple[int, Image.Image]]:
    """(first row, rows) of the image; each strip but the last a multiple of so many rows."""
    width, height = picture.size
    rows = max(1, STRIP_PIXELS // (width * multiple)) * multiple
    for top in range(0, height, rows):
        yield top, picture.crop((0, top, width, min(top + rows, height)))


def _flatten(picture: Image.Image) -> Flatten:
    """What turns a strip of the image into RGB."""
    if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):
        return _deep_grey(picture)
    if picture.has_transparency_data:
        return _on_white
    return _by_profile(picture) or (lambda strip: strip.convert("RGB"))


def _deep_grey(picture: Image.Image) -> Flatten:
    """Grey values of more than 8 bits -> 8, by the least full scale that holds the image.

    Whole numbers fill 16 bits or what they reach; floats fill 0 to 1, 8 bits, or those.
    """
    top = max(float(_finite(strip).max()) for _, strip in _strips(picture, 1))
    scales = [1.0, 255.0, 65535.0] if picture.mode == "F" else [65535.0]
    full = next((scale for scale in scales if top <= scale), top)

    def flatten(strip: Image.Image) -> Image.Image:
        tones = np.rint(_finite(strip).clip(0, full) * (255.0 / full)).astype(np.uint8)
        return Image.fromarray(tones).convert("RGB")

    return flatten


def _finite(strip: Image.Image) -> np.ndarray:
    return np.nan_to_num(np.asarray(strip).astype(np.float64), posinf=0.0, neginf=0.0)


def _on_white(strip: Image.Image) -> Image.Image:
    layer = strip.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")


def _by_profile(picture: Image.Image) -> Flatten | None:
    """Colours that mean nothing without a profile; None for those that RGB can say directly."""
    srgb = ImageCms.createProfile("sRGB")
    try:
        if picture.mode == "LAB":
            transform = ImageCms.buildTransform(
                ImageCms.createProfile("LAB"), srgb, picture.mode, "RGB"
            )
        elif picture.mode == "CMYK" and picture.info.get("icc_profile"):
            profile = io.BytesIO(picture.info["icc_profile"])
            transform = ImageCms.buildTransform(profile, srgb, picture.mode, "RGB")
        else:
            return None
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):  # a broken or foreign profile
        return None
    return lambda strip: _apply(transform, strip)


def _apply(transform: ImageCms.ImageCmsTransform, strip: Image.Image) -> Image.Image:
    try:
        converted = ImageCms.applyTransform(strip, transform)
    except ImageCms.PyCMSError as error:
        raise ValueError("a colour transform failed") from error
    assert converted is not None  # as it is only when done in place
    return converted
