"""How good runs are, and which is better."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from segcore.evaluation.calibration import TARGET, TEMPERATURES, Scaling
from segcore.evaluation.comparison import Comparison
from segcore.evaluation.error_breakdown import ErrorShares
from segcore.evaluation.robustness import Robustness
from segcore.evaluation.scores import Scores
from segcore.presentation.findings.words import listed, percent


def headline(comparison: Comparison, a: str, b: str) -> str:
    """Who is better on a split, for someone who reads nothing else."""
    if comparison.mean_iou.delta is None:
        return "No verdict: no pixel of the split is of a class that is scored"
    iou_a, iou_b = (
        "–" if side.scores.mean_iou is None else f"{side.scores.mean_iou:.3f}"
        for side in (comparison.a, comparison.b)
    )
    known = comparison.mean_iou.verdict
    if known == "a":
        return f"{a} is better: mean IoU {iou_a} against {iou_b} for {b}"
    if known == "b":
        return f"{b} is better: mean IoU {iou_b} against {iou_a} for {a}"
    manner = "Undecided" if known == "undecided" else "No verdict"
    return f"{manner}: {a} has a mean IoU of {iou_a}, {b} of {iou_b}"


def standing(name: str, scores: Scores) -> str:
    """What a run reaches on a split by itself, and where it is best and worst."""
    iou = {class_: value for class_, value in scores.class_iou.items() if value is not None}
    if scores.mean_iou is None or not iou:
        return f"{name} has no score: no pixel of the split is of a class that is scored"
    said = f"{name} has a mean IoU of {scores.mean_iou:.3f}"
    if len(iou) < 2:
        return said
    best, worst = max(iou, key=lambda name: iou[name]), min(iou, key=lambda name: iou[name])
    return f"{said}, best at {best} ({iou[best]:.2f}), worst at {worst} ({iou[worst]:.2f})"


def resampling(comparison: Comparison) -> str:
    """Where the interval of a difference is from and what it covers, or why there is none."""
    overall = comparison.mean_iou
    if overall.interval is None:
        return str(overall.reason)
    groups, (low, high) = overall.groups, overall.interval
    chance = " It contains 0, so chance may explain the difference." if low <= 0 <= high else ""
    if comparison.resampled_by == "sequence":
        return f"95 % interval from {groups} sequences, each left out in turn.{chance}"
    return (
        f"95 % interval from {groups} blocks of about {comparison.a.images / groups:.0f} "
        f"neighbouring images, each left out in turn.{chance} The split is a single sequence: the "
        "interval covers more of the same, not other places or cameras."
    )


def verdict(comparison: Comparison, a: str, b: str) -> str:
    """The comparison in words: on how many classes each is better, and over all.

    "DANet better on 6 classes, U-Net on 2, undecided on 3; overall undecided: ..."; the one that is
    better on more classes comes first. Classes in too few groups of images have no verdict.
    """
    scored = [
        difference for difference in comparison.per_class.values() if difference.delta is not None
    ]
    count = Counter(difference.verdict for difference in scored)
    (first, most), (second, fewer) = sorted(
        ((a, count["a"]), (b, count["b"])), key=lambda side: -side[1]
    )
    classes = (
        f"{first[0].upper()}{first[1:]} better on {most} {'class' if most == 1 else 'classes'}, "
        f"{second} on {fewer}, undecided on {count['undecided']}"
    )
    if count["none"]:
        classes += f", no verdict on {count['none']}"
    overall = comparison.mean_iou
    if overall.delta is None:
        return "No class was scored."
    winner = {"a": f"{a} better", "b": f"{b} better", "none": "no verdict"}.get(
        overall.verdict, "undecided"
    )
    within = (
        ""
        if overall.interval is None
        else ", interval {:+.3f} to {:+.3f}".format(*overall.interval)
    )
    return f"{classes}; overall {winner}: {overall.delta:+.3f}{within} (mean IoU of {a} minus {b})."


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


def most_confused(runs: Sequence[tuple[str, np.ndarray]], names: Sequence[str]) -> str:
    """Which class each run most calls another, by share of the class: name, (C, C) counts.

    Args:
        names: of the classes by id.
    """
    said = [
        f"{name} takes {percent(share)} of {names[truth]} for {names[predicted]}"
        for name, matrix in runs
        for truth, predicted, share in confused_pairs(matrix, 1, by_share=True)
    ]
    return f"Most confused: {listed(said)}" if said else "No class is taken for another"


def error_bands(name: str, shares: ErrorShares, d: int) -> str:
    """Whether a run errs along the outlines or inside regions."""
    near, pixels = shares.errors_near, shares.pixels_near
    if near is None or pixels is None:
        return f"{name} makes no error."
    return (
        f"{name}: {percent(near)} of its errors lie within {d} pixels of a boundary, where "
        f"{percent(pixels)} of the pixels are."
    )


def temperatures(name: str, scaling: Scaling | None) -> str | None:
    """What scaling a run's confidence would mend."""
    if scaling is None:
        return None
    one, other = scaling.temperatures
    manner = "well calibrated"
    if max(one, other) > 1 and min(one, other) >= 1:
        manner = "overconfident"
    if min(one, other) < 1 and max(one, other) <= 1:
        manner = "underconfident"
    before, after = scaling.ece_before * 100, scaling.ece_after * 100
    outcome = "" if after < before else ": temperature scaling does not help here"
    lowest, highest = float(TEMPERATURES[0]), float(TEMPERATURES[-1])
    ends = [
        f" {end:.2f} is the {which} that is tried: the best one may be {beyond}."
        for end, which, beyond in ((lowest, "lowest", "lower"), (highest, "highest", "higher"))
        if end in (one, other)
    ]
    return (
        f"{name} is {manner}: temperatures {one:.2f} and {other:.2f}; ECE {before:.1f} points "
        f"before, {after:.1f} after{outcome}.{''.join(ends)}"
    )


def kept(name: str, share: float | None) -> str | None:
    """What share of pixels may be kept at the target accuracy, as `Trust.kept` has it."""
    if share is None:
        return None
    target = f"{TARGET * 100:.0f} % accurate"
    if not share:
        return f"{name}: not even its most confident pixels are {target}."
    return f"{name}: its most confident {percent(share)} of pixels are {target}."


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


def better_calibrated(errors: Sequence[tuple[str, float | None]]) -> str:
    """Whose confidence is nearer to the truth, for someone who reads nothing else."""
    known = sorted((error, name) for name, error in errors if error is not None)
    if not known:
        return "Whether the confidence is near to the truth is not known"
    if len(known) == 1:
        return f"The confidence of {known[0][1]} is {known[0][0] * 100:.1f} points off"
    (low, better), (high, worse) = known
    if f"{low * 100:.1f}" == f"{high * 100:.1f}":
        return f"{better} and {worse} are equally well calibrated: {low * 100:.1f} points off"
    return (
        f"{better} is better calibrated: its confidence is {low * 100:.1f} points off, "
        f"that of {worse} {high * 100:.1f}"
    )


def faster(times: Sequence[tuple[str, float]]) -> str:
    """Who labels an image in less time: name and milliseconds of each run that is measured."""
    known = sorted((ms, name) for name, ms in times)
    if not known:
        return "What labelling costs is not measured on this machine yet"
    if len(known) == 1:
        return f"{known[0][1]} labels an image in {known[0][0]:.0f} ms"
    (short, fast), (long, slow) = known
    return f"{fast} labels an image in {short:.0f} ms, {slow} in {long:.0f} ms"


def robustness(name: str, measured: Robustness) -> str | None:
    """How much a run keeps under corruptions and what costs it most."""
    kept = {c: share for c, share in measured.kept_shares.items() if share is not None}
    if not kept:
        return None
    worst, best = min(kept, key=lambda c: kept[c]), max(kept, key=lambda c: kept[c])
    return (
        f"{name} has mean IoU {measured.mean_iou_corrupted():.3f} over all corruptions and "
        f"severities, {measured.mean_iou_clean:.3f} as it is. It keeps "
        f"{percent(measured.mean_kept() or 0.0)} on average, least under "
        f"{worst} ({percent(kept[worst])}), most under {best} ({percent(kept[best])})."
    )


def keeps(name: str, measured: Robustness) -> str | None:
    """How much a run keeps under corruptions, for someone who reads nothing else."""
    kept = measured.mean_kept()
    if kept is None:
        return None
    return f"{name} keeps {percent(kept)} of its mean IoU in bad weather and light"


def more_robust(runs: Sequence[tuple[str, Robustness]]) -> str | None:
    """Who has the higher mean IoU under most of the corruptions that both are measured under."""
    (a, of_a), (b, of_b) = runs
    known = [{c for c, share in one.kept_shares.items() if share} for one in (of_a, of_b)]
    both = known[0] & known[1]
    if not both:
        return None
    mean = [[sum(filter(None, one.curves[c][1:])) for c in both] for one in (of_a, of_b)]
    kept = [[one.kept_shares[c] or 0.0 for c in both] for one in (of_a, of_b)]
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
