"""Shuffled, augmented training batches, the same for the same seed and epoch."""

import os

import keras
import numpy as np

from segcore.learning.augmentation import augment
from segcore.recipes import Augmentation

Size = tuple[int, int]


class TrainingBatches(keras.utils.PyDataset):
    """One epoch of batches.

    Order and augmentation follow from (seed, epoch, place), never from what was drawn before: so
    a resumed training sees the very batches that the uninterrupted one would have seen.

    Args:
        images: (N, H, W, 3) uint8 RGB, memory-mapped or not.
        masks: (N, H, W) uint8 label ids.
        crop: (height, width) of what is cut from each picture, None for whole pictures.
        steps: batches an epoch, None for one pass over the pictures (the last may be smaller).
        outputs: names of the model's outputs; each gets the same masks as its target.

    An item is (images (B, h, w, 3) uint8, {output: masks (B, h, w) uint8}).
    """

    def __init__(
        self,
        images: np.ndarray,
        masks: np.ndarray,
        *,
        augmentation: Augmentation,
        crop: Size | None,
        batch_size: int,
        steps: int | None,
        outputs: list[str],
        seed: int,
        epoch: int,
    ) -> None:
        # Pillow and NumPy let other threads run: on a GPU's machine all cores are needed.
        workers = os.cpu_count() or 1
        super().__init__(workers=workers, max_queue_size=workers + 6)
        self.images, self.masks = images, masks
        self.augmentation, self.crop = augmentation, crop
        self.batch_size, self.outputs = batch_size, outputs
        self.seed, self.epoch = seed, epoch
        self.steps = steps or -(-len(images) // batch_size)
        self.order = self._draw_order(self.steps * batch_size if steps else len(images))

    def _draw_order(self, count: int) -> np.ndarray:
        """Indices of `count` pictures: whole shuffled passes, so that none is seen too often."""
        random = np.random.default_rng([self.seed, self.epoch])
        passes = -(-count // len(self.images))
        order = [random.permutation(len(self.images)) for _ in range(passes)]
        return np.concatenate(order)[:count]

    def __len__(self) -> int:
        return self.steps

    def __getitem__(self, step: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        first = step * self.batch_size
        views = [
            augment(
                np.asarray(self.images[index]),
                np.asarray(self.masks[index]),
                self.augmentation,
                self.crop,
                np.random.default_rng([self.seed, self.epoch, first + place]),
            )
            for place, index in enumerate(self.order[first : first + self.batch_size])
        ]
        images = np.stack([image for image, _ in views])
        masks = np.stack([mask for _, mask in views])
        return images, dict.fromkeys(self.outputs, masks)
