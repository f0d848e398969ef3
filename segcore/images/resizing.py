"""Resizing images and masks, both about the same centres."""

import numpy as np
from PIL import Image

Size = tuple[int, int]
"""(height, width) in pixels."""


def resize_image(image: np.ndarray, size: Size) -> np.ndarray:
    """(H, W, 3) uint8 -> (*size, 3) uint8, (height, width), antialiased: means of whole blocks of
    pixels where they make that size, a sixth of the time; bilinear else."""
    height, width = image.shape[:2]
    if (height, width) == size:
        return image
    if height % size[0] == 0 and width % size[1] == 0:
        return np.asarray(Image.fromarray(image).reduce((width // size[1], height // size[0])))
    # From four times the size on whole pixels are averaged first: two thirds of the time, and no
    # value that differs by more than a few levels.
    resized = Image.fromarray(image).resize(
        (size[1], size[0]), Image.Resampling.BILINEAR, reducing_gap=2.0
    )
    return np.asarray(resized)


def resize_labels(mask: np.ndarray, size: Size) -> np.ndarray:
    """(H, W) uint8 label ids -> size, (height, width), by the nearest pixel: no id is mixed.

    Where a new pixel's centre lies between two or four old ones, as everywhere at half the size,
    the label that most of them have is taken; of equally many the one that is rarer in the mask,
    so that thin objects stay. To take always the right or lower one would move the mask against
    its image, by a quarter of a pixel at half the size.
    """
    if mask.shape == size:
        return mask
    rows, columns = (_nearest(old, new) for old, new in zip(mask.shape, size, strict=True))
    picture = Image.fromarray(mask)
    if len(rows) == len(columns) == 1:
        return np.asarray(picture.resize((size[1], size[0]), Image.Resampling.NEAREST))
    by_count = np.argsort(picture.histogram(), kind="stable").astype(np.uint8)
    ranked = np.asarray(picture.point(np.argsort(by_count).tolist()))
    candidates = [ranked[row].take(column, axis=1) for row in rows for column in columns]
    return by_count[_most_frequent(candidates)]


def nearest(values: np.ndarray, size: Size) -> np.ndarray:
    """(H, W) of any dtype -> size, (height, width), each value that of the nearest pixel; of two
    equally near ones the right or lower one."""
    rows, columns = (_nearest(old, new)[-1] for old, new in zip(values.shape, size, strict=True))
    return values[np.ix_(rows, columns)]


def _nearest(old: int, new: int) -> list[np.ndarray]:
    """For each new pixel the index of the old one that its centre lies in; where some lie between
    two, the indices of those before and of those after the centres."""
    centers = (2 * np.arange(new) + 1) * old  # in 2 * new-ths of an old pixel
    before, after = (centers - 1) // (2 * new), centers // (2 * new)
    return [after] if np.array_equal(before, after) else [before, after]


def _most_frequent(candidates: list[np.ndarray]) -> np.ndarray:
    """The most frequent value of two or four equally shaped arrays, elementwise; the lowest of
    equally frequent ones."""
    if len(candidates) == 2:
        return np.minimum(*candidates)
    a, b, c, d = candidates
    (a, b), (c, d) = _sorted(a, b), _sorted(c, d)
    (a, c), (b, d) = _sorted(a, c), _sorted(b, d)
    b, c = _sorted(b, c)
    repeated = np.where(c == d, c, a)
    repeated = np.where(b == c, b, repeated)
    return np.where(a == b, a, repeated)


def _sorted(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.minimum(a, b), np.maximum(a, b)
