"""How pages show a table."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from segcore.labels import IDS
from segcore.presentation.tables import Kind, Table
from studio.encoding import swatch

FORMATS: dict[Kind, str] = {
    "score": "%.3f",
    "difference": "%+.3f",
    "percent": "percent",
    "number": "%.1f",
    "count": "localized",
}


def show_table(
    table: Table, columns: Mapping[str, Any] | None = None, *, swatches: bool = False
) -> None:
    """Shows a table at its whole height, its values written as their columns say.

    Args:
        columns: Streamlit's configuration of single columns, where it is to be another.
        swatches: the first column names classes, whose colours stand before them.
    """
    frame = pd.DataFrame(table.records())
    config: dict[str, Any] = {
        title: st.column_config.NumberColumn(format=FORMATS[kind])
        for title, kind in table.columns.items()
        if kind != "text"
    }
    if swatches:
        first = next(iter(table.columns))
        frame.insert(0, "", [swatch(IDS[name]) for name in frame[first]])
        config[""] = st.column_config.ImageColumn(width=40)
    st.dataframe(
        frame,
        hide_index=True,
        height="content",
        placeholder="–",
        column_config={**config, **(columns or {})},
    )
