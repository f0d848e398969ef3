"""Finding samples of a split: which ones hold what, and which to look at first."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from segcore.data.counts import pixel_share
from segcore.labels.metrics import iou_per_class, mean_of_present


@dataclass(frozen=True)
class Query:
    """Which samples are wanted; what is None is not asked for.

    Attributes:
        label: id of a class that they hold.
        share: lowest and highest share of a sample's labelled pixels that the class has.
        sequence: the city or film they are from.
        named: what is part of their key, in upper or lower case; empty for any.
    """

    label: int | None = None
    share: tuple[float, float] = (0.0, 1.0)
    sequence: str | None = None
    named: str = ""


def matching(
    counts: np.ndarray, sequences: Sequence[str], query: Query, keys: Sequence[str] = ()
) -> np.ndarray:
    """Indices of the samples that the query wants, ascending.

    Args:
        counts: (N, 34) pixels of each label in each sample.
        sequences: N cities or films.
        keys: N names, where the query asks for one.
    """
    wanted = np.ones(len(counts), bool)
    if query.sequence is not None:
        wanted &= np.array(sequences) == query.sequence
    if query.named:
        part = query.named.casefold()
        wanted &= np.array([part in key.casefold() for key in keys])
    if query.label is not None:
        share = class_share(counts, query.label)
        lowest, highest = query.share
        wanted &= (share > 0) & (share >= lowest) & (share <= highest)
    return np.flatnonzero(wanted)


def class_share(counts: np.ndarray, label: int) -> np.ndarray:
    """(N, 34) -> (N,) share of each sample's labelled pixels that the class has; 0 without any."""
    share: np.ndarray = counts[:, label] / np.maximum(counts.sum(axis=1), 1)
    return share


def rarity(counts: np.ndarray) -> np.ndarray:
    """(N, 34) -> (N,) mean information of a sample's labelled pixels in bits.

    By the split's class shares: a pixel of a class that holds a share p of the split tells -log2 p
    bits (Shannon 1948), so samples with much of what is rare in the split come out highest.
    """
    share = pixel_share(counts.sum(axis=0))
    bits = np.where(share > 0, -np.log2(np.where(share > 0, share, 1)), 0)
    of_sample: np.ndarray = counts @ bits / np.maximum(counts.sum(axis=1), 1)
    return of_sample


def iou_of_each(matrices: np.ndarray, label: int | None) -> np.ndarray:
    """(N, 34, 34) confusion matrices -> (N,) mean IoU of each sample, or the IoU of one class.

    NaN where the sample's truth holds none of it.
    """
    iou = iou_per_class(matrices)
    return mean_of_present(iou) if label is None else iou[:, label]


def shuffled(indices: np.ndarray, seed: int = 0) -> np.ndarray:
    """The indices in the seed's own order: neighbouring frames of a film look alike."""
    return np.random.default_rng(seed).permutation(indices)


def by_score(indices: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """The indices, highest score first; those without one (NaN) last."""
    chosen = scores[indices]
    order = np.argsort(np.where(np.isnan(chosen), np.inf, -chosen), kind="stable")
    ordered: np.ndarray = indices[order]
    return ordered
