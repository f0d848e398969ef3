"""Finding samples of a split: which ones hold what, and which to look at first."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from segcore.statistics import SplitStatistics, pixel_share


@dataclass(frozen=True)
class Query:
    """Which samples are wanted; what is None is not asked for.

    Attributes:
        label: id of a class that they hold.
        share: lowest and highest share of a sample's labelled pixels that the class has.
        sequence: the city or film they are from.
    """

    label: int | None = None
    share: tuple[float, float] = (0.0, 1.0)
    sequence: str | None = None


def matching(counted: SplitStatistics, sequences: Sequence[str], query: Query) -> np.ndarray:
    """Indices of the samples that the query wants, ascending."""
    wanted = np.ones(counted.images, bool)
    if query.sequence is not None:
        wanted &= np.array(sequences) == query.sequence
    if query.label is not None:
        share = class_share(counted, query.label)
        lowest, highest = query.share
        wanted &= (share > 0) & (share >= lowest) & (share <= highest)
    return np.flatnonzero(wanted)


def class_share(counted: SplitStatistics, label: int) -> np.ndarray:
    """(N,) share of each sample's labelled pixels that the class has; 0 without a mask."""
    share: np.ndarray = counted.counts[:, label] / np.maximum(counted.counts.sum(axis=1), 1)
    return share


def rarity(counted: SplitStatistics) -> np.ndarray:
    """(N,) mean information of a sample's labelled pixels in bits, by the split's class shares.

    A pixel of a class that holds a share p of the split tells -log2 p bits (Shannon 1948): samples
    with much of what the split starves come out highest.
    """
    share = pixel_share(counted.pixels)
    bits = np.where(share > 0, -np.log2(np.where(share > 0, share, 1)), 0)
    of_sample: np.ndarray = counted.counts @ bits / np.maximum(counted.counts.sum(axis=1), 1)
    return of_sample


def shuffled(indices: np.ndarray) -> np.ndarray:
    """The indices in an order that is always the same: neighbouring frames of a film look alike."""
    return np.random.default_rng(0).permutation(indices)


def by_score(indices: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """The indices, highest score first; those without one (NaN) last."""
    chosen = scores[indices]
    order = np.argsort(np.where(np.isnan(chosen), np.inf, -chosen), kind="stable")
    ordered: np.ndarray = indices[order]
    return ordered
