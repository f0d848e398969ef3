"""The parts of a long page: one is shown at a time, and the address says which."""

from collections.abc import Sequence

import streamlit as st

PART = "part"
"""Name in the address of the part of the page that is shown, and key of its widget."""


def ask_part(parts: Sequence[str]) -> str:
    """The part that the visitor chose; the first one where the address names none.

    Streamlit's own binding to the address would share one value among the pages, and lose it on the
    way back to a page: what is bound on another page is taken out of the address.
    """
    named = st.query_params.get(PART)
    st.session_state[PART] = named if named in parts else parts[0]
    chosen = st.segmented_control(
        "Part",
        parts,
        required=True,
        key=PART,
        on_change=_write_address,
        label_visibility="collapsed",
        wrap=True,
    )
    return chosen or parts[0]


def _write_address() -> None:
    st.query_params[PART] = st.session_state[PART]
