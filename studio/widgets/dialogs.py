"""Dialogs that stay open until the visitor closes them.

Streamlit's own close whenever the page is redrawn, and a page does that by itself: when what
runs networks is ready, when a count ends.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import streamlit as st
from streamlit.elements.lib.dialog import DialogWidth

from studio.errors import errors_told

OPEN, PAGE = "open dialog", "page of the open dialog"
"""Keys of the session: which dialog is open and what it is about, and on which page."""


def ask_for(name: str, *about: Any) -> None:
    """Has `show` open the dialog of that name, with what it is about; also for callbacks."""
    st.session_state[OPEN] = name, about


def close() -> None:
    """Nothing is open from the next run of the page on."""
    st.session_state.pop(OPEN, None)


def close_elsewhere(page: str) -> None:
    """Closes what was left open on another page than this one, by the browser's Back, say."""
    if st.session_state.get(PAGE) != page:
        close()
    st.session_state[PAGE] = page


def show(name: str, title: str, body: Callable[..., None], width: DialogWidth = "small") -> None:
    """Shows the dialog of that name while it is open; `body` is given what it is about."""
    opened = st.session_state.get(OPEN)
    if opened is None or opened[0] != name:
        return

    def guarded() -> None:  # it is also run without the page around it
        with errors_told():
            body(*opened[1])

    st.dialog(title, width=width, on_dismiss=partial(_dismissed, opened))(guarded)()


def _dismissed(opened: tuple[str, tuple[Any, ...]]) -> None:
    # Another may have been asked for in the same moment.
    if st.session_state.get(OPEN) == opened:
        close()
