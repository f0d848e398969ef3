"""Colours and the one template of every chart."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
from plotly.basedatatypes import BaseTraceType

from segcore.presentation.run_colors import MORE_RUNS, RUN_A, RUN_B, TRUTH

NEUTRAL = TRUTH
GRID = "rgba(138, 143, 152, 0.22)"
EDGE = "rgba(138, 143, 152, 0.9)"
ROW = 24  # pixels of a bar chart's row
PAIR = 30  # and of one with two bars
TICK_HEIGHT = 26  # of the numbers below a chart
TITLE_HEIGHT = 24  # of an axis
LEGEND_HEIGHT = 36
NUMBER_WIDTH = 44  # of those left of a chart
CHARACTER = 6.3  # of a name
SLANTED = 0.82  # the sine of the angle at which names stand below a chart

TEMPLATE = go.layout.Template(
    layout={
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": NEUTRAL, "size": 13},
        "colorway": [RUN_A, RUN_B, *MORE_RUNS],
        "xaxis": {"gridcolor": GRID, "zeroline": False, "fixedrange": True},
        "yaxis": {"gridcolor": GRID, "zeroline": False, "fixedrange": True},
        "legend": {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "xanchor": "left"},
        "hoverlabel": {"font": {"size": 13}},
        "bargap": 0.28,
    }
)


def readable_on(color: str) -> str:
    """Black or white, whichever has more contrast to a colour, `#rrggbb` (WCAG's luminance)."""
    linear = [((part / 255 + 0.055) / 1.055) ** 2.4 for part in _parts(color)]
    luminance = sum(
        weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True)
    )
    return "#000000" if luminance > 0.179 else "#ffffff"


def _parts(color: str) -> tuple[int, int, int]:
    red, green, blue = (int(color[start : start + 2], 16) for start in (1, 3, 5))
    return red, green, blue


def with_opacity(color: str, opacity: float) -> str:
    red, green, blue = _parts(color)
    return f"rgba({red}, {green}, {blue}, {opacity:g})"


def styled(figure: go.Figure) -> go.Figure:
    """With the template, and the margins that its labels need.

    Plotly's automatic margins draw a chart twice: half of the time until it is shown.
    """
    return figure.update_layout(
        margin={**_margin(figure), **figure.layout.margin.to_plotly_json()},
        # In the figure itself where a page's theme would override the template.
        xaxis_automargin=False,
        yaxis_automargin=False,
        template=TEMPLATE,
    )


def _margin(figure: go.Figure) -> dict[str, float]:
    x, y = figure.layout.xaxis, figure.layout.yaxis
    below = TICK_HEIGHT if not x.tickangle else _width(figure, "x", 0) * SLANTED
    legend = figure.layout.showlegend is not False and any(
        trace.name and trace.showlegend is not False for trace in figure.data
    )
    return {
        "l": _width(figure, "y", NUMBER_WIDTH) + (TITLE_HEIGHT if y.title.text else 0),
        "r": 18,
        "t": LEGEND_HEIGHT if legend and len(figure.data) > 1 else 8,
        "b": below + (TITLE_HEIGHT if x.title.text else 0),
    }


def _width(figure: go.Figure, axis: str, otherwise: float) -> float:
    """Pixels that the names along an axis take; `otherwise` where it has numbers."""
    values = [value for trace in figure.data for value in _values(trace, axis)]
    names = [value for value in values if isinstance(value, str)]
    return 12 + CHARACTER * max(map(len, names)) if names else otherwise


def _values(trace: BaseTraceType, axis: str) -> Sequence[Any]:
    values = trace[axis]
    return () if values is None else values
