"""Colours and the one template of every chart."""

import plotly.graph_objects as go

from segcore.colors import MORE_RUNS, RUN_A, RUN_B, TRUTH

NEUTRAL = TRUTH
GRID = "rgba(138, 143, 152, 0.22)"
EDGE = "rgba(138, 143, 152, 0.9)"
ROW = 24  # pixels of a bar chart's row
PAIR = 30  # and of one with two bars
MARGIN = {"l": 12, "r": 18, "t": 8, "b": 8}

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


def with_opacity(color: str, opacity: float) -> str:
    red, green, blue = (int(color[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {opacity:g})"


def styled(figure: go.Figure) -> go.Figure:
    # In the figure itself where a page's theme would override the template.
    figure.update_xaxes(automargin=True)
    figure.update_yaxes(automargin=True)
    if figure.layout.margin.l is None:
        figure.update_layout(margin=MARGIN)
    return figure.update_layout(template=TEMPLATE)
