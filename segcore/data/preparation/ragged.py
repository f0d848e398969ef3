"""Images of several sizes in one array of bytes, read by index as an array of images is."""

from collections.abc import Sequence

import numpy as np

from segcore.images.resizing import Size
from segcore.labels import ClassMap


class Ragged:
    """Images or masks one after the other: `len(ragged)`, `ragged[i]`.

    Args:
        flat: (total,) uint8, memory-mapped or not.
        sizes: (height, width) of each.
        channels: (3,) for images, () for masks.
    """

    def __init__(self, flat: np.ndarray, sizes: Sequence[Size], channels: tuple[int, ...]) -> None:
        self._flat = flat
        self._shapes = [(*size, *channels) for size in sizes]
        self._ends = np.cumsum([int(np.prod(shape)) for shape in self._shapes])
        if len(flat) != self._ends[-1]:
            raise ValueError("holds other images than its sizes say")

    @property
    def data(self) -> memoryview:
        """All of the bytes."""
        return self._flat.data

    def __len__(self) -> int:
        return len(self._shapes)

    def __getitem__(self, index: int) -> np.ndarray:
        """(H, W, 3) or (H, W) uint8; raises IndexError past the end."""
        shape, end = self._shapes[index], int(self._ends[index])
        found: np.ndarray = self._flat[end - int(np.prod(shape)) : end]
        return found.reshape(shape)


class Relabelled:
    """Masks seen in other classes, each when it is read."""

    def __init__(self, masks: "Images", classes: ClassMap) -> None:
        self._masks, self._classes = masks, classes

    @property
    def data(self) -> memoryview:
        """All of the bytes as they lie there: the data are the same, however they are seen."""
        return self._masks.data

    def __len__(self) -> int:
        return len(self._masks)

    def __getitem__(self, index: int) -> np.ndarray:
        """(H, W) uint8; raises IndexError past the end."""
        return self._classes.mask(np.asarray(self._masks[index]))


Images = np.ndarray | Ragged | Relabelled
"""(N, H, W, 3) or (N, H, W) uint8, or as many of sizes of their own."""
