"""What a data set holds."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from segcore.data.counts import (
    SplitStatistics,
    effective_number,
    imbalance_ratio,
    js_divergence,
    pixel_share,
)
from segcore.labels import LabelSpace
from segcore.presentation.findings.words import listed, listed_some, percent, times

SAME_SHARES = 0.01
"""Jensen-Shannon divergence in bits below which two splits are called alike."""


def imbalance(train: SplitStatistics, space: LabelSpace) -> str:
    """The one sentence about a data set: what dominates it and what is rare."""
    share = pixel_share(train.pixels)
    present = sorted(
        (id_ for id_ in space.evaluated_ids if share[id_]), key=lambda id_: -share[id_]
    )
    if len(present) < 2:
        return "Fewer than two classes occur: there is nothing to tell apart."
    top = present[: min(3, len(present) - 1)]
    common, rare = present[0], present[-1]
    ratio = imbalance_ratio(train.pixels, space)
    return (
        f"{listed([space.names[id_] for id_ in top]).capitalize()} hold "
        f"{percent(share[top].sum())} of the pixels; {space.names[rare]} holds "
        f"{percent(share[rare])}, "
        f"{times(ratio or 1)} fewer than {space.names[common]}."
    )


def data_findings(
    train: SplitStatistics, val: SplitStatistics | None, space: LabelSpace
) -> list[str]:
    """What else a practitioner should know before training on it, one sentence each."""
    present = [id_ for id_ in space.evaluated_ids if train.pixels[id_]]
    diversity = (
        f"As diverse as {effective_number(train.pixels, space):.1f} equally common classes, though "
        f"{len(present)} occur: the common ones alone make up most pixels."
    )
    found = [diversity]
    if val is not None and val.pixels.any():
        found += _drift_findings(train, val, space)
    few = [id_ for id_ in present if train.images_with[id_] <= max(3, 0.1 * train.images)]
    if few:
        counted = [f"{space.names[id_]} ({int(train.images_with[id_])})" for id_ in few]
        found.append(f"Rare in the {train.images} training images: {listed_some(counted)}.")
    absent = [space.names[id_] for id_ in space.evaluated_ids if not train.pixels[id_]]
    if absent:
        named = listed_some(absent)
        found.append(f"Not in the training images, so no model can learn it: {named}.")
    return found


def _drift_findings(train: SplitStatistics, val: SplitStatistics, space: LabelSpace) -> list[str]:
    evaluated = list(space.evaluated_ids)
    divergence = js_divergence(train.pixels[evaluated], val.pixels[evaluated])
    alike = "alike" if divergence < SAME_SHARES else "not quite alike"
    drift = (
        f"Train and val are {alike}: Jensen-Shannon divergence of their pixel shares "
        f"{divergence:.4f} bits (0 the same, 1 nothing in common)."
    )
    found = [drift]
    train_share, val_share = pixel_share(train.pixels), pixel_share(val.pixels)
    both = [id_ for id_ in space.evaluated_ids if train_share[id_] and val_share[id_]]
    factor = {id_: val_share[id_] / train_share[id_] for id_ in both}
    for id_ in sorted(both, key=lambda id_: -factor[id_])[:1]:
        if factor[id_] >= 1.5:
            found.append(
                f"{space.names[id_].capitalize()}: {percent(train_share[id_])} of the training "
                "pixels, "
                f"{times(factor[id_])} rarer than in val; expect a low IoU."
            )
    unseen = [
        space.names[id_] for id_ in space.evaluated_ids if val_share[id_] and not train_share[id_]
    ]
    if unseen:
        found.append(f"In val but never in train, so scored 0: {listed_some(unseen)}.")
    return found


def one_class(id_: int, splits: Mapping[str, SplitStatistics], space: LabelSpace) -> str:
    """A class in a split or two: how much, in how many images, how large, and with what."""
    name, first = next(iter(splits.items()))
    images = int(first.images_with[id_])
    if not images:
        return f"{space.names[id_].capitalize()} does not occur in {name}."
    regions = first.regions[id_]
    middle = int(np.searchsorted(regions.cumsum(), regions.sum() / 2))
    together = first.cooccurrence[id_] / images
    alike = [
        i for i in space.evaluated_ids if i != id_ and first.images_with[i] < 0.9 * first.images
    ]
    usual = first.images_with / max(first.images, 1)
    lift = {i: together[i] / usual[i] for i in alike if usual[i]}
    friend = max(lift, key=lambda i: lift[i]) if lift else None
    parts = [
        f"**{space.names[id_].capitalize()}** has {percent(pixel_share(first.pixels)[id_])} of the "
        f"pixels in {name} and is in {images} of {first.images} images, in "
        f"{int(regions.sum()):,} regions, half of them below {2 ** (middle + 1):,} pixels."
    ]
    if friend is not None and lift[friend] >= 1.2:
        parts.append(
            f"{percent(together[friend])} of its images also hold {space.names[friend]}; of all "
            f"images {percent(usual[friend])} do."
        )
    return " ".join(parts)


def share_and_iou(
    share: np.ndarray,
    runs: Sequence[tuple[str, Mapping[str, float | None]]],
    space: LabelSpace,
) -> str:
    """Whether rare classes are the badly segmented ones, by Spearman's rank correlation.

    Args:
        share: (C,) shares of the training pixels.
        runs: name and class -> IoU of each run.
    """
    parts = []
    for name, iou in runs:
        pairs = [
            (share[id_], score)
            for id_ in space.evaluated_ids
            if share[id_] and (score := iou.get(space.names[id_])) is not None
        ]
        if len(pairs) > 2:
            correlation = _rank_correlation(np.array(pairs))
            if np.isfinite(correlation):
                parts.append(f"{correlation:+.2f} for {name}")
    if not parts:
        return "Too few classes are scored to tell."
    return (
        f"Rank correlation of a class's share of pixels and its IoU: {listed(parts)} "
        "(+1: the rarer a class, the lower its IoU; 0: no relation)."
    )


def _rank_correlation(pairs: np.ndarray) -> float:
    """Spearman's of (N, 2), ties sharing their mean rank; NaN where one side is all alike."""
    ranks = np.stack([_ranks(side) for side in pairs.T])
    if (np.ptp(ranks, axis=1) == 0).any():
        return float("nan")
    return float(np.corrcoef(ranks)[0, 1])


def _ranks(values: np.ndarray) -> np.ndarray:
    """(N,) rank of each from 1 on, the mean of their ranks for those that are equal."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    mean_rank: np.ndarray = counts.cumsum() - (counts - 1) / 2
    return mean_rank[inverse]


def recipe_differences(
    a: Mapping[str, Any], b: Mapping[str, Any]
) -> list[tuple[str, Any, Any, bool]]:
    """Parameter, value in a, value in b, whether they differ; nested ones as `outer.inner`."""
    flat_a, flat_b = _flat(a), _flat(b)
    return [
        (name, flat_a.get(name), flat_b.get(name), flat_a.get(name) != flat_b.get(name))
        for name in dict.fromkeys([*flat_a, *flat_b])
    ]


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat
