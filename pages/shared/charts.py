"""How every page shows a figure."""

import plotly.graph_objects as go
import streamlit as st


def show_chart(figure: go.Figure, alt: str, key: str | None = None) -> None:
    """Shows a figure in the theme's own text colours, without plotly's toolbar.

    Args:
        alt: what it shows, for screen readers.
        key: keeps the figure in place while its data changes.
    """
    st.plotly_chart(figure, alt=alt, key=key, config={"displayModeBar": False})
