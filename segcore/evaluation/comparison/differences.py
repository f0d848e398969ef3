"""Two evaluations of the same images -> paired differences, intervals, verdict.

A difference is always A minus B. Its interval is a jackknife over groups of images, the same for
both models: the scores are recomputed from the summed counts without each group in turn. Groups are
sequences, or blocks of neighbouring frames where the split is one film; too few give no verdict.

The verdicts of the classes are a family: all their intervals together hold the true differences
with 95 % confidence (Bonferroni), so that the chance of any false verdict among them is 5 %.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from segcore.errors import DataError
from segcore.evaluation import Evaluation, number
from segcore.evaluation.comparison.groups import FEWEST, SHORTEST_BLOCK, Groups, Kind
from segcore.evaluation.comparison.intervals import effective_groups, interval
from segcore.labels import metrics

Verdict = Literal["a", "b", "undecided", "none"]

ERROR = 0.05
"""Chance of a verdict where two models are equally good."""


@dataclass(frozen=True)
class Difference:
    """A minus B with its 95 % interval.

    Attributes:
        delta: None where it is undefined.
        interval: its ends; None where there is none.
        groups: in how many groups of images what is scored occurs.
        reason: why there is no interval; None where there is one.
    """

    delta: float | None
    interval: tuple[float, float] | None
    groups: int
    reason: str | None = None

    @property
    def verdict(self) -> Verdict:
        """Who is better; undecided where the interval holds 0, none where there is no interval."""
        if self.interval is None:
            return "none"
        low, high = self.interval
        if low > 0:
            return "a"
        return "b" if high < 0 else "undecided"

    def report(self) -> dict[str, Any]:
        return {
            "delta": self.delta,
            "ci95": list(self.interval or (None, None)),
            "verdict": self.verdict,
            "reason": self.reason,
            "groups": self.groups,
        }


@dataclass(frozen=True, eq=False)
class Comparison:
    """How the scores of evaluations `a` and `b` differ.

    Attributes:
        mean_iou: difference of the mean IoU.
        per_class: name of each scored class -> difference of its IoU.
        mean_category_iou, per_category: the same for the categories, where the label space has any.
        resampled_by: what was left out in turn, a `sequence` or a `block` of neighbouring frames.
    """

    a: Evaluation
    b: Evaluation
    mean_iou: Difference
    per_class: dict[str, Difference]
    mean_category_iou: Difference
    per_category: dict[str, Difference]
    resampled_by: Kind

    def report(self) -> dict[str, Any]:
        """The comparison as JSON types; null for a class that is not in the truth."""
        iou_a, iou_b = self.a.scores.class_iou, self.b.scores.class_iou
        return {
            "a": self.a.run,
            "b": self.b.run,
            "data": self.a.spec,
            "split": self.a.split,
            "images": self.a.images,
            "resolution": self.a.resolution,
            "policy": self.a.policy,
            "mean_iou_a": self.a.scores.mean_iou,
            "mean_iou_b": self.b.scores.mean_iou,
            **self.mean_iou.report(),
            "resampled_by": self.resampled_by,
            "draws": self.mean_iou.groups,  # each leaves out one group
            "per_class_correction": "bonferroni",
            "per_class": {
                name: {"iou_a": iou_a[name], "iou_b": iou_b[name], **difference.report()}
                for name, difference in self.per_class.items()
            },
            "mean_category_iou": self.mean_category_iou.report(),
            "per_category": {name: row.report() for name, row in self.per_category.items()},
        }


def compare(a: Evaluation, b: Evaluation) -> Comparison:
    """Compares two runs on the same images.

    Raises:
        DataError: the evaluations are of other data, splits, images or classes.
    """
    _check_same_images(a, b)
    space = a.space
    groups = Groups.of(a.keys, a.sequences)
    of_a, of_b = (_summed(side.matrices, groups) for side in (a, b))
    classes = _compared(metrics.class_counts(of_a), metrics.class_counts(of_b), groups)
    categories = _compared(
        metrics.category_counts(of_a, space), metrics.category_counts(of_b, space), groups
    )
    return Comparison(
        a=a,
        b=b,
        mean_iou=classes.mean,
        per_class={space.names[c]: classes.each[c] for c in space.evaluated_ids},
        mean_category_iou=categories.mean,
        per_category=dict(zip(space.categories, categories.each, strict=True)),
        resampled_by=groups.kind,
    )


def _check_same_images(a: Evaluation, b: Evaluation) -> None:
    names = f"{a.run} and {b.run}"
    if not a.space.has_classes_of(b.space):
        raise DataError(
            f"{names} tell other classes apart, those of {a.space.name} and of {b.space.name}; "
            "compare runs that were trained on the same classes"
        )
    for what, one, other in (
        ("splits", a.split, b.split),
        ("data", a.identity.data_sha256, b.identity.data_sha256),
        ("classes that are scored", a.identity.policy, b.identity.policy),
    ):
        if one != other:
            raise DataError(
                f"{names} were evaluated on different {what}; evaluate both on the same data"
            )


@dataclass(frozen=True)
class _Compared:
    mean: Difference
    each: list[Difference]  # of each of the K classes or categories


def _compared(a: np.ndarray, b: np.ndarray, groups: Groups) -> _Compared:
    """Differences of the IoUs of K classes, and of their mean.

    Args:
        a, b: (G, 3, K) intersection, union and truth pixels of each group.
    """
    scored = a[:, 2].any(axis=1)
    a, b = a[scored], b[scored]  # a group without scored pixels says nothing
    iou_a, iou_b = (metrics.iou_of_counts(side.sum(axis=0)) for side in (a, b))  # (K,)
    without_a, without_b = (metrics.iou_of_counts(side.sum(axis=0) - side) for side in (a, b))
    mean, without = (
        metrics.mean_of_present(one) - metrics.mean_of_present(other)
        for one, other in ((iou_a, iou_b), (without_a, without_b))
    )
    truth = a[:, 2].sum(axis=0)  # (K,)
    shares = a[:, 2] / np.maximum(truth, 1)  # (G, K) of each class's pixels
    found = np.count_nonzero(shares, axis=0)  # (K,)
    error = ERROR / max(int((found >= FEWEST).sum()), 1)
    deltas, left_out = iou_a - iou_b, without_a - without_b
    each = [
        _difference(
            float(deltas[class_]),
            left_out[:, class_],
            shares[:, class_],
            error,
            groups.kind,
            _too_rare(int(found[class_]), len(a), groups.kind),
        )
        for class_ in range(len(truth))
    ]
    weights = shares[:, truth > 0].mean(axis=1) if len(a) else np.zeros(0)
    too_few = _too_few(len(a), groups)
    return _Compared(_difference(float(mean), without, weights, ERROR, groups.kind, too_few), each)


def _difference(
    delta: float, without: np.ndarray, shares: np.ndarray, error: float, kind: Kind, too_few: str
) -> Difference:
    """The difference of a score over all G groups, from the differences with each group left out
    (G,) and the groups' shares of its pixels (G,).

    Args:
        error: chance of a verdict where there is no difference.
        too_few: why there is no verdict if fewer than `FEWEST` groups have a share.
    """
    found = int(np.count_nonzero(shares))
    reason = None
    if found < FEWEST:
        reason = too_few
    elif effective_groups(shares) < 2:
        reason = f"Most of the pixels are in one {kind}."
    if reason is not None:
        return Difference(number(delta), None, found, reason)
    low, high = interval(delta, without, shares, 1 - error, is_series=kind == "block")
    return Difference(number(delta), (max(low, -1.0), min(high, 1.0)), found)


def _summed(matrices: np.ndarray, groups: Groups) -> np.ndarray:
    """Confusion matrices of images (N, C, C) -> of groups (G, C, C)."""
    summed = np.zeros((groups.count, *matrices.shape[1:]), np.int64)
    np.add.at(summed, groups.of_image, matrices)
    return summed


def _too_few(count: int, groups: Groups) -> str:
    """Why so few groups with scored pixels give no verdict."""
    if not count:
        return "The split holds no pixel of a class that is scored."
    if groups.count == 1:
        needed = FEWEST * SHORTEST_BLOCK
        return (
            f"{len(groups.of_image)} images of one sequence are too few for a verdict: it takes "
            f"{needed} of one sequence, or {FEWEST} sequences."
        )
    return (
        f"{count} {groups.kind}{'s' if count > 1 else ''} with scored pixels are too few for a "
        f"verdict: of fewer than {FEWEST}, all may favour one of two equally good models by chance."
    )


def _too_rare(found: int, groups: int, kind: Kind) -> str:
    """Why a class in so few groups has no verdict."""
    if not found:
        return "Not in the truth."
    return f"In {found} of {groups} {kind}{'s' if groups > 1 else ''}; a verdict takes {FEWEST}."
