"""From a network's size back to an image's own: labels, confidence and probabilities."""

from collections.abc import Iterator

import numpy as np

from segcore.images.resizing import Size

BLOCK_PIXELS = 1 << 17
"""Output pixels resized at once: what bounds the memory on a photo of any size."""


def top_class(
    scores: np.ndarray, winners: np.ndarray, peaks: np.ndarray, size: Size
) -> tuple[np.ndarray, np.ndarray]:
    """Top class and its probability after resizing the probabilities bilinearly to `size`.

    Where the four scores around an output pixel agree on their top class, that class is the result:
    no mixture of the four can rank another above it. Only the other pixels, along the edges of
    objects, need all classes interpolated. Works in blocks of rows, in bounded memory.

    Args:
        scores: (h, w, C) float32 probabilities that a network gives an image.
        winners, peaks: (h, w) uint8 labels of the highest of them, and its float32 value.
        size: (H, W) of the result.

    Returns:
        (H, W) uint8 labels, (H, W) float32 confidence.
    """
    if winners.shape == size:
        return np.ascontiguousarray(winners), np.ascontiguousarray(peaks)
    after = np.pad(winners, ((0, 1), (0, 1)), mode="edge")
    agreed = (winners == after[1:, :-1]) & (winners == after[:-1, 1:]) & (winners == after[1:, 1:])

    labels = np.empty(size, np.uint8)
    confidence = np.empty(size, np.float32)
    grid = Grid(scores.shape[:2], size)
    for rows in row_blocks(*size):
        labels[rows] = grid.nearest_low(winners, rows)
        confidence[rows] = grid.interpolate(peaks, rows)
        y, x = np.nonzero(~grid.nearest_low(agreed, rows))
        mixed = grid.interpolate_at(scores, y + rows.start, x)
        labels[y + rows.start, x] = mixed.argmax(axis=-1)
        confidence[y + rows.start, x] = mixed.max(axis=-1)
    return labels, confidence


def resized(scores: np.ndarray, size: Size) -> np.ndarray:
    """(B, h, w, C) -> (B, H, W, C) float32, bilinear."""
    if scores.shape[1:3] == size:
        return scores
    grid = Grid(scores.shape[1:3], size)
    return np.stack([grid.interpolate(image, slice(0, size[0])) for image in scores])


class Grid:
    """Bilinear sampling with half-pixel centres, edges repeated: from (h, w) to (H, W)."""

    def __init__(self, source: Size, target: Size) -> None:
        self.top, self.bottom, self.down = _taps(source[0], target[0])
        self.left, self.right, self.across = _taps(source[1], target[1])

    def nearest_low(self, plane: np.ndarray, rows: slice) -> np.ndarray:
        """The source pixel above and left of each output pixel: (h, w) -> (rows, W)."""
        sampled: np.ndarray = plane[self.top[rows]][:, self.left]
        return sampled

    def interpolate(self, array: np.ndarray, rows: slice) -> np.ndarray:
        """(h, w) or (h, w, C) -> (rows, W[, C]) float32."""
        trailing = (1,) * (array.ndim - 2)
        down = self.down[rows].reshape(-1, 1, *trailing)
        across = self.across.reshape(-1, *trailing)
        lines = _mix(array[self.top[rows]], array[self.bottom[rows]], down)
        return _mix(lines[:, self.left], lines[:, self.right], across)

    def interpolate_at(self, array: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
        """(h, w, C) at output pixels y, x, each (n,) -> (n, C) float32."""
        top, bottom, left, right = self.top[y], self.bottom[y], self.left[x], self.right[x]
        across = self.across[x][:, None]
        upper = _mix(array[top, left], array[top, right], across)
        lower = _mix(array[bottom, left], array[bottom, right], across)
        return _mix(upper, lower, self.down[y][:, None])


def _taps(source: int, target: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each target position the source index before it, after it, and the latter's weight."""
    position = ((np.arange(target) + 0.5) * (source / target) - 0.5).clip(0, source - 1)
    low = position.astype(np.intp)
    return low, np.minimum(low + 1, source - 1), (position - low).astype(np.float32)


def _mix(low: np.ndarray, high: np.ndarray, weight: np.ndarray) -> np.ndarray:
    mixed: np.ndarray = low + (high - low) * weight
    return mixed


def row_blocks(height: int, width: int) -> Iterator[slice]:
    rows = max(1, BLOCK_PIXELS // width)
    return (slice(start, min(start + rows, height)) for start in range(0, height, rows))
