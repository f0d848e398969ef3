"""Plotly figures: pure functions from data to `go.Figure`.

One template serves the light and the dark theme: backgrounds are clear, lines and text are of a
grey that reads on both, and a class whose own colour is near black keeps a visible edge. Where
colour would have to tell classes apart, their names stand beside it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go

from segcore.labels import EVALUATED_IDS, LABELS, NAMES

RUN_A = "#2f6fed"
RUN_B = "#f08c2e"
MORE_RUNS = ("#17a398", "#a259d9", "#d6456b", "#7a8b2a")
"""Colours of the runs of a chart that are neither A nor B."""

NEUTRAL = "#8a8f98"
_GRID = "rgba(138, 143, 152, 0.22)"
_EDGE = "rgba(138, 143, 152, 0.9)"
_ROW = 24  # pixels of a bar chart's row
_PAIR = 30  # and of one with two bars
_MARGIN = {"l": 12, "r": 18, "t": 8, "b": 8}

TEMPLATE = go.layout.Template(
    layout={
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": NEUTRAL, "size": 13},
        "colorway": [RUN_A, RUN_B, *MORE_RUNS],
        "xaxis": {"gridcolor": _GRID, "zeroline": False, "fixedrange": True},
        "yaxis": {"gridcolor": _GRID, "zeroline": False, "fixedrange": True},
        "legend": {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "xanchor": "left"},
        "hoverlabel": {"font": {"size": 13}},
        "bargap": 0.28,
    }
)

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


# --- data ----------------------------------------------------------------------------------------


def pixel_shares(shares: Mapping[str, np.ndarray], ids: Sequence[int]) -> go.Figure:
    """Share of pixels per class, on a log axis: bars for the first split, diamonds for the others.

    Args:
        shares: split -> (34,) shares of its labelled pixels.
        ids: the classes to show, from top to bottom.
    """
    figure = _class_chart(shares, ids, "of pixels")
    held = np.concatenate([share[list(ids)] for share in shares.values()])
    held = held[held > 0]
    lowest = np.floor(np.log10(held.min() * 0.7)) if held.size else -5
    ticks = [10.0**power for power in range(int(lowest), 1)]
    figure.update_xaxes(
        type="log",
        range=[lowest, 0.05],
        tickvals=ticks,
        ticktext=[f"{tick * 100:g} %" for tick in ticks],
    )
    return figure


def image_shares(shares: Mapping[str, np.ndarray], ids: Sequence[int]) -> go.Figure:
    """Share of images that hold the class; arguments as `pixel_shares`."""
    figure = _class_chart(shares, ids, "of images")
    figure.update_xaxes(range=[0, 1.04], tickformat=".0%", dtick=0.25)
    return figure


def _class_chart(shares: Mapping[str, np.ndarray], ids: Sequence[int], what: str) -> go.Figure:
    figure = go.Figure()
    names = [NAMES[id_] for id_ in ids]
    for position, (split, share) in enumerate(shares.items()):
        values = [float(share[id_]) or None for id_ in ids]
        hover = f"<b>%{{y}}</b><br>{split}: %{{x:.3%}} {what}<extra></extra>"
        if position == 0:
            colors = [LABELS[id_].hex_color for id_ in ids]
            marker: dict[str, Any] = {"color": colors, "line": {"color": _EDGE, "width": 1}}
            figure.add_bar(
                x=values, y=names, orientation="h", name=split, marker=marker, hovertemplate=hover
            )
        else:
            symbol = ("diamond", "circle")[(position - 1) % 2]
            marker = {"symbol": symbol, "size": 10, "color": "white"}
            marker["line"] = {"color": "#30343b", "width": 2}
            figure.add_scatter(
                x=values, y=names, mode="markers", name=split, marker=marker, hovertemplate=hover
            )
    figure.update_layout(height=_ROW * len(names) + 70)
    figure.update_xaxes(showgrid=True)
    figure.update_yaxes(autorange="reversed", showgrid=False)
    return _styled(figure)


def location_map(grid: np.ndarray, color: str) -> go.Figure:
    """Where in the image a class lives: (16, 32) share of each cell, from clear to its colour."""
    figure = go.Figure(
        go.Heatmap(
            z=grid,
            colorscale=[[0, _with_opacity(color, 0)], [1, color]],
            zmin=0,
            showscale=False,
            hovertemplate="%{z:.1%} of this spot<extra></extra>",
        )
    )
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False, autorange="reversed")
    figure.update_layout(height=190, margin=dict.fromkeys("lrtb", 0))
    return _styled(figure)


def share_against_iou(
    share: np.ndarray, scores: Sequence[tuple[str, str, Mapping[str, float | None]]]
) -> go.Figure:
    """Does imbalance explain the errors? A dot per class and run: pixel share, log, against IoU.

    Args:
        share: (34,) shares of the training pixels.
        scores: name, colour and class -> IoU of each run.
    """
    figure = go.Figure()
    for position, (name, color, iou) in enumerate(scores):
        ids = [id_ for id_ in EVALUATED_IDS if share[id_] > 0 and iou.get(NAMES[id_]) is not None]
        figure.add_scatter(
            x=[float(share[id_]) for id_ in ids],
            y=[iou[NAMES[id_]] for id_ in ids],
            text=[NAMES[id_] for id_ in ids],
            # One run names the classes: the other's dots lie straight above or below.
            mode="markers+text" if position == 0 else "markers",
            textposition="bottom center",
            textfont={"size": 11},
            name=name,
            marker={"color": color, "size": 11},
            hovertemplate=f"<b>%{{text}}</b><br>{name}: IoU %{{y:.3f}}<br>%{{x:.3%}} of the "
            "training pixels<extra></extra>",
        )
    figure.update_xaxes(type="log", title="share of training pixels", tickformat=".2~%", dtick=1)
    figure.update_yaxes(title="IoU", range=[-0.08, 1.04])
    figure.update_layout(height=380)
    return _styled(figure)


# --- training ------------------------------------------------------------------------------------


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
            fillcolor=_with_opacity(curve.color, 0.12),
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
    return _styled(figure)


# --- evaluation ----------------------------------------------------------------------------------


def class_iou(scores: Sequence[tuple[str, str, Mapping[str, float | None]]]) -> go.Figure:
    """IoU per class of each run, as bars: the first run's best class on top.

    Args:
        scores: name, colour and class -> IoU (None where it is not in the truth) of each run.
    """
    first = scores[0][2]
    names = [name for name, iou in first.items() if iou is not None]
    names.sort(key=lambda name: first[name] or 0.0, reverse=True)
    figure = go.Figure()
    for name, color, iou in scores:
        figure.add_bar(
            x=[iou.get(class_) for class_ in names],
            y=names,
            orientation="h",
            name=name,
            marker={"color": color},
            hovertemplate=f"<b>%{{y}}</b><br>{name}: %{{x:.3f}}<extra></extra>",
        )
    figure.update_layout(
        height=_PAIR * len(names) + 70, barmode="group", legend_traceorder="normal"
    )
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(range=[0, 1.02], dtick=0.2, showgrid=True)
    return _styled(figure)


def class_differences(per_class: Mapping[str, Mapping[str, Any]], a: str, b: str) -> go.Figure:
    """A minus B per class with its 95 % interval; hollow where the interval holds 0.

    Args:
        per_class: name -> {delta, ci95, verdict}, of a comparison's report.
        a, b: names of the runs.
    """
    known = {name: row for name, row in per_class.items() if row["delta"] is not None}
    names = sorted(known, key=lambda name: float(known[name]["delta"]), reverse=True)
    delta = np.array([known[name]["delta"] for name in names])
    low, high = np.array(
        [[np.nan if end is None else end for end in known[name]["ci95"]] for name in names]
    ).T.reshape(2, -1)
    colors = {"a": RUN_A, "b": RUN_B, "undecided": NEUTRAL}
    color = [colors[known[name]["verdict"]] for name in names]
    decided = [known[name]["verdict"] != "undecided" for name in names]
    figure = go.Figure()
    for name, left, right, of in zip(names, low, high, color, strict=True):
        figure.add_scatter(
            x=[left, right], y=[name, name], mode="lines", line={"color": of, "width": 3},
            showlegend=False, hoverinfo="skip",
        )  # fmt: skip
    figure.add_scatter(
        x=delta,
        y=names,
        mode="markers",
        showlegend=False,
        marker={
            "color": color,
            "size": 11,
            "symbol": ["circle" if is_decided else "circle-open" for is_decided in decided],
            "line": {"width": 2, "color": color},
        },
        customdata=np.stack([low, high], axis=1),
        hovertemplate="<b>%{y}</b><br>%{x:+.3f}, 95 %: %{customdata[0]:+.3f} to "
        "%{customdata[1]:+.3f}<extra></extra>",
    )
    figure.add_vline(x=0, line={"color": NEUTRAL, "width": 1.5})
    reach = np.nanmax(np.abs([*delta, *low, *high, 0.01])) * 1.1
    figure.update_xaxes(range=[-reach, reach], title=f"← {b} better · {a} better →")
    figure.update_yaxes(autorange="reversed")
    figure.update_layout(height=_PAIR * len(names) + 70)
    return _styled(figure)


def confusion(matrix: np.ndarray, color: str, ids: Sequence[int]) -> go.Figure:
    """Where the pixels of each class went, each row adding up to 1.

    Args:
        matrix: (34, 34) counts, truth in the rows.
        ids: the classes to show; predictions of any other class are summed in a last column.
    """
    chosen = list(ids)
    rows = matrix[chosen].astype(np.float64)
    shown = np.concatenate([rows[:, chosen], np.zeros((len(chosen), 1))], axis=1)
    shown[:, -1] = rows.sum(axis=1) - shown.sum(axis=1)
    share = shown / np.maximum(rows.sum(axis=1, keepdims=True), 1)
    names = [NAMES[id_] for id_ in chosen]
    columns = [*names, "other"]
    if not shown[:, -1].any():
        share, columns = share[:, :-1], names
    figure = go.Figure(
        go.Heatmap(
            z=share,
            x=columns,
            y=names,
            colorscale=[[0, _with_opacity(color, 0.0)], [1, color]],
            zmin=0,
            zmax=1,
            showscale=False,
            xgap=1,
            ygap=1,
            hovertemplate="%{z:.1%} of <b>%{y}</b> was called <b>%{x}</b><extra></extra>",
        )
    )
    # White reads on a full cell in both themes; elsewhere the text takes the theme's colour.
    for cells, font in ((share >= 0.5, {"color": "white"}), ((share >= 0.01) & (share < 0.5), {})):
        rows_at, columns_at = np.nonzero(cells)
        figure.add_scatter(
            x=[columns[column] for column in columns_at],
            y=[names[row] for row in rows_at],
            text=[f"{value * 100:.0f}" for value in share[cells]],
            mode="text",
            textfont={"size": 10, **font},
            hoverinfo="skip",
            showlegend=False,
        )
    figure.update_yaxes(autorange="reversed", showgrid=False, title="truth")
    figure.update_xaxes(showgrid=False, side="bottom", tickangle=-55, title="prediction")
    figure.update_layout(height=23 * len(names) + 150)
    return _styled(figure)


def reliability(
    runs: Sequence[tuple[str, str, np.ndarray, np.ndarray, np.ndarray]],
) -> go.Figure:
    """How often a prediction of some confidence is right; on the diagonal it is honest.

    Args:
        runs: name, colour and the bins (15,) of pixels, of correct pixels and of summed confidence.
    """
    figure = go.Figure()
    line = {"color": NEUTRAL, "width": 1.2, "dash": "dot"}
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line=line, name="as sure as right", hoverinfo="skip"
    )
    for name, color, pixels, correct, confidence in runs:
        held = pixels > 0
        share = pixels[held] / max(pixels.sum(), 1)
        figure.add_scatter(
            x=confidence[held] / pixels[held],
            y=correct[held] / pixels[held],
            mode="lines+markers",
            name=name,
            line={"color": color, "width": 2},
            marker={"size": 6 + 18 * np.sqrt(share)},
            customdata=share,
            hovertemplate=f"{name}: %{{x:.0%}} sure, %{{y:.1%}} right<br>%{{customdata:.1%}} of "
            "the pixels<extra></extra>",
        )
    figure.update_xaxes(range=[0, 1.03], tickformat=".0%", title="confidence")
    figure.update_yaxes(range=[0, 1.03], tickformat=".0%", title="right")
    figure.update_layout(height=360)
    return _styled(figure)


# --- style ---------------------------------------------------------------------------------------


def _with_opacity(color: str, opacity: float) -> str:
    red, green, blue = (int(color[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {opacity:g})"


def _styled(figure: go.Figure) -> go.Figure:
    # In the figure itself where a page's theme would override the template.
    figure.update_xaxes(automargin=True)
    figure.update_yaxes(automargin=True)
    if figure.layout.margin.l is None:
        figure.update_layout(margin=_MARGIN)
    return figure.update_layout(template=TEMPLATE)
