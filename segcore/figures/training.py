"""Charts of how trainings went."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import plotly.graph_objects as go

from segcore.figures.style import styled, with_opacity

Axis = Literal["epoch", "minutes"]


@dataclass(frozen=True)
class Curve:
    """One run's rows of history.csv, as a chart shows them."""

    name: str
    color: str
    history: Sequence[Mapping[str, float]]
    best_epoch: int | None = None

    def values(self, column: str) -> np.ndarray:
        """(E,) float64 of that column, NaN where it is not recorded."""
        return np.array([row.get(column, np.nan) for row in self.history], dtype=np.float64)

    def along(self, axis: Axis) -> np.ndarray:
        """(E,) float64, the epoch or the minutes since the training began."""
        if axis == "epoch":
            return self.values("epoch")
        minutes: np.ndarray = np.cumsum(self.values("seconds")) / 60
        return minutes


def learning_curves(
    curves: Sequence[Curve], metric: str, axis: Axis = "epoch", legend: bool = True
) -> go.Figure:
    """Training (dashed) and validation (solid) of one metric, the gap between them shaded.

    Args:
        metric: column of history.csv; its validation twin is val_METRIC.
        legend: name the runs; one chart of several that show the same runs is enough.
    """
    figure = go.Figure()
    for curve in curves:
        x, train, val = curve.along(axis), curve.values(metric), curve.values(f"val_{metric}")
        shared = {"x": x, "mode": "lines+markers" if len(x) == 1 else "lines"}
        figure.add_scatter(
            **shared,
            y=train,
            showlegend=False,
            legendgroup=curve.name,
            opacity=0.75,
            line={"color": curve.color, "width": 1.6, "dash": "dash"},
            hovertemplate=f"{curve.name}, train: %{{y:.4f}}<extra></extra>",
        )
        figure.add_scatter(
            **shared,
            y=val,
            name=curve.name,
            legendgroup=curve.name,
            line={"color": curve.color, "width": 2.6},
            fill="tonexty",
            fillcolor=with_opacity(curve.color, 0.12),
            hovertemplate=f"{curve.name}, validation: %{{y:.4f}}<extra></extra>",
        )
        _add_best(figure, curve, x, val)
    return _curve_chart(figure, axis, 340, legend)


def single_curves(curves: Sequence[Curve], column: str, axis: Axis = "epoch") -> go.Figure:
    """A column of history.csv that has no validation twin, such as the learning rate."""
    figure = go.Figure()
    for curve in curves:
        x = curve.along(axis)
        figure.add_scatter(
            x=x,
            y=curve.values(column),
            name=curve.name,
            mode="lines+markers" if len(x) == 1 else "lines",
            line={"color": curve.color, "width": 2.2},
            hovertemplate=f"{curve.name}: %{{y:.4g}}<extra></extra>",
        )
    figure.update_yaxes(rangemode="tozero", exponentformat="power")
    return _curve_chart(figure, axis, 220, legend=False)


def _add_best(figure: go.Figure, curve: Curve, x: np.ndarray, val: np.ndarray) -> None:
    at = np.flatnonzero(curve.values("epoch") == curve.best_epoch)
    if not at.size:
        return
    figure.add_scatter(
        x=x[at],
        y=val[at],
        mode="markers",
        showlegend=False,
        legendgroup=curve.name,
        marker={
            "color": curve.color,
            "size": 12,
            "symbol": "star",
            "line": {"color": "white", "width": 1},
        },
        hovertemplate=f"{curve.name}: best epoch {curve.best_epoch}, %{{y:.4f}}<extra></extra>",
    )


def _curve_chart(figure: go.Figure, axis: Axis, height: int, legend: bool) -> go.Figure:
    ends = [trace.x[-1] for trace in figure.data if len(trace.x)]
    figure.update_xaxes(title={"text": axis, "standoff": 6}, range=[0, max(ends, default=1) * 1.03])
    figure.update_layout(height=height, hovermode="x unified", showlegend=legend)
    return styled(figure)
