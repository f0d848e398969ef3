"""Shuffled, augmented training batches, the same for the same seed and epoch."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np

from segcore.data.preparation.ragged import Images
from segcore.images.resizing import Size
from segcore.recipes import Augmentation
from segcore.training.augmentation import augment


@dataclass(frozen=True, eq=False)
class Pictures:
    """What is drawn from one data set.

    Attributes:
        images: (N, H, W, 3) uint8 RGB, memory-mapped or not, or as many of sizes of their own.
        masks: (N, H, W) uint8 label ids.
        chosen: the indices that are drawn.
        encoder: (256,) uint8 table that masks are put through; None leaves them as they are.
    """

    images: Images
    masks: Images
    chosen: np.ndarray
    encoder: np.ndarray | None = None

    @classmethod
    def all(cls, images: Images, masks: Images) -> "Pictures":
        return cls(images, masks, np.arange(len(images)))


class TrainingBatches(keras.utils.PyDataset):
    """One epoch of batches.

    Order and augmentation follow from (seed, epoch, place), never from what was drawn before: so
    a resumed training sees the very batches that the uninterrupted one would have seen.

    Args:
        pictures: of each data set; they take turns in a batch.
        crop: (height, width) of what is cut from each image, None for whole images of one size.
        steps: batches an epoch, None for one pass over the images (the last may be smaller).
        outputs: names of the model's outputs; each gets the same masks as its target.

    An item is (images (B, h, w, 3) uint8, {output: masks (B, h, w) uint8}).
    """

    def __init__(
        self,
        pictures: Sequence[Pictures],
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
        self.pictures = pictures
        self.augmentation, self.crop = augmentation, crop
        self.batch_size, self.outputs = batch_size, outputs
        self.seed, self.epoch = seed, epoch
        total = sum(len(one.chosen) for one in pictures)
        self.steps = steps or -(-total // batch_size)
        self.order = self._draw_order(self.steps * batch_size if steps else total)

    def _draw_order(self, count: int) -> list[tuple[int, int]]:
        """Data set and index of `count` images: whole shuffled passes over each data set, so that
        no image is seen too often."""
        random = np.random.default_rng([self.seed, self.epoch])
        turns = len(self.pictures)
        of_each = [self._passes(one.chosen, -(-count // turns), random) for one in self.pictures]
        return [
            (place % turns, int(of_each[place % turns][place // turns])) for place in range(count)
        ]

    @staticmethod
    def _passes(chosen: np.ndarray, count: int, random: np.random.Generator) -> np.ndarray:
        passes = -(-count // len(chosen))
        return np.concatenate([chosen[random.permutation(len(chosen))] for _ in range(passes)])

    def __len__(self) -> int:
        return self.steps

    def __getitem__(self, step: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        first = step * self.batch_size
        chosen = self.order[first : first + self.batch_size]
        views = [self._view(*picture, first + place) for place, picture in enumerate(chosen)]
        images = np.stack([image for image, _ in views])
        masks = np.stack([mask for _, mask in views])
        return images, dict.fromkeys(self.outputs, masks)

    def _view(self, data_set: int, index: int, place: int) -> tuple[np.ndarray, np.ndarray]:
        pictures = self.pictures[data_set]
        image, mask = augment(
            np.asarray(pictures.images[index]),
            np.asarray(pictures.masks[index]),
            self.augmentation,
            self.crop,
            np.random.default_rng([self.seed, self.epoch, place]),
        )
        return image, mask if pictures.encoder is None else pictures.encoder[mask]
