"""Charts of what runs cost."""

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from segcore.presentation.figures.style import EDGE, NEUTRAL, styled


@dataclass(frozen=True)
class Candidate:
    """A run as a point: how good and how fast it is."""

    name: str
    mean_iou: float
    p50_ms: float
    p95_ms: float
    color: str = NEUTRAL


def accuracy_against_latency(runs: Sequence[Candidate]) -> go.Figure:
    """Mean IoU over the time for one image; left and high is good.

    The line behind each point reaches to the 95th percentile of its time.
    """
    figure = go.Figure()
    for run in runs:
        figure.add_scatter(
            x=[run.p50_ms, run.p95_ms],
            y=[run.mean_iou] * 2,
            mode="lines",
            line={"color": run.color, "width": 2},
            opacity=0.5,
            hoverinfo="skip",
            showlegend=False,
        )
        figure.add_scatter(
            x=[run.p50_ms],
            y=[run.mean_iou],
            mode="markers+text",
            text=[run.name],
            textposition="top center",
            cliponaxis=False,
            marker={"color": run.color, "size": 13, "line": {"color": EDGE, "width": 1}},
            showlegend=False,
            hovertemplate=f"<b>{run.name}</b><br>mean IoU %{{y:.3f}}<br>%{{x:.0f}} ms, 95 % within "
            f"{run.p95_ms:.0f} ms<extra></extra>",
        )
    slowest = max((run.p95_ms for run in runs), default=1.0)
    best = max((run.mean_iou for run in runs), default=1.0)
    figure.update_xaxes(range=[0, slowest * 1.12], title="milliseconds an image, p50 to p95")
    figure.update_yaxes(range=[0, min(1.0, best * 1.25)], title="mean IoU")
    figure.update_layout(height=380)
    return styled(figure)
