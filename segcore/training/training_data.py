"""What a training learns from and is validated on: its data sets, checked and counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from segcore.data.counts import class_weights
from segcore.data.preparation import Prepared, PreparedSplit
from segcore.errors import TrainingError
from segcore.images.resizing import Size
from segcore.labels import LabelSpace
from segcore.labels.merges import Merges
from segcore.training.batches import Pictures
from segcore.training.joined_data import chosen_images, images_and_masks
from segcore.training.targets import Targets


@dataclass(frozen=True)
class TrainingData:
    """The joined data sets of a training.

    Attributes:
        space: of their label ids.
        pictures: of each data set what is drawn from it.
        sizes: of all training images, (H, W).
        counted: of each data set (C,) pixels of each label that is learnt, in the images that are
            drawn.
        targets: None where every target is one label.
        val: the split that is validated on, of the first data set.
        merges: of the first data set.
        encoder: (256,) uint8 table for the masks of `val`; None leaves them as they are.
    """

    space: LabelSpace
    pictures: list[Pictures]
    sizes: set[Size]
    counted: list[np.ndarray]
    targets: Targets | None
    val: PreparedSplit
    merges: Merges | None
    encoder: np.ndarray | None

    @classmethod
    def of(
        cls, joined: Sequence[Prepared], left_out: Sequence[str], *, ignore_void: bool = True
    ) -> Self:
        """Raises TrainingError: there is nothing to learn from, or to validate on."""
        first, space = joined[0], joined[0].space
        val = first.splits["val"]
        if val.masks is None:
            raise TrainingError(f"{first.spec}: its val has no masks; choose other data")
        if not val.counts[:, list(space.evaluated_ids)].any():
            raise TrainingError(f"{first.spec}: its val masks hold no class that is scored")
        merges = [prepared.merges for prepared in joined]
        chosen = chosen_images(joined, left_out)
        counted = [
            prepared.splits["train"].counts[indices].sum(axis=0)
            for prepared, indices in zip(joined, chosen, strict=True)
        ]
        if ignore_void:
            for pixels in counted:
                pixels[list(space.void_ids)] = 0
        targets = Targets.of(merges, counted, space)
        encoders = [None] * len(joined) if targets is None else targets.encoders
        pictures = [
            Pictures(*images_and_masks(prepared), indices, encoder)
            for prepared, indices, encoder in zip(joined, chosen, encoders, strict=True)
        ]
        sizes = {size for prepared in joined for size in prepared.splits["train"].sizes}
        return cls(space, pictures, sizes, counted, targets, val, merges[0], encoders[0])

    @property
    def images(self) -> int:
        """How many are drawn in an epoch."""
        return sum(len(one.chosen) for one in self.pictures)

    @cached_property
    def pixels(self) -> np.ndarray:
        """(C,) pixels of each label in all data sets together."""
        if self.targets is None:
            total: np.ndarray = np.sum(self.counted, axis=0)
            return total
        return self.targets.pixels(self.counted)

    def weights(self, balance: float) -> np.ndarray | None:
        """Weight in the loss of each label, or of each target where they differ."""
        if self.targets is None:
            return class_weights(self.pixels, balance, self.space)
        return self.targets.weights(self.counted, balance)
