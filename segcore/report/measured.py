"""Sections of a report about what was measured besides the evaluation."""

import html
from collections.abc import Sequence

from segcore import figures, findings, tables
from segcore.report.document import Chart, Section
from segcore.robustness import Robustness
from segcore.sides import Side

ROBUSTNESS = (
    "Corrupted copies of the same images, at five severities; counting, policy and resolution are "
    "those of the scores. Kept is the mean IoU over the severities, as a share of that of the "
    "images as they are. Brightness, contrast, fog, motion blur, noise and JPEG after Hendrycks "
    "and Dietterich (2019); gamma, rain and night are our own."
)


def robustness_section(measured: Sequence[tuple[Side, Robustness]]) -> list[Section]:
    """How much each run keeps in bad weather, light and cameras; none where nothing is measured."""
    if not measured:
        return []
    reports = [(side, found.report()) for side, found in measured]
    said = [findings.robustness(side.name, report) for side, report in reports]
    if len(reports) == 2:
        said.insert(0, findings.more_robust([(side.name, report) for side, report in reports]))
    shown = [(html.escape(side.name, quote=False), side.color, of) for side, of in reports]
    kept = [
        (name, color, {c: row["kept"] for c, row in report["corruptions"].items()})
        for name, color, report in shown
    ]
    curves = figures.severity_curves(shown)
    return [
        Section(
            "Bad weather, light and cameras",
            [sentence for sentence in said if sentence],
            [ROBUSTNESS],
            [
                Chart("Share of the mean IoU kept", figures.kept_shares(kept)),
                *(Chart(f"Mean IoU, {name}", curve) for name, curve in curves.items()),
            ],
            [tables.robustness([(side.title, report) for side, report in reports])],
        )
    ]
