"""Sections of a report about what was measured besides the evaluation."""

import html
from collections.abc import Iterable, Sequence

from segcore.evaluation.cost import Cost
from segcore.evaluation.robustness import Robustness
from segcore.presentation import figures, findings, tables
from segcore.presentation.figures import Candidate
from segcore.presentation.report.document import Chart, Section
from segcore.presentation.sides import ScoredSide

ROBUSTNESS = (
    "Corrupted copies of the same images, at five severities; counting, policy and resolution are "
    "those of the scores. Kept is the mean IoU over the severities, as a share of that of the "
    "images as they are. Brightness, contrast, fog, motion blur, noise and JPEG after Hendrycks "
    "and Dietterich (2019); gamma, rain and night are our own."
)

COST = (
    "From an image of the network's own size to its labels, after a warm-up; p50 and p95 are over "
    "the repeats, of the whole batch; images a second are those of the best batch. An operation is "
    "an addition or a multiplication of a convolution or a matrix product, for one image. Memory "
    "is the peak of the whole process that measured, libraries included, or of the GPU. "
    "`python -m segcore cost --run RUN` measures a run again."
)


def robustness_section(measured: Sequence[tuple[ScoredSide, Robustness]]) -> list[Section]:
    """How much each run keeps in bad weather, light and cameras; none where nothing is measured."""
    if not measured:
        return []
    said = [findings.robustness(side.name, robustness) for side, robustness in measured]
    if len(measured) == 2:
        said.insert(
            0, findings.more_robust([(side.name, robustness) for side, robustness in measured])
        )
    shown = [
        (html.escape(side.name, quote=False), side.color, robustness)
        for side, robustness in measured
    ]
    kept = [(name, color, robustness.kept_shares) for name, color, robustness in shown]
    curves = figures.severity_curves(
        [(name, color, robustness.curves) for name, color, robustness in shown]
    )
    return [
        Section(
            "Bad weather, light and cameras",
            [sentence for sentence in said if sentence],
            [ROBUSTNESS],
            [
                Chart("Share of the mean IoU kept", figures.kept_shares(kept)),
                *(Chart(f"Mean IoU, {name}", curve) for name, curve in curves.items()),
            ],
            [tables.robustness([(side.title, robustness) for side, robustness in measured])],
        )
    ]


def candidate(side: ScoredSide, name: str, cost: Cost) -> Candidate:
    """The point of a scored run among others."""
    timing = cost.typical
    return Candidate(name, side.scores.mean_iou or 0.0, timing.p50_ms, timing.p95_ms, side.color)


def cost_section(sides: Iterable[ScoredSide], costs: Sequence[Cost | None]) -> Section:
    """What the runs take, as far as it was measured."""
    found = [(side, cost) for side, cost in zip(sides, costs, strict=True) if cost is not None]
    machines = sorted({f"{cost.machine}, {cost.measured[:10]}" for _, cost in found})
    points = [candidate(side, html.escape(side.name, quote=False), cost) for side, cost in found]
    chart = Chart("Mean IoU against latency", figures.accuracy_against_latency(points))
    listed = [(side.title, side.run, cost) for side, cost in zip(sides, costs, strict=True)]
    said = f"Measured on {'; '.join(machines)}." if found else "Not measured on any machine yet."
    return Section(
        "Cost",
        [said],
        [COST] if found else [],
        [chart] if found else [],
        [tables.costs(listed)],
        [tables.timings([(side.title, cost) for side, cost in found])] if found else [],
    )
