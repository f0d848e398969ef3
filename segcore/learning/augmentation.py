"""Random changes of a training picture, the same for image and mask.

Pillow and NumPy on the CPU, one generator a sample: the result depends on the seed alone, not on
the backend, the number of threads, or the order in which samples are made.
"""

import math

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

from segcore.labels import NO_LABEL
from segcore.recipes import Augmentation

Size = tuple[int, int]


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
        Image and mask of that size; where a view reaches over the edge of the picture the image
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

    # The window in the picture's own pixels; it may be larger than the picture.
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
    enhancers = (
        (ImageEnhance.Brightness, augmentation.brightness),
        (ImageEnhance.Contrast, augmentation.contrast),
        (ImageEnhance.Color, augmentation.saturation),
    )
    for index in random.permutation(len(enhancers)):
        enhancer, strength = enhancers[index]
        if strength:
            picture = enhancer(picture).enhance(random.uniform(1 - strength, 1 + strength))
    if augmentation.hue:
        hue, saturation, value = picture.convert("HSV").split()
        turn = round(random.uniform(-augmentation.hue, augmentation.hue) * 255)
        hue = hue.point([(level + turn) % 256 for level in range(256)])
        picture = Image.merge("HSV", (hue, saturation, value)).convert("RGB")
    if augmentation.blur and random.random() < 0.5:
        picture = picture.filter(ImageFilter.GaussianBlur(random.uniform(0, augmentation.blur)))
    image = np.asarray(picture)
    if augmentation.noise:
        deviation = random.uniform(0, augmentation.noise)
        noise = random.standard_normal(image.shape, np.float32) * deviation
        image = np.clip(image + noise, 0, 255).astype(np.uint8)
    return image
