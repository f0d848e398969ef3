"""Charts of how trainings went."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go

from segcore.presentation.figures.style import styled, with_opacity
from segcore.presentation.figures.thinning import kept_points
from segcore.presentation.run_colors import RUN_A, RUN_B

MANY = 10
"""More curves than these are drawn by their validation alone."""

POINTS = 8000
"""Points of all curves of a chart together, of each line: 0.7 MB of JSON with both lines, smoothed.
"""

EPOCHS = 200
"""Columns of a map of epochs; more would be narrower than the gap between them."""

SIDES = (RUN_A, RUN_B)

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
    version: str | None = None  # changes with the histories; stands for them in a cache's key

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
    version = " ".join(curve.version for curve in curves if curve.version is not None)
    is_known = all(curve.version is not None for curve in curves)
    seeds = tuple(curve.history for curve in curves)
    return Curve(name, curves[0].color, history, seeds=seeds, version=version if is_known else None)


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
    highest validation. Of more than `MANY` curves validation alone is drawn, and only run A and
    run B are named beside the chart; the others where the pointer is.

    Args:
        metric: column of history.csv; its validation twin is val_METRIC.
        legend: name the runs; one chart of several that show the same runs is enough.
    """
    figure = go.Figure()
    many = len(curves) > MANY
    columns = (f"val_{metric}",) if many else (metric, f"val_{metric}")
    for curve in _sides_last(curves) if many else curves:
        drawn = _Drawn(figure, curve, view, columns, POINTS // len(curves))
        if many:
            is_side = curve.color in SIDES
            line = drawn.add_line(f"val_{metric}", "validation", width=2.6 if is_side else 1.4)
            line.update(showlegend=is_side, opacity=1 if is_side else 0.6)
        else:
            if curve.seeds:
                drawn.add_band(f"val_{metric}")
            train = drawn.add_line(metric, "train", width=1.6, dash="dash")
            line = drawn.add_line(f"val_{metric}", "validation", width=2.6)
            train.update(showlegend=False, opacity=0.75)
            if not curve.seeds:
                line.update(fill="tonexty", fillcolor=with_opacity(curve.color, 0.12))
        drawn.add_best(np.array(line.y))
    return _curve_chart(figure, view, 340, legend, many)


def single_curves(curves: Sequence[Curve], column: str, view: View = View()) -> go.Figure:
    """A column of history.csv that has no validation twin, such as the learning rate."""
    figure = go.Figure()
    for curve in curves:
        drawn = _Drawn(figure, curve, view, (column,), POINTS // len(curves))
        drawn.add_line(column, "", width=2.2)
    if not view.log:
        figure.update_yaxes(rangemode="tozero")
    figure.update_yaxes(exponentformat="power")
    return _curve_chart(figure, view, 220, legend=False, many=len(curves) > MANY)


def classes_over_epochs(
    rows: Sequence[Mapping[str, float]], color: str, best_epoch: int | None = None
) -> go.Figure:
    """Which classes were learnt when: validation IoU of each class after each epoch.

    Args:
        rows: of class_iou.csv, `epoch` and a column per class; classes without a value are left
            out.
        color: of full IoU; 0 is clear.
        best_epoch: whose values stand beside it in numbers, the best class on top; the last one
            where it is not among the rows. It is always drawn; of very many epochs some are.
    """
    kept = next((row for row in rows if row["epoch"] == best_epoch), rows[-1])
    if len(rows) > EPOCHS:
        spread = np.linspace(0, len(rows) - 1, EPOCHS).round().astype(int).tolist()
        rows = [rows[at] for at in sorted({*spread, rows.index(kept)})]
    names = [name for name in kept if name != "epoch" and np.isfinite(kept[name])]
    names.sort(key=lambda name: -kept[name])
    epochs = _column(rows, "epoch")
    left, right = epochs[0] - 0.5, epochs[-1] + 0.5
    figure = go.Figure(
        go.Heatmap(
            x=epochs,
            y=names,
            z=np.array([_column(rows, name) for name in names], np.float32),
            zmin=0,
            zmax=1,
            colorscale=[[0, with_opacity(color, 0.03)], [1, color]],
            showscale=False,
            xgap=1 if len(rows) <= 60 else 0,
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


class _Drawn:
    """A curve in a figure, with as many of its points as are worth it."""

    def __init__(
        self, figure: go.Figure, curve: Curve, view: View, columns: Sequence[str], most: int
    ) -> None:
        self._figure, self._curve, self._view = figure, curve, view
        values = [curve.values(column) for column in columns]
        best = np.flatnonzero(curve.values("epoch") == curve.best_epoch)
        self._kept = kept_points(values, most, best.tolist())
        self._x = curve.along(view.axis)[self._kept]
        self._best = np.flatnonzero(np.isin(self._kept, best))

    def add_line(self, column: str, what: str, **line: Any) -> go.Scatter:
        """Draws a column, smoothed over a faint line of what it was; returns the line."""
        curve, smoothing = self._curve, self._view.smoothing
        values = curve.values(column)
        line["color"] = curve.color
        shared = {
            "x": self._x,
            "legendgroup": curve.name,
            "mode": "lines+markers" if len(self._x) == 1 else "lines",
        }
        if smoothing:
            self._figure.add_scatter(
                **shared, y=values[self._kept], line={**line, "width": 1}, opacity=0.3,
                showlegend=False, hoverinfo="skip",
            )  # fmt: skip
            values = smoothed(values, smoothing)
        told = f"{curve.name}, {what}" if what else curve.name
        hover = f"{told}: %{{y:.4g}}<extra></extra>"
        self._figure.add_scatter(
            **shared, y=values[self._kept], name=curve.name, line=line, hovertemplate=hover
        )
        return self._figure.data[-1]

    def add_band(self, column: str) -> None:
        for position, edge in enumerate(self._curve.band(column)):
            self._figure.add_scatter(
                x=self._x,
                y=edge[self._kept],
                mode="lines",
                line={"width": 0},
                fill="tonexty" if position else None,
                fillcolor=with_opacity(self._curve.color, 0.2),
                legendgroup=self._curve.name,
                showlegend=False,
                hoverinfo="skip",
            )

    def add_best(self, val: np.ndarray) -> None:
        """A star at the best epoch, on the line with these values."""
        if not self._best.size:
            return
        curve = self._curve
        self._figure.add_scatter(
            x=self._x[self._best],
            y=val[self._best],
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


def _sides_last(curves: Sequence[Curve]) -> list[Curve]:
    """Run A and run B over the others."""
    return sorted(curves, key=lambda curve: curve.color in SIDES)


def _curve_chart(figure: go.Figure, view: View, height: int, legend: bool, many: bool) -> go.Figure:
    ends = [np.nanmax(trace.x) for trace in figure.data if np.isfinite(trace.x).any()]
    title = {"text": view.axis, "standoff": 6}
    figure.update_xaxes(title=title, range=[0, max(ends, default=1) * 1.03])
    if view.log:
        figure.update_yaxes(type="log", dtick="D2")
    hover = "closest" if many else "x unified"
    figure.update_layout(height=height, hovermode=hover, showlegend=legend)
    return styled(figure)
