"""Pasting an image from the clipboard into a file uploader, which Streamlit's own cannot."""

from studio.component import component

_mount = component("paste", "upload/paste.js")


def paste_into(container: str) -> None:
    """Says how to paste, and passes what is pasted to the uploader in the container of that key."""
    _mount(key=f"paste-{container}", data={"target": container})
