"""What the figures mean, in sentences: from the same numbers that the pages draw."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from segcore.labels import EVALUATED_IDS, NAMES
from segcore.statistics import (
    SplitStatistics,
    effective_number,
    imbalance_ratio,
    js_divergence,
    pixel_share,
)

Row = Mapping[str, float]

SAME_SHARES = 0.01
"""Jensen-Shannon divergence in bits below which two splits are called alike."""

TURNED = 0.05
"""How far above its minimum, relatively, the validation loss must end to have turned."""

LEARNT = 0.1
"""IoU from which a class counts as learnt at all."""


# --- data ----------------------------------------------------------------------------------------


def imbalance(train: SplitStatistics) -> str:
    """The one sentence about a data set: what dominates it and what it starves."""
    share = pixel_share(train.pixels)
    present = sorted((id_ for id_ in EVALUATED_IDS if share[id_]), key=lambda id_: -share[id_])
    if len(present) < 2:
        return "Fewer than two classes occur: there is nothing to tell apart."
    top = present[: min(3, len(present) - 1)]
    common, rare = present[0], present[-1]
    ratio = imbalance_ratio(train.pixels)
    return (
        f"{_listed([NAMES[id_] for id_ in top]).capitalize()} hold "
        f"{_percent(share[top].sum())} of the pixels; {NAMES[rare]} holds {_percent(share[rare])}, "
        f"{_times(ratio or 1)} fewer than {NAMES[common]}."
    )


def data_findings(train: SplitStatistics, val: SplitStatistics | None) -> list[str]:
    """What else a practitioner should know before training on it, one sentence each."""
    present = [id_ for id_ in EVALUATED_IDS if train.pixels[id_]]
    diversity = (
        f"As diverse as {effective_number(train.pixels):.1f} equally common classes, though "
        f"{len(present)} occur: knowing the big ones already gets most pixels right."
    )
    found = [diversity]
    if val is not None and val.pixels.any():
        found += _drift_findings(train, val)
    few = [id_ for id_ in present if train.images_with[id_] <= max(3, 0.1 * train.images)]
    if few:
        listed = [f"{NAMES[id_]} ({int(train.images_with[id_])})" for id_ in few]
        found.append(
            f"In a tenth of the {train.images} training images or less: {_listed(listed)}."
        )
    absent = [NAMES[id_] for id_ in EVALUATED_IDS if not train.pixels[id_]]
    if absent:
        found.append(f"Not in the training images, so nobody can learn it: {_listed(absent)}.")
    return found


def _drift_findings(train: SplitStatistics, val: SplitStatistics) -> list[str]:
    evaluated = list(EVALUATED_IDS)
    divergence = js_divergence(train.pixels[evaluated], val.pixels[evaluated])
    alike = "alike" if divergence < SAME_SHARES else "not quite alike"
    drift = (
        f"Train and val are {alike}: Jensen-Shannon divergence of their pixel shares "
        f"{divergence:.4f} bits (0 the same, 1 nothing in common)."
    )
    found = [drift]
    train_share, val_share = pixel_share(train.pixels), pixel_share(val.pixels)
    both = [id_ for id_ in EVALUATED_IDS if train_share[id_] and val_share[id_]]
    factor = {id_: val_share[id_] / train_share[id_] for id_ in both}
    for id_ in sorted(both, key=lambda id_: -factor[id_])[:1]:
        if factor[id_] >= 1.5:
            found.append(
                f"{NAMES[id_].capitalize()}: {_percent(train_share[id_])} of the training pixels, "
                f"{_times(factor[id_])} rarer than in val; expect a low IoU."
            )
    unseen = [NAMES[id_] for id_ in EVALUATED_IDS if val_share[id_] and not train_share[id_]]
    if unseen:
        found.append(f"In val but never in train, so scored 0: {_listed(unseen)}.")
    return found


def one_class(id_: int, splits: Mapping[str, SplitStatistics]) -> str:
    """A class in a split or two: how much, in how many images, how large, and with what."""
    name, first = next(iter(splits.items()))
    images = int(first.images_with[id_])
    if not images:
        return f"{NAMES[id_].capitalize()} does not occur in {name}."
    regions = first.regions[id_]
    middle = int(np.searchsorted(regions.cumsum(), regions.sum() / 2))
    together = first.cooccurrence[id_] / images
    alike = [i for i in EVALUATED_IDS if i != id_ and first.images_with[i] < 0.9 * first.images]
    lift = {i: together[i] * first.images / max(int(first.images_with[i]), 1) for i in alike}
    friend = max(lift, key=lambda i: lift[i]) if lift else None
    parts = [
        f"**{NAMES[id_].capitalize()}** has {_percent(pixel_share(first.pixels)[id_])} of the "
        f"pixels in {name} and is in {images} of {first.images} images, in "
        f"{int(regions.sum()):,} regions, half of them below {2 ** (middle + 1):,} pixels."
    ]
    if friend is not None and lift[friend] >= 1.2:
        parts.append(
            f"{_percent(together[friend])} of its images also hold {NAMES[friend]}, "
            f"{lift[friend]:.1f} times as many as of all images."
        )
    return " ".join(parts)


def share_and_iou(share: np.ndarray, runs: Sequence[tuple[str, Mapping[str, float | None]]]) -> str:
    """Whether rare classes are the badly segmented ones, by Spearman's rank correlation.

    Args:
        share: (34,) shares of the training pixels.
        runs: name and class -> IoU of each run.
    """
    parts = []
    for name, iou in runs:
        pairs = [
            (share[id_], score)
            for id_ in EVALUATED_IDS
            if share[id_] and (score := iou.get(NAMES[id_])) is not None
        ]
        if len(pairs) > 2:
            parts.append(f"{_rank_correlation(np.array(pairs)):+.2f} for {name}")
    if not parts:
        return "Too few classes are scored to tell."
    return (
        f"Rank correlation of a class's pixel share and its IoU: {_listed(parts)} "
        "(+1: the rarer the worse, 0: no connection)."
    )


def _rank_correlation(pairs: np.ndarray) -> float:
    """Spearman's of (N, 2), ties taken in order."""
    ranks = pairs.argsort(axis=0).argsort(axis=0)
    return float(np.corrcoef(*ranks.T)[0, 1])


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


# --- training ------------------------------------------------------------------------------------


def turning_epoch(history: Sequence[Row]) -> int | None:
    """The epoch of the lowest validation loss where it has since risen by 5 %; else None."""
    losses = [(row["val_loss"], int(row["epoch"])) for row in history if "val_loss" in row]
    losses = [(loss, epoch) for loss, epoch in losses if np.isfinite(loss)]
    if not losses:
        return None
    lowest, epoch = min(losses)
    return epoch if losses[-1][0] > lowest * (1 + TURNED) else None


def training(name: str, history: Sequence[Row]) -> str:
    """One sentence on how far train and validation have come apart."""
    if not history:
        return f"{name} has not finished an epoch yet."
    last = history[-1]
    gap = last.get("accuracy", np.nan) - last.get("val_accuracy", np.nan)
    ends = (
        f"it ends at {last['accuracy'] * 100:.1f} % training and "
        f"{last['val_accuracy'] * 100:.1f} % validation accuracy"
        if np.isfinite(gap)
        else f"its log of {len(history)} epochs has no accuracies"
    )
    turn = turning_epoch(history)
    if turn is not None:
        lowest = min(row["val_loss"] for row in history if row["epoch"] == turn)
        return (
            f"{name}: validation loss turned after epoch {turn} ({lowest:.3f}, now "
            f"{last['val_loss']:.3f}) while training went on: it memorises from there; {ends}."
        )
    if gap > 0.05:
        return (
            f"{name}: a gap of {gap * 100:.0f} points is open, but validation still holds; {ends}."
        )
    return f"{name}: no overfitting in sight; {ends}."


def classes_learnt(name: str, rows: Sequence[Row]) -> str:
    """Which classes came first, last and not at all, from the rows of class_iou.csv.

    A class is learnt in the first epoch that reaches nine tenths of its best IoU.
    """
    best = {
        class_: max(values)
        for class_ in rows[0]
        if class_ != "epoch"
        and (values := [row[class_] for row in rows if np.isfinite(row[class_])])
    }
    learnt = {class_: iou for class_, iou in best.items() if iou >= LEARNT}
    if not learnt:
        return f"{name} has learnt no class yet: none has reached an IoU of {LEARNT:.1f}."
    epoch = {
        class_: next(int(row["epoch"]) for row in rows if row[class_] >= 0.9 * iou)
        for class_, iou in learnt.items()
    }
    order = sorted(epoch, key=lambda class_: (epoch[class_], -learnt[class_]))
    first, last = order[:2], order[-1]
    parts = f"{name} learnt {_listed(first)} first (by epoch {epoch[first[-1]]})"
    if epoch[last] > epoch[first[-1]]:
        parts += f", {last} last (epoch {epoch[last]})"
    never = [class_ for class_ in best if class_ not in learnt]
    return f"{parts}; never above {LEARNT:.1f}: {_listed(never)}." if never else f"{parts}."


def best_scores(runs: Sequence[tuple[str, Sequence[Row], int | None]]) -> str:
    """The one sentence about trainings: name, history and best epoch of each, best run first."""
    scored = [
        (row["val_mean_iou"], name, int(row["epoch"]), len(history))
        for name, history, best in runs
        for row in history
        if row["epoch"] == best
    ]
    if not scored and any(history for _, history, _ in runs):
        return "None of these logged a validation mean IoU: compare their losses."
    if not scored:
        return "No epoch is finished yet: curves appear with the first."
    scored.sort(reverse=True)
    (score, name, epoch, epochs), *others = scored
    sentence = f"{name} learnt most: mean IoU {score:.3f} in epoch {epoch} of {epochs}"
    parts = [f"{other} {value:.3f} (epoch {at} of {of})" for value, other, at, of in others]
    if not parts:
        return f"{name} reached mean IoU {score:.3f} in epoch {epoch} of {epochs}."
    return f"{sentence}; {_listed(parts)}."


# --- comparison ----------------------------------------------------------------------------------


def resampling(report: Mapping[str, Any]) -> str:
    """Where the interval of a difference is from, and how far to trust it: of a comparison."""
    if report["delta"] is None:
        return "Nothing was scored: the split holds none of the evaluated classes."
    low, high = report["ci95"]
    if low is None:
        return "A single sequence gives no interval."
    drawn = f"{report['draws']:,} resamples of {report['groups']} {report['resampled_by']}s"
    notes = " It holds 0, so chance may explain the difference." if low <= 0 <= high else ""
    if report["resampled_by"] == "image":
        notes += (
            " The split names a single sequence, so images are drawn one by one: as far as "
            "neighbours are alike, the true interval is wider."
        )
    return f"95 % interval from {drawn}, drawn alike for both.{notes}"


def verdict(report: Mapping[str, Any], a: str, b: str) -> str:
    """The comparison in words: on how many classes each is better, and over all.

    "DANet better on 6 classes, U-Net on 2, undecided on 3; overall undecided: ..."; the one that is
    better on more classes comes first.
    """
    rows = [row for row in report["per_class"].values() if row["delta"] is not None]
    count = {key: sum(row["verdict"] == key for row in rows) for key in ("a", "b", "undecided")}
    (first, most), (second, fewer) = sorted(
        ((a, count["a"]), (b, count["b"])), key=lambda side: -side[1]
    )
    classes = (
        f"{first[0].upper()}{first[1:]} better on {most} {'class' if most == 1 else 'classes'}, "
        f"{second} on {fewer}, undecided on {count['undecided']}"
    )
    delta, (low, high) = report["delta"], report["ci95"]
    if delta is None:
        return f"{classes}."
    overall = {"a": f"{a} better", "b": f"{b} better"}.get(report["verdict"], "undecided")
    within = "no interval" if low is None else f"interval {low:+.3f} to {high:+.3f}"
    return f"{classes}; overall {overall}: {delta:+.3f}, {within} (mean IoU of {a} minus {b})."


def confused_pairs(matrix: np.ndarray, count: int, by_share: bool) -> list[tuple[int, int, float]]:
    """Which classes are most called another: (34, 34) counts -> true id, predicted id, share.

    Args:
        by_share: of the true class, where a rare class counts as much as a common one; otherwise
            of all scored pixels.
    """
    whole = matrix.sum(axis=1, keepdims=True) if by_share else matrix.sum()
    share = matrix / np.maximum(whole, 1)
    np.fill_diagonal(share, 0)
    largest = np.argsort(-share, axis=None, kind="stable")[:count]
    pairs = [divmod(int(cell), len(matrix)) for cell in largest]
    return [(t, p, float(share[t, p])) for t, p in pairs if share[t, p]]


def error_bands(name: str, anatomy: Mapping[str, float | None], d: int) -> str:
    """Whether a run errs along the outlines or inside regions, from a report's error anatomy."""
    near, pixels = anatomy["errors_near"], anatomy["pixels_near"]
    if near is None or pixels is None:
        return f"{name} makes no error."
    return (
        f"{name}: {_percent(near)} of its errors lie within {d} pixels of a boundary, where "
        f"{_percent(pixels)} of the pixels are."
    )


def temperatures(name: str, trust: Mapping[str, Any]) -> str | None:
    """What scaling a run's confidence would mend, from a report's `trust`."""
    if trust["temperatures"] is None:
        return None
    one, other = trust["temperatures"]
    manner = "about as sure as right"
    if max(one, other) > 1 and min(one, other) >= 1:
        manner = "surer than right"
    if min(one, other) < 1 and max(one, other) <= 1:
        manner = "less sure than right"
    before, after = trust["ece_before"] * 100, trust["ece_after"] * 100
    return (
        f"{name} is {manner}: temperatures {one:.2f} and {other:.2f}; ECE {before:.1f} points "
        f"before, {after:.1f} after."
    )


def kept(name: str, trust: Mapping[str, Any]) -> str | None:
    """How many pixels may be kept at the target accuracy, from a report's `trust`."""
    if trust["pixels_kept"] is None:
        return None
    return (
        f"{name}: of its surest {_percent(trust['pixels_kept'])} of the pixels, "
        f"{trust['target_accuracy'] * 100:.0f} % are right."
    )


def calibration(errors: Sequence[tuple[str, float | None]]) -> str:
    """Whose confidence is nearer to the truth: name and expected calibration error of each run."""
    known = sorted((error, name) for name, error in errors if error is not None)
    if not known:
        return "No pixel was scored, so nothing can be said."
    parts = [f"{name} by {error * 100:.1f} points" for error, name in known]
    return (
        f"Confidence and accuracy lie apart by (ECE, 15 bins): {_listed(parts)}. "
        "Below the dotted line a model is surer than it is right."
    )


# --- words ---------------------------------------------------------------------------------------


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _percent(share: float) -> str:
    """A share with two digits that count: 0.041 % and not 0 %."""
    percent = share * 100
    return f"{percent:.0f} %" if percent >= 10 else f"{percent:.2g} %"


def _times(factor: float) -> str:
    return f"{factor:,.0f} times" if factor >= 10 else f"{factor:.1f} times"
