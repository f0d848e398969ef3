"""What an admin does with a button: checked, confirmed where it matters, and said when done."""

from collections.abc import Callable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.shared import gate
from segcore.errors import SegcoreError

DONE = "done"


def act(action: Callable[[], object], done: str) -> None:
    """Does what only an admin may, then shows the page as it is afterwards.

    The sign-in is asked for again: a page that was open before still has its buttons. The reason
    why something did not happen stays in view.
    """
    if not gate.is_signed_in():
        st.error("You are signed out: reload the page and sign in again.", icon=":material/lock:")
        return
    try:
        action()
    except SegcoreError as error:
        st.error(str(error), icon=":material/error:")
        return
    st.session_state[DONE] = done
    st.rerun()


def say_what_is_done() -> None:
    """Shows the message of the action that led to this run of the page."""
    if done := st.session_state.pop(DONE, None):
        st.toast(f"{done}.", icon=":material/check:")


@st.dialog("Are you sure?")
def confirm(question: str, yes: str, action: Callable[[], object], done: str) -> None:
    """Asks before acting."""
    st.markdown(question)
    with st.container(horizontal=True):
        if st.button(yes, type="primary", key="confirm"):
            act(action, done)
        if st.button("Keep it as it is", key="keep"):
            st.rerun()


def row(title: str, detail: str) -> DeltaGenerator:
    """A bordered line of text; returns where its buttons go."""
    with st.container(border=True):
        line = st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        )
    with line:
        st.markdown(f"{title}  \n:gray[{detail}]", width="stretch")
    return line.container(horizontal=True, width="content")
