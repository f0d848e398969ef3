"""What an admin does with a button: checked, confirmed where it matters, kept on record, and said
when done."""

from collections.abc import Callable
from typing import Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from segcore.errors import SegcoreError
from segcore.jobs import audit
from segcore.jobs.admission import ADMISSIONS, Admission
from studio import wording
from studio.admin import gate
from studio.widgets import dialogs

DONE = "done"
"""Key of the session: what to say."""

Action = Callable[[Admission], object]
"""An action; it is called with the admin's pass."""


def act(action: Action, done: str) -> None:
    """Does what only an admin may, then shows the page as it is afterwards.

    The sign-in is asked for again: a page that was open before still has its buttons. The reason
    why something did not happen stays in view.

    Args:
        done: what was done, a sentence for the toast and the audit log.
    """
    admission = gate.admission()
    try:
        ADMISSIONS.check(admission)
        assert admission is not None
        action(admission)
        audit.record(admission.by, done)
    except SegcoreError as error:
        st.error(wording.sentence(str(error)), icon=":material/error:")
        return
    dialogs.close()
    st.session_state[DONE] = done
    st.rerun()


def say_what_is_done() -> None:
    """Shows the message of the action that led to this run of the page."""
    if done := st.session_state.pop(DONE, None):
        st.toast(f"{done}.", icon=":material/check:")


def button_with_question(
    label: str,
    question: str,
    action: Action,
    done: str,
    *,
    key: str,
    icon: str,
    emphasized: bool = False,
    disabled: bool = False,
) -> None:
    """A button whose action is confirmed in a dialog first."""
    kind: Literal["primary", "secondary"] = "primary" if emphasized else "secondary"
    if st.button(label, key=key, icon=icon, type=kind, disabled=disabled):
        dialogs.ask_for(key)
    dialogs.show(key, "Are you sure?", lambda: _confirm(label, question, action, done))


def _confirm(label: str, question: str, action: Action, done: str) -> None:
    st.markdown(question)
    with st.container(horizontal=True):
        agreed = st.button(label, type="primary", key="confirm")
        if st.button("Keep it as it is", key="keep"):
            dialogs.close()
            st.rerun()
    if agreed:
        act(action, done)


def row(title: str, detail: str) -> DeltaGenerator:
    """A bordered line of text; returns where its buttons go."""
    with st.container(border=True):
        line = st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        )
    with line:
        st.markdown(f"{title}  \n:gray[{detail}]", width="stretch")
    return line.container(horizontal=True, width="content")
