"""Charts of how good runs are, and at what."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from segcore.colors import RUN_A, RUN_B
from segcore.figures.style import NEUTRAL, PAIR, styled, with_opacity
from segcore.labels import NAMES


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
    figure.update_layout(height=PAIR * len(names) + 70, barmode="group", legend_traceorder="normal")
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(range=[0, 1.02], dtick=0.2, showgrid=True)
    return styled(figure)


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
    figure.update_layout(height=PAIR * len(names) + 70)
    return styled(figure)


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
            colorscale=[[0, with_opacity(color, 0.0)], [1, color]],
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
    return styled(figure)


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
    return styled(figure)
