"""The parts of a long page: one is shown at a time, and the address says which."""

from collections.abc import Mapping, Sequence
from typing import Any

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


def keep_settings(defaults: Mapping[str, Any]) -> None:
    """Keeps what was set in controls of other parts: Streamlit forgets one that is not shown.

    Args:
        defaults: key of each control -> what it is at first; the control itself is to have none.
    """
    for key, default in defaults.items():
        st.session_state[key] = st.session_state.get(key, default)
