"""Charts of what is lost in bad weather, light and cameras."""

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from segcore.presentation.figures.style import styled

SEVERITY_CHART = 210
"""Height in pixels."""


def severity_curves(
    runs: Sequence[tuple[str, str, Mapping[str, Sequence[float | None]]]],
) -> dict[str, go.Figure]:
    """Mean IoU over the severity of each corruption, on one scale.

    Args:
        runs: name, colour and `Robustness.curves` of each run.
    """
    known = [iou for *_, curves in runs for values in curves.values() for iou in values if iou]
    corruptions = dict.fromkeys(corruption for *_, curves in runs for corruption in curves)
    return {
        corruption: _severity_curve(
            [
                (name, color, curves[corruption])
                for name, color, curves in runs
                if corruption in curves
            ],
            max(known, default=1.0),
        )
        for corruption in corruptions
    }


def _severity_curve(
    runs: Sequence[tuple[str, str, Sequence[float | None]]], highest: float
) -> go.Figure:
    figure = go.Figure()
    for name, color, values in runs:
        figure.add_scatter(
            x=list(range(len(values))),
            y=values,
            mode="lines+markers",
            name=name,
            line={"color": color, "width": 2},
            marker={"size": 6},
            hovertemplate=f"{name}: mean IoU %{{y:.3f}} at severity %{{x}}<extra></extra>",
        )
    figure.update_xaxes(dtick=1, range=[-0.2, 5.2], title="severity")
    figure.update_yaxes(range=[0, highest * 1.08])
    figure.update_layout(height=SEVERITY_CHART, showlegend=False)
    return styled(figure)


def kept_shares(runs: Sequence[tuple[str, str, Mapping[str, float | None]]]) -> go.Figure:
    """Share of the clean mean IoU that is kept under each corruption.

    Args:
        runs: name, colour and corruption -> share kept, of each run.
    """
    names = sorted(runs[0][2], key=lambda name: runs[0][2][name] or 0.0, reverse=True)
    figure = go.Figure()
    for name, color, kept in runs:
        figure.add_bar(
            x=[kept.get(corruption) for corruption in names],
            y=names,
            orientation="h",
            name=name,
            marker={"color": color},
            hovertemplate=f"{name} keeps %{{x:.0%}} under %{{y}}<extra></extra>",
        )
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(rangemode="tozero", tickformat=".0%", title="of the mean IoU kept")
    figure.update_layout(height=30 * len(names) + 80, barmode="group")
    return styled(figure)
