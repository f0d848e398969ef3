"""Pasting a picture from the clipboard into a file uploader, which Streamlit's own cannot."""

from pathlib import Path

import streamlit as st

_CSS = """
.hint { color: var(--st-text-color); opacity: 0.7; font-size: 0.875rem; }
kbd {
  border: 1px solid var(--st-border-color); border-radius: 0.25rem;
  padding: 0 0.3rem; font-size: 0.8rem;
}
@media (hover: none) { .hint { display: none; } }
"""
_mount = st.components.v2.component(
    "paste", css=_CSS, js=Path(__file__).with_suffix(".js").read_text()
)


def paste_into(container: str) -> None:
    """Says how to paste, and passes what is pasted to the uploader in the container of that key."""
    _mount(key=f"paste-{container}", data={"target": container})
