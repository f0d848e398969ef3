"""The parts of a long page: one is shown at a time, and the address says which."""

from collections.abc import Sequence

import streamlit as st

PART = "part"
"""Name in the address of the part of the page that is shown."""


def ask_part(parts: Sequence[str]) -> str:
    """The part that the visitor chose; the first one at first."""
    return st.segmented_control(
        "Part",
        parts,
        default=parts[0],
        required=True,
        key=PART,
        bind="query-params",
        label_visibility="collapsed",
        wrap=True,
    )
