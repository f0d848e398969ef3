"""Charts of what a data set holds."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from segcore.labels import LabelSpace
from segcore.presentation.figures.style import EDGE, NEUTRAL, ROW, styled, with_opacity


def pixel_shares(
    shares: Mapping[str, np.ndarray], ids: Sequence[int], space: LabelSpace
) -> go.Figure:
    """Share of pixels per class, on a log axis: bars for the first split, marks for the others.

    Args:
        shares: split -> (C,) shares of its labelled pixels.
        ids: the classes to show, from top to bottom.
    """
    figure = _class_chart(shares, ids, "of pixels", space)
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


def image_shares(
    shares: Mapping[str, np.ndarray], ids: Sequence[int], space: LabelSpace
) -> go.Figure:
    """Share of images that hold the class; arguments as `pixel_shares`."""
    figure = _class_chart(shares, ids, "of images", space)
    figure.update_xaxes(range=[0, 1.04], tickformat=".0%", dtick=0.25)
    return figure


def _class_chart(
    shares: Mapping[str, np.ndarray], ids: Sequence[int], what: str, space: LabelSpace
) -> go.Figure:
    figure = go.Figure()
    names = [space.names[id_] for id_ in ids]
    for position, (split, share) in enumerate(shares.items()):
        values = [float(share[id_]) or None for id_ in ids]
        hover = f"<b>%{{y}}</b><br>{split}: %{{x:.3%}} {what}<extra></extra>"
        if position == 0:
            colors = [space.by_id[id_].hex_color for id_ in ids]
            marker: dict[str, Any] = {"color": colors, "line": {"color": EDGE, "width": 1}}
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
    figure.update_layout(height=ROW * len(names) + 70)
    figure.update_xaxes(showgrid=True)
    figure.update_yaxes(autorange="reversed", showgrid=False)
    return styled(figure)


def location_map(grid: np.ndarray, color: str) -> go.Figure:
    """Where in the image a class lives: (16, 32) share of each cell, from clear to its colour."""
    figure = go.Figure(
        go.Heatmap(
            z=grid,
            colorscale=[[0, with_opacity(color, 0)], [1, color]],
            zmin=0,
            showscale=False,
            hovertemplate="%{z:.1%} of this spot<extra></extra>",
        )
    )
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False, autorange="reversed")
    figure.update_layout(height=190, margin=dict.fromkeys("lrtb", 0))
    return styled(figure)


def share_against_iou(
    share: np.ndarray,
    scores: Sequence[tuple[str, str, Mapping[str, float | None]]],
    space: LabelSpace,
) -> go.Figure:
    """Does imbalance explain the errors? A dot per class and run: pixel share, log, against IoU.

    Args:
        share: (C,) shares of the training pixels.
        scores: name, colour and class -> IoU of each run.
    """
    figure = go.Figure()
    ends: dict[int, list[float]] = {}  # class -> its IoU in each run
    for name, color, iou in scores:
        known = {
            id_: value
            for id_ in space.evaluated_ids
            if share[id_] > 0 and (value := iou.get(space.names[id_])) is not None
        }
        for id_, value in known.items():
            ends.setdefault(id_, []).append(value)
        figure.add_scatter(
            x=[float(share[id_]) for id_ in known],
            y=list(known.values()),
            text=[space.names[id_] for id_ in known],
            mode="markers",
            name=name,
            marker={"color": color, "size": 10},
            hovertemplate=f"<b>%{{text}}</b><br>{name}: IoU %{{y:.3f}}<br>%{{x:.3%}} of the "
            "training pixels<extra></extra>",
        )
    _name_classes(figure, share, ends, space.names)
    figure.update_xaxes(type="log", title="share of training pixels", tickformat=".2~%", dtick=1)
    figure.update_yaxes(title="IoU", range=[-0.08, 1.1])
    figure.update_layout(height=460)
    return styled(figure)


NAME_HEIGHT, CHARACTER_WIDTH = 0.05, 0.011
"""Size of a class's name in the chart above: its height as a share of the IoU axis, a character's
width as a share of the chart's on a desktop."""


def _name_classes(
    figure: go.Figure,
    share: np.ndarray,
    ends: Mapping[int, Sequence[float]],
    names: Sequence[str],
) -> None:
    """A line between each class's dots and its name above or below them, where more room is."""
    ids = sorted(ends, key=lambda id_: share[id_])
    if not ids:
        return
    decades = max(1.0, float(np.log10(share[ids[-1]] / share[ids[0]])))
    centers = {id_: float(np.log10(share[id_])) / decades for id_ in ids}
    taken = [(centers[id_], iou, CHARACTER_WIDTH) for id_ in ids for iou in ends[id_]]
    heights: dict[int, float] = {}
    for id_ in ids:
        half = CHARACTER_WIDTH * len(names[id_]) / 2

        def crowd(y: float, at: float = centers[id_], half: float = half) -> int:
            """How much of what is there already a name at that height would lie on."""
            return sum(
                abs(at - x) < half + other and abs(y - iou) < NAME_HEIGHT for x, iou, other in taken
            )

        above, below = max(ends[id_]) + NAME_HEIGHT, min(ends[id_]) - NAME_HEIGHT
        heights[id_] = below if crowd(below) < crowd(above) else above
        taken.append((centers[id_], heights[id_], half))
    quiet: dict[str, Any] = {"hoverinfo": "skip", "showlegend": False}
    figure.add_scatter(
        x=[x for id_ in ids for x in (float(share[id_]), float(share[id_]), None)],
        y=[y for id_ in ids for y in (min(ends[id_]), max(ends[id_]), None)],
        mode="lines",
        line={"color": NEUTRAL, "width": 1},
        **quiet,
    )
    figure.add_scatter(
        x=[float(share[id_]) for id_ in ids],
        y=list(heights.values()),
        text=[names[id_] for id_ in ids],
        mode="text",
        textfont={"size": 11},
        **quiet,
    )


def region_sizes(regions: Mapping[str, np.ndarray], color: str) -> go.Figure:
    """How large the connected regions of a class are: share of its regions in each size bin.

    Args:
        regions: split -> (REGION_BINS,) counts; bin k holds regions of 2**k to 2**(k+1) - 1 pixels.
        color: of the first split; the others are outlined.
    """
    held = np.flatnonzero(np.sum(list(regions.values()), axis=0))
    bins = np.arange(held[0], held[-1] + 1) if held.size else np.arange(1)
    names = [_pixels(2.0**bin_) for bin_ in bins]
    figure = go.Figure()
    for position, (split, counts) in enumerate(regions.items()):
        share = counts[bins] / max(int(counts.sum()), 1)
        hover = f"{split}: %{{y:.1%}} of the regions have %{{x}} pixels or more, below twice that"
        if position == 0:
            marker = {"color": color, "line": {"color": EDGE, "width": 1}}
            figure.add_bar(x=names, y=share, name=split, marker=marker)
        else:
            line = {"color": EDGE, "width": 2, "shape": "hvh"}
            figure.add_scatter(x=names, y=share, name=split, mode="lines+markers", line=line)
        figure.data[-1].hovertemplate = f"{hover}<extra></extra>"
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    figure.update_xaxes(title="pixels of a region, and up", type="category")
    figure.update_layout(height=230)
    return styled(figure)


def seen_together(together: np.ndarray, ids: Sequence[int], space: LabelSpace) -> go.Figure:
    """Which classes occur together: share of the row's images that also hold the column's class.

    Args:
        together: (C, C) images that hold both classes; the diagonal is those that hold the class.
        ids: the classes to show.
    """
    chosen = list(ids)
    share = together[np.ix_(chosen, chosen)] / np.maximum(together[chosen, chosen], 1)[:, None]
    names = [space.names[id_] for id_ in chosen]
    hover = "%{z:.0%} of the images with <b>%{y}</b> also hold <b>%{x}</b><extra></extra>"
    figure = go.Figure(
        go.Heatmap(
            x=names,
            y=names,
            z=share,
            zmin=0,
            zmax=1,
            xgap=1,
            ygap=1,
            colorscale=[[0, with_opacity(NEUTRAL, 0.04)], [1, NEUTRAL]],
            showscale=False,
            hovertemplate=hover,
        )
    )
    figure.update_yaxes(autorange="reversed", showgrid=False, title="images with")
    figure.update_xaxes(showgrid=False, tickangle=-55, title="also hold")
    figure.update_layout(height=ROW * len(names) + 130)
    return styled(figure)


def _pixels(count: float) -> str:
    return f"{count:.0f}" if count < 1000 else f"{count / 1000:.0f} k"
