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


def keep_settings(keys: Sequence[str]) -> None:
    """What was set in controls of other parts: Streamlit forgets a control that is not shown."""
    for key in keys:
        if key in st.session_state:
            st.session_state[key] = st.session_state[key]
