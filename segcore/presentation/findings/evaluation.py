"""How good runs are, and which is better."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from segcore.presentation.findings.words import listed, percent


def headline(report: Mapping[str, Any], a: str, b: str) -> str:
    """Who is better on a split, from a comparison's report, for someone who reads nothing else."""
    if report["delta"] is None:
        return "No verdict: no pixel of the split is of a class that is scored"
    iou_a, iou_b = (
        "–" if iou is None else f"{iou:.3f}" for iou in (report["mean_iou_a"], report["mean_iou_b"])
    )
    if report["verdict"] == "a":
        return f"{a} is better: mean IoU {iou_a} against {iou_b} for {b}"
    if report["verdict"] == "b":
        return f"{b} is better: mean IoU {iou_b} against {iou_a} for {a}"
    manner = "Undecided" if report["verdict"] == "undecided" else "No verdict"
    return f"{manner}: {a} has a mean IoU of {iou_a}, {b} of {iou_b}"


def resampling(report: Mapping[str, Any]) -> str:
    """Where the interval of a difference is from and what it covers, or why there is none: of a
    comparison's report."""
    if report["reason"] is not None:
        return str(report["reason"])
    groups = report["groups"]
    low, high = report["ci95"]
    chance = " It holds 0, so chance may explain the difference." if low <= 0 <= high else ""
    if report["resampled_by"] == "sequence":
        return f"95 % interval from {groups} sequences, each left out in turn.{chance}"
    return (
        f"95 % interval from {groups} blocks of about {report['images'] / groups:.0f} neighbouring "
        f"images, each left out in turn.{chance} The split is a single sequence: the interval "
        "covers more of the same, not other places or cameras."
    )


def verdict(report: Mapping[str, Any], a: str, b: str) -> str:
    """The comparison in words: on how many classes each is better, and over all.

    "DANet better on 6 classes, U-Net on 2, undecided on 3; overall undecided: ..."; the one that is
    better on more classes comes first. Classes in too few groups of images have no verdict.
    """
    rows = [row for row in report["per_class"].values() if row["delta"] is not None]
    count = Counter(row["verdict"] for row in rows)
    (first, most), (second, fewer) = sorted(
        ((a, count["a"]), (b, count["b"])), key=lambda side: -side[1]
    )
    classes = (
        f"{first[0].upper()}{first[1:]} better on {most} {'class' if most == 1 else 'classes'}, "
        f"{second} on {fewer}, undecided on {count['undecided']}"
    )
    if count["none"]:
        classes += f", no verdict on {count['none']}"
    delta, (low, high) = report["delta"], report["ci95"]
    if delta is None:
        return "No class was scored."
    overall = {"a": f"{a} better", "b": f"{b} better", "none": "no verdict"}.get(
        report["verdict"], "undecided"
    )
    within = "" if low is None else f", interval {low:+.3f} to {high:+.3f}"
    return f"{classes}; overall {overall}: {delta:+.3f}{within} (mean IoU of {a} minus {b})."


def confused_pairs(matrix: np.ndarray, count: int, by_share: bool) -> list[tuple[int, int, float]]:
    """Which classes are most called another: (C, C) counts -> true id, predicted id, share.

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
        f"{name}: {percent(near)} of its errors lie within {d} pixels of a boundary, where "
        f"{percent(pixels)} of the pixels are."
    )


def temperatures(name: str, trust: Mapping[str, Any]) -> str | None:
    """What scaling a run's confidence would mend, from a report's `trust`."""
    if trust["temperatures"] is None:
        return None
    one, other = trust["temperatures"]
    manner = "well calibrated"
    if max(one, other) > 1 and min(one, other) >= 1:
        manner = "overconfident"
    if min(one, other) < 1 and max(one, other) <= 1:
        manner = "underconfident"
    before, after = trust["ece_before"] * 100, trust["ece_after"] * 100
    outcome = "" if after < before else ": temperature scaling does not help here"
    lowest, highest = trust["temperatures_tried"]
    ends = [
        f" {end:.2f} is the {which} that is tried: the best one may be {beyond}."
        for end, which, beyond in ((lowest, "lowest", "lower"), (highest, "highest", "higher"))
        if end in (one, other)
    ]
    return (
        f"{name} is {manner}: temperatures {one:.2f} and {other:.2f}; ECE {before:.1f} points "
        f"before, {after:.1f} after{outcome}.{''.join(ends)}"
    )


def kept(name: str, trust: Mapping[str, Any]) -> str | None:
    """How many pixels may be kept at the target accuracy, from a report's `trust`."""
    if trust["pixels_kept"] is None:
        return None
    if not trust["pixels_kept"]:
        target = f"{trust['target_accuracy'] * 100:.0f} %"
        return f"{name}: not even its most confident pixels are {target} accurate."
    return (
        f"{name}: its most confident {percent(trust['pixels_kept'])} of pixels are "
        f"{trust['target_accuracy'] * 100:.0f} % accurate."
    )


def calibration(errors: Sequence[tuple[str, float | None]]) -> str:
    """Whose confidence is nearer to the truth: name and expected calibration error of each run."""
    known = sorted((error, name) for name, error in errors if error is not None)
    if not known:
        return "No pixel was scored, so nothing can be said."
    parts = [f"{name} {error * 100:.1f} points" for error, name in known]
    return (
        f"Expected calibration error (15 bins): {listed(parts)}. "
        "Below the dotted line a model is overconfident."
    )


def robustness(name: str, report: Mapping[str, Any]) -> str | None:
    """How much a run keeps under corruptions and what costs it most: of a robustness report."""
    kept = {c: row["kept"] for c, row in report["corruptions"].items() if row["kept"] is not None}
    if not kept:
        return None
    worst, best = min(kept, key=lambda c: kept[c]), max(kept, key=lambda c: kept[c])
    return (
        f"{name} has mean IoU {report['mean_iou_corrupted']:.3f} over all corruptions and "
        f"severities, {report['mean_iou_clean']:.3f} as it is. It keeps "
        f"{percent(report['mean_kept'])} on average, least under "
        f"{worst} ({percent(kept[worst])}), most under {best} ({percent(kept[best])})."
    )


def more_robust(runs: Sequence[tuple[str, Mapping[str, Any]]]) -> str | None:
    """Who has the higher mean IoU under most of the corruptions that both are measured under."""
    (a, of_a), (b, of_b) = runs
    known = [{c for c, row in of["corruptions"].items() if row["kept"]} for of in (of_a, of_b)]
    both = known[0] & known[1]
    if not both:
        return None
    mean = [[sum(of["corruptions"][c]["mean_iou"][1:]) for c in both] for of in (of_a, of_b)]
    kept = [[of["corruptions"][c]["kept"] for c in both] for of in (of_a, of_b)]
    higher, higher_under = _more_often(a, b, *mean)
    keeper, keeps_under = _more_often(a, b, *kept)
    return (
        f"{higher} has the higher mean IoU under {higher_under} of {len(both)} corruptions, "
        f"{keeper} keeps more of its own under {keeps_under}."
    )


def _more_often(a: str, b: str, of_a: Sequence[float], of_b: Sequence[float]) -> tuple[str, int]:
    """Which of two is higher more often, and how often."""
    ahead = sum(x > y for x, y in zip(of_a, of_b, strict=True))
    behind = sum(x < y for x, y in zip(of_a, of_b, strict=True))
    return (a, ahead) if ahead >= behind else (b, behind)
