"""Random changes of a training image, the same for image and mask.

Pillow and NumPy on the CPU, one generator a sample: the result depends on the seed alone, not on
the backend, the number of threads, or the order in which samples are made.
"""

import functools
import io
import math

import numpy as np
from PIL import Image, ImageFilter

from segcore.images.resizing import Size
from segcore.labels import NO_LABEL
from segcore.recipes import Augmentation


def augment(
    image: np.ndarray,
    mask: np.ndarray,
    augmentation: Augmentation,
    crop: Size | None,
    random: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """One random view of a sample.

    Args:
        image: (H, W, 3) uint8 RGB.
        mask: (H, W) uint8 label ids.
        crop: (height, width) of the result, or None for the sample's own size.

    Returns:
        Image and mask of that size; where a view reaches over the edge of the image the image
        is mid-grey and the mask 255.
    """
    picture, labels = Image.fromarray(image), Image.fromarray(mask)
    if augmentation.rotation:
        picture, labels = _rotate(picture, labels, augmentation.rotation, random)
    if augmentation.scale or crop:
        picture, labels = _zoom_and_crop(picture, labels, augmentation, crop or mask.shape, random)
    if augmentation.flip and random.random() < 0.5:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        labels = labels.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return _change_colors(picture, augmentation, random), np.asarray(labels)


GREY = (124, 124, 124)


def _rotate(
    picture: Image.Image, labels: Image.Image, largest: float, random: np.random.Generator
) -> tuple[Image.Image, Image.Image]:
    angle = random.uniform(-largest, largest)
    return (
        picture.rotate(angle, Image.Resampling.BILINEAR, fillcolor=GREY),
        labels.rotate(angle, Image.Resampling.NEAREST, fillcolor=NO_LABEL),
    )


def _zoom_and_crop(
    picture: Image.Image,
    labels: Image.Image,
    augmentation: Augmentation,
    crop: tuple[int, ...],
    random: np.random.Generator,
) -> tuple[Image.Image, Image.Image]:
    height, width = crop
    low, high = augmentation.scale or (1.0, 1.0)
    scale = math.exp(random.uniform(math.log(low), math.log(high)))
    stretch = math.exp(random.uniform(-1, 1) * augmentation.aspect / 2)
    scale_x, scale_y = scale * stretch, scale / stretch

    # The window in the image's own pixels; it may be larger than the image.
    window_x, window_y = width / scale_x, height / scale_y
    left = _offset(picture.width, window_x, random)
    top = _offset(picture.height, window_y, random)
    box = (
        max(left, 0.0),
        max(top, 0.0),
        min(left + window_x, picture.width),
        min(top + window_y, picture.height),
    )
    x0, y0 = round((box[0] - left) * scale_x), round((box[1] - top) * scale_y)
    x1, y1 = round((box[2] - left) * scale_x), round((box[3] - top) * scale_y)
    size = (max(x1 - x0, 1), max(y1 - y0, 1))
    view = picture.resize(size, Image.Resampling.BILINEAR, box=box)
    view_labels = labels.resize(size, Image.Resampling.NEAREST, box=box)
    if size == (width, height):
        return view, view_labels
    canvas = Image.new("RGB", (width, height), GREY)
    canvas_labels = Image.new("L", (width, height), NO_LABEL)
    canvas.paste(view, (x0, y0))
    canvas_labels.paste(view_labels, (x0, y0))
    return canvas, canvas_labels


def _offset(length: int, window: float, random: np.random.Generator) -> float:
    """Where the window starts: anywhere inside, or, where it is larger, anywhere around."""
    return random.uniform(min(0.0, length - window), max(0.0, length - window))


def _change_colors(
    picture: Image.Image, augmentation: Augmentation, random: np.random.Generator
) -> np.ndarray:
    if augmentation.cast or augmentation.gamma:
        picture = picture.point(_tone_curves(augmentation, random))
    colors = _color_matrix(picture, augmentation, random)
    if colors is not None:
        picture = picture.convert("RGB", tuple(colors[:3].ravel()))
    if augmentation.grey and random.random() < augmentation.grey:
        picture = picture.convert("L").convert("RGB")
    if augmentation.blur and random.random() < 0.5:
        picture = picture.filter(ImageFilter.GaussianBlur(random.uniform(0, augmentation.blur)))
    image = np.asarray(picture)
    if augmentation.shade:
        shade = 1 + augmentation.shade * random.uniform(-1, 1) * _gradient(image.shape[:2], random)
        image = np.clip(image * shade[..., None] + 0.5, 0, 255).astype(np.uint8)
    if augmentation.noise:
        deviation = random.uniform(0, augmentation.noise)
        noise = _standard_normal(image.shape, random) * np.float32(deviation)
        image = np.rint(np.clip(image + noise, 0, 255)).astype(np.uint8)
    if augmentation.jpeg and random.random() < 0.5:
        image = _compressed(image, int(random.integers(augmentation.jpeg, 96)))
    return image


def _tone_curves(augmentation: Augmentation, random: np.random.Generator) -> list[int]:
    """A table of 256 values for each channel: gamma, the channels a little apart, then gains."""
    shared = random.uniform(-augmentation.gamma, augmentation.gamma)
    apart = random.uniform(-1, 1, 3) * augmentation.gamma / 4
    gains = np.exp(random.uniform(-augmentation.cast, augmentation.cast, 3))
    levels = np.arange(256) / 255
    curves = gains[:, None] * levels ** np.exp(shared + apart)[:, None]
    return [int(value) for value in np.clip(curves * 255 + 0.5, 0, 255).ravel()]


def _gradient(size: Size, random: np.random.Generator) -> np.ndarray:
    """(H, W) float32 from -1 to 1: along a direction, or from the middle out, as lenses darken."""
    y, x = (np.linspace(-1, 1, side, dtype=np.float32) for side in size)
    if random.random() < 0.5:
        angle = random.uniform(0, 2 * math.pi)
        plane = math.sin(angle) * y[:, None] + math.cos(angle) * x
    else:
        plane = y[:, None] ** 2 + x**2 - 1
    return plane / np.abs(plane).max()


def _compressed(image: np.ndarray, quality: int) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


LUMA = np.array([0.299, 0.587, 0.114])
"""Weights of R, G and B in brightness (ITU-R BT.601)."""

YIQ = np.array([LUMA, [0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]])
"""RGB -> brightness and two axes of colour, around which hue turns (NTSC, FCC 47 CFR 73.682)."""


def _color_matrix(
    picture: Image.Image, augmentation: Augmentation, random: np.random.Generator
) -> np.ndarray | None:
    """Brightness, contrast and saturation in random order, then hue, as one (4, 4) matrix for
    (R, G, B, 1): one pass over the image instead of four. None where all of them are off.
    """
    strengths = {
        _brightened: augmentation.brightness,
        _contrasted: augmentation.contrast,
        _saturated: augmentation.saturation,
    }
    if not (any(strengths.values()) or augmentation.hue):
        return None
    mean = np.append(np.asarray(picture.resize((1, 1), Image.Resampling.BOX))[0, 0], 1.0)
    matrix = np.eye(4)
    for index in random.permutation(len(strengths)):
        change, strength = list(strengths.items())[index]
        if strength:
            matrix = change(random.uniform(1 - strength, 1 + strength), matrix @ mean) @ matrix
    if augmentation.hue:
        matrix = _turned(random.uniform(-augmentation.hue, augmentation.hue)) @ matrix
    return matrix


def _brightened(factor: float, mean: np.ndarray) -> np.ndarray:
    return np.diag([factor, factor, factor, 1.0])


def _contrasted(factor: float, mean: np.ndarray) -> np.ndarray:
    """Away from the image's mean brightness."""
    matrix = _brightened(factor, mean)
    matrix[:3, 3] = (1 - factor) * (LUMA @ mean[:3])
    return matrix


def _saturated(factor: float, mean: np.ndarray) -> np.ndarray:
    """Each pixel away from its own brightness."""
    matrix = np.eye(4)
    matrix[:3, :3] = factor * np.eye(3) + (1 - factor) * LUMA
    return matrix


def _turned(turn: float) -> np.ndarray:
    """Hue turned by a share of the colour circle, brightness kept."""
    angle = 2 * math.pi * turn
    rotation = np.eye(3)
    rotation[1:, 1:] = [
        [math.cos(angle), -math.sin(angle)],
        [math.sin(angle), math.cos(angle)],
    ]
    matrix = np.eye(4)
    matrix[:3, :3] = np.linalg.solve(YIQ, rotation @ YIQ)
    return matrix


NOISE_VALUES = 1 << 21


@functools.cache
def _noise() -> np.ndarray:
    """Normally distributed values; to draw new ones takes as long as all else that is done here."""
    return np.random.default_rng(0).standard_normal(NOISE_VALUES, np.float32)


def _standard_normal(shape: tuple[int, ...], random: np.random.Generator) -> np.ndarray:
    """A window of the values above, from a random place on; a larger image repeats them."""
    values, count = _noise(), math.prod(shape)
    if count > len(values):
        return np.resize(values, shape)
    start = int(random.integers(len(values) - count + 1))
    return values[start : start + count].reshape(shape)
