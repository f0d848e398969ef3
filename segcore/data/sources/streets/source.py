"""The built-in data set `streets`: rendered scenes with exact masks, no download."""

import hashlib

import numpy as np

from segcore.data.sources.base import Item, Sample
from segcore.data.sources.streets.scene import SCENES_PER_TOWN, render_scene
from segcore.errors import DataError
from segcore.images.resizing import Size
from segcore.labels import CITYSCAPES, LabelSpace
from segcore.labels.merges import Merges

RENDERER_VERSION = "2"
"""Change it whenever any pixel of any scene changes: prepared data is cached by it."""

TOWNS_PER_SPLIT = 10
SCENES = {"train": 600, "val": 120, "test": 120}
FIRST_TOWN = {"train": 0, "val": 100, "test": 200}


class StreetsSource:
    """Street scenes in three splits; each split has its own towns, a town is a sequence."""

    name = "streets"
    spec = "streets"
    default_size: Size = (256, 512)
    splits: tuple[str, ...] = tuple(SCENES)
    label_space: LabelSpace = CITYSCAPES
    merges: Merges | None = None

    def items(self, split: str) -> list[Item]:
        """The split's items by key; Raises DataError where there is no such split."""
        if split not in SCENES:
            raise DataError(f"streets has no {split} split; it has {', '.join(self.splits)}.")
        return [
            Item(f"{split}-{i:04d}", f"town-{self._town(split, i):02d}", None, None)
            for i in range(SCENES[split])
        ]

    def read(self, item: Item) -> Sample:
        """Render the scene at `default_size`."""
        image, mask = self._render(item)
        return Sample(item.key, item.sequence, image, mask)

    def read_mask(self, item: Item) -> np.ndarray:
        return self._render(item)[1]

    def _render(self, item: Item) -> tuple[np.ndarray, np.ndarray]:
        split, _, number = item.key.rpartition("-")
        index = int(number)
        seed = (FIRST_TOWN[split] + self._town(split, index)) * SCENES_PER_TOWN
        return render_scene(seed + index // TOWNS_PER_SPLIT, self.default_size)

    def fingerprint(self, split: str) -> str:
        text = f"streets {RENDERER_VERSION} {split} {SCENES[split]} {self.default_size}"
        return hashlib.sha256(text.encode()).hexdigest()

    @staticmethod
    def _town(split: str, index: int) -> int:
        """Towns take turns, so that the first few items already show several."""
        return index % TOWNS_PER_SPLIT
