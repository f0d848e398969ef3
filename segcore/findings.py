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
        f"{share[top].sum():.0%} of the pixels; {NAMES[rare]} holds {_percent(share[rare])}, "
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


# --- training ------------------------------------------------------------------------------------


def turning_epoch(history: Sequence[Row]) -> int | None:
    """The epoch of the lowest validation loss, where it has risen by 5 % or more since; else None."""
    loss = np.array([row.get("val_loss", np.nan) for row in history], dtype=np.float64)
    if not np.isfinite(loss).any():
        return None
    lowest = int(np.nanargmin(loss))
    last = loss[np.isfinite(loss)][-1]
    has_turned = last > loss[lowest] * (1 + TURNED)
    return int(history[lowest]["epoch"]) if has_turned else None


def training(name: str, history: Sequence[Row]) -> str:
    """One sentence on how far train and validation have come apart."""
    if not history:
        return f"{name} has not finished an epoch yet."
    last = history[-1]
    gap = last["accuracy"] - last["val_accuracy"]
    ends = (
        f"it ends at {last['accuracy']:.1%} training and {last['val_accuracy']:.1%} validation "
        "accuracy"
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


def best_scores(runs: Sequence[tuple[str, Sequence[Row], int | None]]) -> str:
    """The one sentence about trainings: name, history and best epoch of each, best run first."""
    scored = [
        (row["val_mean_iou"], name, int(row["epoch"]), len(history))
        for name, history, best in runs
        for row in history
        if row["epoch"] == best
    ]
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


def verdict(report: Mapping[str, Any], a: str, b: str) -> str:
    """Who is better and whether that is more than chance, from a comparison's report."""
    delta, (low, high) = report["delta"], report["ci95"]
    if delta is None:
        return "Nothing was scored: the split holds none of the evaluated classes."
    if low is None:
        return f"{_leader(delta, a, b)}; one sequence alone gives no interval."
    spread = f"95 % interval {low:+.3f} to {high:+.3f}"
    if report["verdict"] == "undecided":
        return f"Undecided between {a} and {b}: {delta:+.3f} mean IoU, {spread}, holds 0."
    winner, loser = (a, b) if report["verdict"] == "a" else (b, a)
    return f"{winner} is better than {loser}: {delta:+.3f} mean IoU for {a} ({spread})."


def class_verdicts(report: Mapping[str, Any], a: str, b: str) -> str:
    """On how many classes each is better: "U-Net on 2 classes, DANet on 6, undecided on 3"."""
    rows = [row for row in report["per_class"].values() if row["delta"] is not None]
    count = {key: sum(row["verdict"] == key for row in rows) for key in ("a", "b", "undecided")}
    return (
        f"Of {len(rows)} classes {a} is better on {count['a']}, {b} on {count['b']}, "
        f"{count['undecided']} are undecided."
    )


def _leader(delta: float, a: str, b: str) -> str:
    ahead, behind = (a, b) if delta >= 0 else (b, a)
    return f"{ahead} is ahead of {behind} by {abs(delta):.3f} mean IoU"


# --- words ---------------------------------------------------------------------------------------


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _percent(share: float) -> str:
    """A share with two digits that count: 0.041 % and not 0 %."""
    return f"{share * 100:.2g} %"


def _times(factor: float) -> str:
    return f"{factor:,.0f} times" if factor >= 10 else f"{factor:.1f} times"
