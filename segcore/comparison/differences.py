"""Two evaluations of the same images -> paired differences, intervals, verdict.

A difference is always A minus B. Its interval is a paired bootstrap (Efron and Tibshirani, "An
Introduction to the Bootstrap", 1993): images are drawn with replacement, the same draw for both
models, and the scores recomputed from the summed counts. Frames of one film are alike, so whole
sequences are drawn where the split has two or more.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from segcore import metrics
from segcore.errors import DataError
from segcore.evaluation import Evaluation, number
from segcore.labels import CATEGORIES, EVALUATED_IDS, NAMES

Verdict = Literal["a", "b", "undecided"]


@dataclass(frozen=True)
class Difference:
    """A minus B, with the 2.5 and 97.5 percentiles over the draws; NaN where undefined."""

    delta: float
    low: float
    high: float

    @property
    def verdict(self) -> Verdict:
        """Who is better; undecided where the interval holds 0 or there is none."""
        if self.low > 0:
            return "a"
        return "b" if self.high < 0 else "undecided"

    def report(self) -> dict[str, Any]:
        return {
            "delta": number(self.delta),
            "ci95": [number(self.low), number(self.high)],
            "verdict": self.verdict,
        }


@dataclass(frozen=True, eq=False)
class Comparison:
    """Of the scores of evaluations `a` and `b`.

    Attributes:
        mean_iou: difference of the mean IoU.
        per_class: name of each of the 19 classes -> difference of its IoU.
        mean_category_iou, per_category: the same for the 7 categories.
        resampled_by: what was drawn, `sequence` or `image`.
        groups: how many of them there are; few make a coarse interval.
        draws: how many resamples.
    """

    a: Evaluation
    b: Evaluation
    mean_iou: Difference
    per_class: dict[str, Difference]
    mean_category_iou: Difference
    per_category: dict[str, Difference]
    resampled_by: Literal["sequence", "image"]
    groups: int
    draws: int

    def report(self) -> dict[str, Any]:
        """The comparison as JSON types; null for a class that is not in the truth."""
        iou_a, iou_b = (metrics.iou_per_class(side.matrix) for side in (self.a, self.b))
        return {
            "a": self.a.run,
            "b": self.b.run,
            "data": self.a.spec,
            "split": self.a.split,
            "images": len(self.a.keys),
            "resolution": self.a.resolution,
            "policy": metrics.POLICY,
            "mean_iou_a": number(metrics.mean_iou(self.a.matrix)),
            "mean_iou_b": number(metrics.mean_iou(self.b.matrix)),
            **self.mean_iou.report(),
            "resampled_by": self.resampled_by,
            "groups": self.groups,
            "draws": self.draws,
            "per_class": {
                NAMES[c]: {
                    "iou_a": number(iou_a[c]),
                    "iou_b": number(iou_b[c]),
                    **self.per_class[NAMES[c]].report(),
                }
                for c in EVALUATED_IDS
            },
            "mean_category_iou": self.mean_category_iou.report(),
            "per_category": {name: row.report() for name, row in self.per_category.items()},
        }


def compare(a: Evaluation, b: Evaluation, draws: int = 2000, seed: int = 0) -> Comparison:
    """Compares two runs on the same images.

    Raises:
        DataError: the evaluations are of other data, splits or images.
    """
    _check_same_images(a, b)
    by_sequence = len(set(a.sequences)) > 1
    _, group_of = np.unique(a.sequences if by_sequence else a.keys, return_inverse=True)
    groups = int(group_of.max()) + 1
    random = np.random.default_rng(seed)
    resamples = random.multinomial(groups, np.full(groups, 1 / groups), size=draws)
    classes, categories = (
        _compared(counted(a.matrices), counted(b.matrices), group_of, resamples)
        for counted in (metrics.class_counts, metrics.category_counts)
    )
    return Comparison(
        a=a,
        b=b,
        mean_iou=classes.mean,
        per_class={NAMES[c]: classes.each[c] for c in EVALUATED_IDS},
        mean_category_iou=categories.mean,
        per_category=dict(zip(CATEGORIES, categories.each, strict=True)),
        resampled_by="sequence" if by_sequence else "image",
        groups=groups,
        draws=draws,
    )


def _check_same_images(a: Evaluation, b: Evaluation) -> None:
    names = f"{a.run} and {b.run}"
    for what, one, other in (
        ("data sets", a.identity.dataset, b.identity.dataset),
        ("splits", a.split, b.split),
        ("versions of the data", a.identity.data_sha256, b.identity.data_sha256),
    ):
        if one != other:
            raise DataError(
                f"{names} were evaluated on different {what}; evaluate both on the same data"
            )


@dataclass(frozen=True)
class _Compared:
    mean: Difference
    each: list[Difference]  # of each of the K classes or categories


def _compared(
    a: np.ndarray, b: np.ndarray, group_of: np.ndarray, resamples: np.ndarray
) -> _Compared:
    """Differences of the IoUs of K classes, and of their mean.

    Args:
        a, b: (N, 3, K) intersection, union and truth pixels per image.
        group_of: (N,) which group an image belongs to.
        resamples: (draws, groups), how often each group was drawn, the same for both: paired.
    """
    iou_a, iou_b = (metrics.iou_of_counts(side.sum(axis=0)) for side in (a, b))  # (K,)
    drawn_a, drawn_b = (
        metrics.iou_of_counts(_resampled(side, group_of, resamples)) for side in (a, b)
    )
    if resamples.shape[1] == 1:  # one group has no spread to measure
        drawn_a = drawn_b = np.full_like(drawn_a, np.nan)
    mean, mean_draws = (
        metrics.mean_of_present(one) - metrics.mean_of_present(other)
        for one, other in ((iou_a, iou_b), (drawn_a, drawn_b))
    )
    draws = (drawn_a - drawn_b).T
    draws[_groups_with_truth(a, group_of, resamples.shape[1]) < 2] = np.nan
    each = [_difference(delta, of) for delta, of in zip(iou_a - iou_b, draws, strict=True)]
    return _Compared(_difference(mean, mean_draws), each)


def _groups_with_truth(counts: np.ndarray, group_of: np.ndarray, groups: int) -> np.ndarray:
    """(K,) in how many groups each class occurs: in one, every draw that has it says the same."""
    occurs = np.zeros((groups, counts.shape[2]), bool)
    np.logical_or.at(occurs, group_of, counts[:, 2] > 0)
    number: np.ndarray = occurs.sum(axis=0)
    return number


def _resampled(counts: np.ndarray, group_of: np.ndarray, resamples: np.ndarray) -> np.ndarray:
    """Counts per image (N, 3, K) summed over the images of each resample: (draws, 3, K)."""
    summed = np.zeros((resamples.shape[1], *counts.shape[1:]))
    np.add.at(summed, group_of, counts)
    # In float64, exact for counts below 2^53, because NumPy multiplies integer matrices slowly.
    totals = resamples.astype(np.float64) @ summed.reshape(len(summed), -1)
    resampled: np.ndarray = totals.reshape(len(totals), *counts.shape[1:])
    return resampled


def _difference(delta: float, draws: np.ndarray) -> Difference:
    drawn = draws[~np.isnan(draws)]
    if not drawn.size:
        return Difference(float(delta), float("nan"), float("nan"))
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Difference(float(delta), float(low), float(high))
