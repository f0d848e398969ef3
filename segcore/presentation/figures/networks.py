"""The drawing of a network."""

from collections.abc import Sequence
from itertools import pairwise
from math import log2

import plotly.graph_objects as go

from segcore.models.drawing_stages import ATTENTION, Stage
from segcore.presentation.figures.style import EDGE, styled, with_opacity

GAP = 0.3  # between two stages, in units of a stage's width
NARROWEST, WIDEST = 16, 512  # channels that are drawn as 0.5 and 1 wide
PRETRAINED, RANDOM = "pretrained on ImageNet", "begins with random weights"


def network_drawing(stages: Sequence[Stage], color: str, is_pretrained: bool) -> go.Figure:
    """A network's stages from the image on the left to the labels on the right.

    A stage is as high as its resolution (a step lower for each halving) and the wider the more
    channels it has; what is pretrained is filled with the run's colour.

    Args:
        color: of the run, "#rrggbb".
        is_pretrained: whether the backbone began with weights of ImageNet.
    """
    most = max(log2(stage.stride) for stage in stages) + 1
    figure = go.Figure()
    places = _places(stages)
    for name, chosen in ((PRETRAINED, True), (RANDOM, False)):
        shown = [
            (stage, left, width, half)
            for stage, (left, width), half in zip(stages, places, _halves(stages), strict=True)
            if (is_pretrained and stage.is_backbone) is chosen
        ]
        if not shown:
            continue
        heights = [_height(stage, most) for stage, *_ in shown]
        figure.add_bar(
            name=name,
            x=[left for _, left, *_ in shown],
            width=[width for *_, width, _ in shown],
            y=[height if half == 0 else height / 2 - 0.03
               for (*_, half), height in zip(shown, heights, strict=True)],
            base=[0.03 if half == 1 else -height / 2
                  for (*_, half), height in zip(shown, heights, strict=True)],
            offset=0,
            marker={
                "color": color if chosen else with_opacity(color, 0.14),
                "line": {"color": color, "width": 1},
            },
            customdata=[(stage.name, stage.channels, stage.stride) for stage, *_ in shown],
            hovertemplate="%{customdata[0]}: %{customdata[1]} channels, one position for "
            "%{customdata[2]}x%{customdata[2]} pixels<extra></extra>",
        )  # fmt: skip
    _draw_skips(figure, stages, places, most)
    right = max(left + width for left, width in places)
    for x, word, anchor in ((-0.1, "image", "right"), (right + 0.1, "labels", "left")):
        figure.add_annotation(x=x, y=0, text=word, showarrow=False, xanchor=anchor)
    attended = [
        place for stage, place in zip(stages, places, strict=True) if stage.part == ATTENTION
    ]
    if attended:
        left, width = attended[0]
        figure.add_annotation(
            x=left + width,
            y=-0.16,
            text="attention",
            showarrow=False,
            xanchor="right",
            yanchor="top",
        )
    figure.update_xaxes(visible=False, range=[-1.3, right + 1.3])
    figure.update_yaxes(visible=False, range=[-0.62, 0.78])
    figure.update_layout(height=190, barmode="overlay", showlegend=False, margin={"l": 0, "r": 0})
    return styled(figure)


def _places(stages: Sequence[Stage]) -> list[tuple[float, float]]:
    """(left edge, width) of each stage; parallel ones have one place, one above the other."""
    found: list[tuple[float, float]] = []
    at = 0.0
    for stage in stages:
        width = 0.5 + 0.5 * log2(max(stage.channels, NARROWEST) / NARROWEST) / log2(
            WIDEST / NARROWEST
        )
        if stage.is_parallel:
            found.append(found[-1])
            continue
        found.append((at, width))
        at += width + GAP
    return found


def _height(stage: Stage, most: float) -> float:
    return 1 - log2(stage.stride) / most


def _halves(stages: Sequence[Stage]) -> list[int]:
    """1 for what is drawn in the upper half of its place, -1 in the lower, 0 in all of it."""
    is_lower = [*(stage.is_parallel for stage in stages), False]
    return [-1 if lower else int(before_lower) for lower, before_lower in pairwise(is_lower)]


def _draw_skips(
    figure: go.Figure,
    stages: Sequence[Stage],
    places: Sequence[tuple[float, float]],
    most: float,
) -> None:
    """A line over the network from each stage to the one that is given its features again."""
    for number, stage in enumerate(stages):
        if stage.skip is None:
            continue
        source = stages[stage.skip]
        left = places[stage.skip][0] + places[stage.skip][1] / 2
        right = places[number][0] + places[number][1] / 2
        low, high = _height(source, most) / 2, _height(stage, most) / 2
        top = max(low, high) + 0.1 + 0.03 * (most - log2(stage.stride))
        figure.add_scatter(
            x=[left, left, right, right],
            y=[low, top, top, high],
            mode="lines",
            line={"color": EDGE, "width": 1, "dash": "dot"},
            hoverinfo="skip",
            showlegend=False,
        )
