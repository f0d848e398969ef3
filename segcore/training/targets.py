"""What masks of several data sets say to one network, where their classes overlap.

A pixel of a coarse class, such as CamVid's "sign", may be any of several labels. Its target is the
set of them: the probability of the class is the sum over the set (Bevandic et al., "Multi-domain
semantic segmentation with overlapping labels", WACV 2022).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from segcore.data.counts import pixel_share
from segcore.labels import NO_LABEL, LabelSpace
from segcore.labels.merges import Merges


@dataclass(frozen=True)
class Targets:
    """The targets of a training, numbered by codes 0 to K - 1.

    A code below C, the number of classes of the label space, is that label alone, as in a data set
    without merges. Each data set with merges has codes of its own for all its classes, so that a
    pixel's code tells its data set too.

    Attributes:
        encoders: a (256,) uint8 table for each data set, label id of its masks -> code.
        members: (K, C) bool, the labels that a code may be.
        labels: (K,) uint8, the label id that a code has in the masks.
        groups: (K,) int64, 0 for labels alone, k for the k-th data set with merges.
        classes: (G, C) uint8, for each group the class of the data set that a label belongs to.
        space: of the labels.
    """

    encoders: tuple[np.ndarray, ...]
    members: np.ndarray
    labels: np.ndarray
    groups: np.ndarray
    classes: np.ndarray
    space: LabelSpace

    @classmethod
    def of(
        cls,
        merges: Sequence[Merges | None],
        pixels: Sequence[np.ndarray],
        space: LabelSpace,
    ) -> "Targets | None":
        """The targets of joined data sets; None where every target is one label.

        A class stands only for labels that some data set without merges has: which of its members
        a pixel is cannot be learnt from the others. Where there is no such label it stands for its
        own.

        Args:
            merges: of each data set.
            pixels: of each data set's training split, (C,) pixels of each label.
        """
        size = space.num_classes
        fine = [counts > 0 for merge, counts in zip(merges, pixels, strict=True) if merge is None]
        known = np.logical_or.reduce(fine) if fine else np.zeros(size, bool)
        members, groups = list(np.eye(size, dtype=bool)), [0] * size
        labels = list(range(size))
        classes = [np.arange(size, dtype=np.uint8)]
        encoders = []
        for merge in merges:
            encoder = np.arange(256, dtype=np.uint8)
            if merge is not None:
                for class_, ids in merge.members.items():
                    learnable = [id_ for id_ in ids if known[id_]] or [class_]
                    encoder[class_] = len(members)
                    members.append(np.isin(np.arange(size), learnable))
                    labels.append(class_)
                    groups.append(len(classes))
                classes.append(merge.table()[:size])
            encoders.append(encoder)
        table = np.array(members)
        if (table.sum(axis=1) == 1).all():
            return None
        if len(table) > NO_LABEL:
            raise ValueError(f"{len(table)} targets do not fit into a byte")
        return cls(
            encoders=tuple(encoders),
            members=table,
            labels=np.array(labels, np.uint8),
            groups=np.array(groups),
            classes=np.stack(classes),
            space=space,
        )

    def pixels(self, pixels: Sequence[np.ndarray]) -> np.ndarray:
        """How often each label occurs in all data sets together: (C,) float64 pixels.

        Those of a coarse class are shared among its labels in the proportion in which the data
        sets without merges have them.

        Args:
            pixels: as for `of`.
        """
        by_code = self.count(pixels)
        size = self.space.num_classes
        fine = by_code[:size]
        total = fine.astype(np.float64)
        for code in range(size, len(self.members)):
            ids = np.flatnonzero(self.members[code])
            share = fine[ids] / fine[ids].sum() if fine[ids].any() else np.ones(1)
            total[ids] += by_code[code] * share
        return total

    def count(self, pixels: Sequence[np.ndarray]) -> np.ndarray:
        """(K,) int64 pixels of each code, from those of each label in each data set."""
        counted = np.zeros(len(self.members), np.int64)
        for encoder, counts in zip(self.encoders, pixels, strict=True):
            np.add.at(counted, encoder[: self.space.num_classes], counts)
        return counted

    def weights(self, pixels: Sequence[np.ndarray], balance: float) -> np.ndarray | None:
        """As `statistics.class_weights`, a weight for each target.

        Returns:
            (K,) float32 with mean 1 over the pixels of the scored classes of all data sets, None
            for a balance of 0. A target of several labels has the share of all of them.
        """
        if not balance:
            return None
        by_code = self.count(pixels)
        present = by_code > 0
        scored = self.space.is_evaluated[self.labels] & present
        share = self.members @ pixel_share(self.pixels(pixels))
        weights = np.ones(len(self.members), np.float32)
        if scored.any():
            weights[present] = share[present] ** -balance
            weights[present] /= np.average(weights[scored], weights=by_code[scored])
        return weights
