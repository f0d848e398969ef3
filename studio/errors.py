"""What went wrong, as a visitor is told: the only place where errors become sentences.

What a user can cause is said in one line that says what to do, without the server's folders.
Anything else is a bug: visitors get a sentence with a number, and whoever runs the
server finds the details in its log under that number. Either costs one part of a page; the rest
is drawn.
"""

import functools
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import ParamSpec, TypeVar

import streamlit as st

from segcore import settings
from segcore.errors import SegcoreError, error_number
from segcore.runs.data_sets import data_sets
from studio import wording

LOG = logging.getLogger(__name__)

_FOLDERS = re.compile(r"(?<![\w/.])/(?:[^\s/:;,'\"]+/)+")
"""Matches all but the last part of an absolute path."""

Given = ParamSpec("Given")
Returned = TypeVar("Returned")


def without_paths(text: str) -> str:
    """The text with the names of data sets for their folders, and no other folder of the server."""
    folders = {}
    with suppress(Exception):  # whatever is wrong with the data, the first error is to be told
        folders = {one.spec.partition(":")[2]: one for one in data_sets()}
    for folder in sorted(folders, key=len, reverse=True):
        if folder:
            one = folders[folder]
            text = text.replace(one.spec, one.name).replace(folder, one.name)
    for known, name in ((settings.artifacts_dir().absolute(), "artifacts"), (Path.home(), "~")):
        text = text.replace(f"{known}/", f"{name}/")
    return _FOLDERS.sub("…/", text)


def show_error(error: SegcoreError | str) -> None:
    """One line in red."""
    st.error(wording.sentence(without_paths(str(error))), icon=":material/error:")


@contextmanager
def errors_told() -> Iterator[None]:
    """Whatever goes wrong inside is said in its place; what comes after it is drawn."""
    try:
        yield
    except SegcoreError as error:
        show_error(error)
    except Exception as error:
        number = error_number()
        LOG.error("Error %s", number, exc_info=error)
        st.error(
            f"This part of the page could not be shown: error {number}. The rest works. Whoever "
            "runs the server finds the details in its log under that number.",
            icon=":material/error:",
        )


def fragment(
    function: Callable[Given, Returned], run_every: float | None = None
) -> Callable[Given, Returned | None]:
    """As `st.fragment`, its errors told: it is also run without the page around it."""

    @functools.wraps(function)
    def guarded(*args: Given.args, **kwargs: Given.kwargs) -> Returned | None:
        with errors_told():
            return function(*args, **kwargs)
        return None

    return st.fragment(guarded, run_every=run_every)
