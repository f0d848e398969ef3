"""Charts of how good runs are, and at what."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from segcore.evaluation.comparison import Difference
from segcore.evaluation.error_breakdown import SIZE_NAMES, SIZE_STARTS, ErrorShares, RegionRecall
from segcore.presentation.figures.style import NEUTRAL, PAIR, readable_on, styled, with_opacity
from segcore.presentation.run_colors import RUN_A, RUN_B


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


def class_differences(per_class: Mapping[str, Difference], a: str, b: str) -> go.Figure:
    """A minus B per class with its 95 % interval; hollow where that holds 0 or there is none.

    Args:
        per_class: of a comparison.
        a, b: names of the runs.
    """
    known = {
        name: difference.delta
        for name, difference in per_class.items()
        if difference.delta is not None
    }
    names = sorted(known, key=lambda name: known[name], reverse=True)
    delta = np.array([known[name] for name in names])
    ends = [per_class[name].interval or (np.nan, np.nan) for name in names]
    low, high = np.array(ends).T.reshape(2, -1)
    colors = {"a": RUN_A, "b": RUN_B, "undecided": NEUTRAL, "none": NEUTRAL}
    verdicts = [per_class[name].verdict for name in names]
    color = [colors[verdict] for verdict in verdicts]
    decided = [verdict in ("a", "b") for verdict in verdicts]
    figure = go.Figure()
    for verdict in dict.fromkeys(verdicts):  # one line with gaps, as each trace takes its time
        places = [index for index, other in enumerate(verdicts) if other == verdict]
        figure.add_scatter(
            x=[end for index in places for end in (low[index], high[index], None)],
            y=[name for index in places for name in (names[index], names[index], None)],
            mode="lines",
            line={"color": colors[verdict], "width": 3},
            showlegend=False,
            hoverinfo="skip",
        )
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
    # An interval of a class that is hardly known may leave the image; the others stay readable.
    reach = min(np.nanmax(np.abs([*low, *high, *delta, 0.01])), 3 * np.abs([*delta, 0.01]).max())
    reach *= 1.1
    figure.update_xaxes(range=[-reach, reach], title=f"← {b} better · {a} better →")
    figure.update_yaxes(autorange="reversed", categoryorder="array", categoryarray=names)
    zero = {"type": "line", "x0": 0, "x1": 0, "yref": "paper", "y0": 0, "y1": 1}
    figure.update_layout(
        height=PAIR * len(names) + 70,
        shapes=[{**zero, "line": {"color": NEUTRAL, "width": 1.5}}],
    )
    return styled(figure)


MANY_ROWS = 60
"""With more classes a cell of a confusion matrix is too small for a number."""

MOST_CELLS = 6000
"""Cells of a confusion matrix that tell their share and can be clicked."""

OTHER = "other"
"""Column of the predictions of classes that are not shown."""


def confusion(
    matrix: np.ndarray,
    color: str,
    ids: Sequence[int],
    names: Sequence[str],
    by_row: bool = True,
) -> go.Figure:
    """Where the pixels of each class went: shares of the class, or of all scored pixels.

    The points of a cell, which can be clicked, carry its names: x the prediction, y the truth.

    Args:
        matrix: (C, C) counts, truth in the rows.
        ids: the classes to show; predictions of any other class are summed in a last column.
        names: of the classes by id.
        by_row: each row adds up to 1; otherwise all cells do, coloured by their order of magnitude.
    """
    chosen = list(ids)
    rows = matrix[chosen].astype(np.float64)
    shown = np.concatenate([rows[:, chosen], np.zeros((len(chosen), 1))], axis=1)
    shown[:, -1] = rows.sum(axis=1) - shown.sum(axis=1)
    whole = rows.sum(axis=1, keepdims=True) if by_row else rows.sum()
    share = shown / np.maximum(whole, 1)
    rows_named = [names[id_] for id_ in chosen]
    columns = [*rows_named, OTHER]
    if not shown[:, -1].any():
        share, columns = share[:, :-1], rows_named
    shade = share if by_row else np.clip(1 + np.log10(np.maximum(share, 1e-9)) / 5, 0, 1)
    figure = go.Figure(
        go.Heatmap(
            z=shade.astype(np.float32),
            x=columns,
            y=rows_named,
            # A tint below the middle, full above it: either is read well, what is between is not.
            colorscale=[
                [0, with_opacity(color, 0.0)],
                [0.5, with_opacity(color, 0.3)],
                [0.5, with_opacity(color, 0.85)],
                [1, color],
            ],
            zmin=0,
            zmax=1,
            showscale=False,
            xgap=1,
            ygap=1,
            hoverinfo="skip",
        )
    )
    # Full cells are alike in both themes; on a tint the text takes the theme's colour.
    large = len(rows_named) > MANY_ROWS
    written = (share >= (0.01 if by_row else 0.0005)) & (not large)
    for cells, font in ((shade >= 0.5, {"color": readable_on(color)}), (shade < 0.5, {})):
        rows_at, columns_at = np.nonzero(cells & written)
        figure.add_scatter(
            x=[columns[column] for column in columns_at],
            y=[rows_named[row] for row in rows_at],
            text=[f"{value * 100:.{0 if by_row else 1}f}" for value in share[cells & written]],
            mode="text",
            textfont={"size": 12, **font},
            hoverinfo="skip",
            showlegend=False,
        )
    figure.add_trace(_cells(share, columns, rows_named, "it" if by_row else "all pixels"))
    # To the cells' own edges: the clear points would have room kept around them.
    figure.update_yaxes(range=[len(rows_named) - 0.5, -0.5], showgrid=False, title="truth")
    figure.update_xaxes(
        range=[-0.5, len(columns) - 0.5],
        showgrid=False,
        side="bottom",
        tickangle=-55,
        title="prediction",
    )
    if large:
        figure.update_yaxes(tickfont_size=9, dtick=1)
        figure.update_xaxes(tickfont_size=9)
        figure.update_traces(xgap=0, ygap=0, selector={"type": "heatmap"})
    figure.update_layout(height=(12 if large else 25) * len(rows_named) + 150)
    return styled(figure)


def _cells(share: np.ndarray, columns: list[str], names: list[str], whole: str) -> go.Scatter:
    """A clear point on each cell: a heat map itself cannot be clicked.

    Of very many cells those with the largest shares.
    """
    clear = {"marker": {"opacity": 0}}
    kept = np.sort(np.argsort(-share.ravel(), kind="stable")[:MOST_CELLS])
    rows, places = np.divmod(kept, len(columns))
    return go.Scatter(
        x=[columns[place] for place in places],
        y=[names[row] for row in rows],
        customdata=share.ravel()[kept],
        mode="markers",
        marker={"symbol": "square", "size": 20, "opacity": 0},
        selected=clear,
        unselected=clear,
        showlegend=False,
        hovertemplate=f"<b>%{{y}}</b> called <b>%{{x}}</b>: %{{customdata:.2%}} of {whole}"
        "<extra></extra>",
    )


def error_bands(runs: Sequence[tuple[str, str, ErrorShares]], d: int) -> go.Figure:
    """Share of the pixels labelled wrong, near a boundary and inside regions.

    Args:
        runs: name, colour and `Anatomy.shares` of each run.
        d: within how many pixels of a boundary is near.
    """
    figure = go.Figure()
    for name, color, shares in runs:
        figure.add_bar(
            x=[shares.error_rate_near, shares.error_rate_inside],
            y=[f"within {d} px", "inside"],
            orientation="h",
            name=name,
            marker={"color": color},
            texttemplate="%{x:.1%}",
            hovertemplate=f"{name}: %{{x:.2%}} of the pixels %{{y}} are wrong<extra></extra>",
        )
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(rangemode="tozero", tickformat=".0%", title="labelled wrong")
    figure.update_layout(height=220, barmode="group")
    return styled(figure)


def region_recall(runs: Sequence[tuple[str, str, Sequence[RegionRecall]]]) -> go.Figure:
    """Share of a class's pixels that are labelled right, by the size of the region they are in.

    Args:
        runs: name, colour and `Anatomy.region_recall` of each run.
    """
    figure = go.Figure()
    for name, color, rows in runs:
        figure.add_bar(
            x=[row.size for row in rows],
            y=[row.recall for row in rows],
            name=name,
            marker={"color": color},
            customdata=[[row.found, row.regions] for row in rows],
            hovertemplate=f"{name}: %{{y:.1%}} of the pixels in regions of %{{x}} pixels<br>"
            "%{customdata[0]} of %{customdata[1]} regions half found or more<extra></extra>",
        )
    figure.update_yaxes(range=[0, 1.02], tickformat=".0%", dtick=0.25, title="recall")
    ends = [f"<{start}" for start in SIZE_STARTS[1:]] + [f"≥{SIZE_STARTS[-1]}"]
    figure.update_xaxes(  # names short enough for a phone, where long ones would stand slanted
        showgrid=False, title="pixels of the region", type="category",
        tickvals=SIZE_NAMES, ticktext=ends, tickangle=0,
    )  # fmt: skip
    figure.update_layout(height=250, barmode="group")
    return styled(figure)


def risk_coverage(
    runs: Sequence[tuple[str, str, np.ndarray, np.ndarray]], target: float
) -> go.Figure:
    """Accuracy of the pixels kept when only the most confident are.

    Args:
        runs: name, colour, share kept and accuracy of those, of each run.
        target: accuracy to mark.
    """
    figure = go.Figure()
    lowest = target
    for name, color, share, accuracy in runs:
        figure.add_scatter(
            x=share,
            y=accuracy,
            mode="lines",
            name=name,
            line={"color": color, "width": 2},
            hovertemplate=f"{name}: %{{x:.0%}} kept, %{{y:.2%}} of them right<extra></extra>",
        )
        lowest = min([lowest, *accuracy[share > 0.05]])
    line = {"color": NEUTRAL, "width": 1.2, "dash": "dot"}
    figure.add_hline(y=target, line=line, annotation_text=f"{target:.0%}")
    figure.update_xaxes(
        range=[0, 1.02], tickformat=".0%", title="pixels kept, most confident first"
    )
    figure.update_yaxes(range=[max(0, lowest - 0.01), 1.002], tickformat=".0%", title="accuracy")
    figure.update_layout(height=360)
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
        x=[0, 1], y=[0, 1], mode="lines", line=line, name="perfectly calibrated", hoverinfo="skip"
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
    figure.update_yaxes(range=[0, 1.03], tickformat=".0%", title="accuracy")
    figure.update_layout(height=360)
    return styled(figure)
