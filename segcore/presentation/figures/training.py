"""Charts of how trainings went."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go

from segcore.presentation.figures.style import styled, with_opacity

Axis = Literal["epoch", "minutes"]
History = Sequence[Mapping[str, float]]


@dataclass(frozen=True)
class Curve:
    """One run's rows of history.csv, or the mean of several seeds', as a chart shows them."""

    name: str
    color: str
    history: History
    best_epoch: int | None = None
    seeds: tuple[History, ...] = ()  # the histories that `history` is the mean of
    notes: tuple[str, ...] = ()  # what a reader of an imported log must know

    def values(self, column: str) -> np.ndarray:
        """(E,) float64 of that column, NaN where it is not recorded."""
        return _column(self.history, column)

    def band(self, column: str) -> tuple[np.ndarray, np.ndarray]:
        """(E,) lowest and (E,) highest value among the seeds."""
        stacked = np.stack([_column(seed[: len(self.history)], column) for seed in self.seeds])
        return stacked.min(axis=0), stacked.max(axis=0)

    def along(self, axis: Axis) -> np.ndarray:
        """(E,) float64, the epoch or the minutes since the training began."""
        if axis == "epoch":
            return self.values("epoch")
        minutes: np.ndarray = np.cumsum(self.values("seconds")) / 60
        return minutes


@dataclass(frozen=True)
class View:
    """How curves are drawn.

    Attributes:
        smoothing: weight of the past in an exponential moving average, 0 (none) to below 1.
        log: a logarithmic value axis.
    """

    axis: Axis = "epoch"
    smoothing: float = 0.0
    log: bool = False


def mean_of_seeds(curves: Sequence[Curve], name: str) -> Curve:
    """Several seeds of one recipe as one curve, over the epochs that all of them have."""
    epochs = min(len(curve.history) for curve in curves)
    columns = dict.fromkeys(key for curve in curves for key in curve.history[0])
    means = {key: np.mean([curve.values(key)[:epochs] for curve in curves], 0) for key in columns}
    history = [{key: float(mean[epoch]) for key, mean in means.items()} for epoch in range(epochs)]
    return Curve(name, curves[0].color, history, None, tuple(curve.history for curve in curves))


def smoothed(values: np.ndarray, weight: float) -> np.ndarray:
    """(E,) exponential moving average without the pull to 0 of its start; NaN stays NaN.

    The debiased average that TensorBoard draws.
    """
    result = np.full(len(values), np.nan)
    average, total = 0.0, 0.0
    for index in np.flatnonzero(np.isfinite(values)):
        average = average * weight + values[index] * (1 - weight)
        total = total * weight + (1 - weight)
        result[index] = average / total
    return result


def learning_curves(
    curves: Sequence[Curve], metric: str, view: View = View(), legend: bool = True
) -> go.Figure:
    """Training (dashed) and validation (solid) of one metric.

    The gap between the two is shaded; of a mean of seeds, what lies between the lowest and the
    highest validation.

    Args:
        metric: column of history.csv; its validation twin is val_METRIC.
        legend: name the runs; one chart of several that show the same runs is enough.
    """
    figure = go.Figure()
    for curve in curves:
        x = curve.along(view.axis)
        if curve.seeds:
            _add_band(figure, curve, x, f"val_{metric}")
        train = _add_line(figure, curve, x, metric, view, "train", width=1.6, dash="dash")
        val = _add_line(figure, curve, x, f"val_{metric}", view, "validation", width=2.6)
        train.update(showlegend=False, opacity=0.75)
        if not curve.seeds:
            val.update(fill="tonexty", fillcolor=with_opacity(curve.color, 0.12))
        _add_best(figure, curve, x, np.array(val.y))
    return _curve_chart(figure, view, 340, legend)


def single_curves(curves: Sequence[Curve], column: str, view: View = View()) -> go.Figure:
    """A column of history.csv that has no validation twin, such as the learning rate."""
    figure = go.Figure()
    for curve in curves:
        _add_line(figure, curve, curve.along(view.axis), column, view, "", width=2.2)
    if not view.log:
        figure.update_yaxes(rangemode="tozero")
    figure.update_yaxes(exponentformat="power")
    return _curve_chart(figure, view, 220, legend=False)


def classes_over_epochs(
    rows: Sequence[Mapping[str, float]], color: str, best_epoch: int | None = None
) -> go.Figure:
    """Which classes were learnt when: validation IoU of each class after each epoch.

    Args:
        rows: of class_iou.csv, `epoch` and a column per class; classes without a value are left
            out.
        color: of full IoU; 0 is clear.
        best_epoch: whose values stand beside it in numbers, the best class on top; the last one
            where it is not among the rows.
    """
    kept = next((row for row in rows if row["epoch"] == best_epoch), rows[-1])
    names = [name for name in kept if name != "epoch" and np.isfinite(kept[name])]
    names.sort(key=lambda name: -kept[name])
    epochs = _column(rows, "epoch")
    left, right = epochs[0] - 0.5, epochs[-1] + 0.5
    figure = go.Figure(
        go.Heatmap(
            x=epochs,
            y=names,
            z=[_column(rows, name) for name in names],
            zmin=0,
            zmax=1,
            colorscale=[[0, with_opacity(color, 0.03)], [1, color]],
            showscale=False,
            xgap=1,
            ygap=2,
            hovertemplate="<b>%{y}</b> after epoch %{x}: IoU %{z:.3f}<extra></extra>",
        )
    )
    figure.add_scatter(
        x=[right] * len(names),
        y=names,
        text=[f" {kept[name]:.2f}" for name in names],
        mode="text",
        textposition="middle right",
        cliponaxis=False,
        hoverinfo="skip",
        showlegend=False,
    )
    figure.update_yaxes(autorange="reversed", showgrid=False)
    whole = {"dtick": 1} if len(rows) <= 12 else {}
    figure.update_xaxes(title="epoch", showgrid=False, range=[left, right], **whole)
    figure.update_layout(height=24 * len(names) + 60, margin={"r": 52})
    return styled(figure)


def _column(history: History, column: str) -> np.ndarray:
    return np.array([row.get(column, np.nan) for row in history], dtype=np.float64)


def _add_line(
    figure: go.Figure, curve: Curve, x: np.ndarray, column: str, view: View, what: str, **line: Any
) -> go.Scatter:
    """Draws a column, smoothed over a faint line of what it was; returns the line."""
    values = curve.values(column)
    line["color"] = curve.color
    shared = {
        "x": x,
        "legendgroup": curve.name,
        "mode": "lines+markers" if len(x) == 1 else "lines",
    }
    if view.smoothing:
        figure.add_scatter(
            **shared, y=values, line={**line, "width": 1}, opacity=0.3, showlegend=False,
            hoverinfo="skip",
        )  # fmt: skip
        values = smoothed(values, view.smoothing)
    told = f"{curve.name}, {what}" if what else curve.name
    hover = f"{told}: %{{y:.4g}}<extra></extra>"
    figure.add_scatter(**shared, y=values, name=curve.name, line=line, hovertemplate=hover)
    return figure.data[-1]


def _add_band(figure: go.Figure, curve: Curve, x: np.ndarray, column: str) -> None:
    for position, edge in enumerate(curve.band(column)):
        figure.add_scatter(
            x=x,
            y=edge,
            mode="lines",
            line={"width": 0},
            fill="tonexty" if position else None,
            fillcolor=with_opacity(curve.color, 0.2),
            legendgroup=curve.name,
            showlegend=False,
            hoverinfo="skip",
        )


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


def _curve_chart(figure: go.Figure, view: View, height: int, legend: bool) -> go.Figure:
    ends = [np.nanmax(trace.x) for trace in figure.data if np.isfinite(trace.x).any()]
    title = {"text": view.axis, "standoff": 6}
    figure.update_xaxes(title=title, range=[0, max(ends, default=1) * 1.03])
    if view.log:
        figure.update_yaxes(type="log", dtick="D2")
    figure.update_layout(height=height, hovermode="x unified", showlegend=legend)
    return styled(figure)
