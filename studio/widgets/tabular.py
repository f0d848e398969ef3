"""How pages show a table."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from segcore.labels import LabelSpace
from segcore.presentation.tables import Kind, Table
from studio.encoding import swatch

SIDES = ("A · ", "B · ")
"""How the columns of run A and run B begin; they come first, and fit a phone beside each other."""

SIDE_WIDTH = 96  # pixels

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
        config[""] = st.column_config.ImageColumn(width=36)
    config |= columns or {}
    sides = [title for title in table.columns if title.startswith(SIDES)]
    if sides:
        first = next(iter(table.columns))
        config[first] = st.column_config.TextColumn(width=160 if swatches is None else 110)
        numbers = [title for title in sides if title in config]
        config |= {title: {**config[title], "width": SIDE_WIDTH} for title in numbers}
        before = [*(title for title in frame if title == ""), first, *sides]
        frame = frame[[*before, *(title for title in frame if title not in before)]]
    st.dataframe(
        frame,
        hide_index=True,
        height="content",
        placeholder="–",
        column_config=config,
    )
