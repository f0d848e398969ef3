"""What went wrong, as a visitor is told: one line that says what to do, without server paths."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import streamlit as st

from pages.shared import cache
from segcore import settings
from segcore.errors import SegcoreError

_FOLDERS = re.compile(r"(?<![\w/.])/(?:[^\s/:;,'\"]+/)+")
"""Of an absolute path, all but the last part."""


def without_paths(text: str) -> str:
    """The text with the names of data sets for their folders, and no other folder of the server."""
    folders = {one.spec.partition(":")[2]: one for one in cache.data_sets()}
    for folder in sorted(folders, key=len, reverse=True):
        if folder:
            one = folders[folder]
            text = text.replace(one.spec, one.name).replace(folder, one.name)
    for known, name in ((settings.artifacts_dir().absolute(), "artifacts"), (Path.home(), "~")):
        text = text.replace(f"{known}/", f"{name}/")
    return _FOLDERS.sub("…/", text)


def show_error(error: SegcoreError | str) -> None:
    """One line in red."""
    st.error(without_paths(str(error)), icon=":material/error:")


@contextmanager
def errors_told() -> Iterator[None]:
    """Around a page, or a part that is drawn anew by itself: else Streamlit shows a traceback."""
    try:
        yield
    except SegcoreError as error:
        show_error(error)
