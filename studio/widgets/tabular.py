"""How pages show a table."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from segcore.labels import LabelSpace
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
    table: Table,
    columns: Mapping[str, Any] | None = None,
    *,
    swatches: LabelSpace | None = None,
) -> None:
    """Shows a table at its whole height, its values written as their columns say.

    Args:
        columns: Streamlit's configuration of single columns, where it is to be another.
        swatches: the space of the classes that the first column names; their colours stand before
            them.
    """
    frame = pd.DataFrame(table.records())
    config: dict[str, Any] = {
        title: st.column_config.NumberColumn(format=FORMATS[kind])
        for title, kind in table.columns.items()
        if kind != "text"
    }
    if swatches is not None:
        first = next(iter(table.columns))
        frame.insert(
            0, "", [swatch(swatches.by_id[swatches.ids[name]].color) for name in frame[first]]
        )
        config[""] = st.column_config.ImageColumn(width=40)
    st.dataframe(
        frame,
        hide_index=True,
        height="content",
        placeholder="–",
        column_config={**config, **(columns or {})},
    )
