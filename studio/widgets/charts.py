"""How every page shows a figure."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from studio.widgets import presenting

CONFIG = {"displayModeBar": False}


def show_chart(figure: go.Figure, alt: str, key: str | None = None) -> None:
    """Shows a figure in the theme's own text colours, without plotly's toolbar.

    To an audience it is shown larger.

    Args:
        alt: what it shows, for screen readers.
        key: keeps the figure in place while its data changes.
    """
    st.plotly_chart(_enlarged(figure), alt=alt, key=key, config=CONFIG)


@contextmanager
def unfolding(label: str, key: str) -> Iterator[bool]:
    """An expander, and whether it is open: what is drawn only then costs nothing before."""
    expander = st.expander(label, key=key, on_change="rerun")
    with expander:
        yield bool(expander.open)


def show_clickable(
    figure: go.Figure, alt: str, name: str, on_point: Callable[[dict[str, Any]], None]
) -> None:
    """As `show_chart`; a click on a point or a bar calls `on_point` before the page runs again.

    Args:
        name: of the chart, unique on the page.
        on_point: gets plotly's point, with `x`, `y` and `curve_number`.
    """
    clicks = f"clicks on {name}"
    answered = st.session_state.setdefault(clicks, 0)
    key = f"{name} {answered}"

    def clicked() -> None:
        points = st.session_state[key].selection.points
        # A fragment that runs again by itself can bring the same click a second time.
        if points and st.session_state[clicks] == answered:
            # A new key forgets the selection, so that the same point can be clicked again.
            st.session_state[clicks] += 1
            on_point(points[0])

    shown = _enlarged(figure)
    st.plotly_chart(
        shown, alt=alt, key=key, config=CONFIG, on_select=clicked, selection_mode="points"
    )


def _enlarged(figure: go.Figure) -> go.Figure:
    """The figure itself, or where somebody presents a larger copy of it."""
    if presenting.station() is None:
        return figure
    large = go.Figure(figure)
    margin = figure.layout.margin.to_plotly_json()
    return large.update_layout(
        font_size=presenting.CHART_FONT,
        height=(figure.layout.height or 450) * presenting.CHART_GROWTH,
        margin={side: width * presenting.CHART_GROWTH for side, width in margin.items()},
    )
