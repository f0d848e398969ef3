"""What was understood of data sets that nobody has confirmed: on the console, and on every page.

An entry of SEGCORE_DATA says how its masks are to be read. Registering it on the
admin page and preparing it ask first where that is doubtful; the server starts without asking.
"""

import streamlit as st

from segcore.data.sources import FirstLook
from segcore.errors import SegcoreError
from segcore.runs.data_sets import DataSet, registered
from studio import cache, choices, wording
from studio.errors import without_paths


def tell() -> None:
    """A first look at each data set that is not prepared yet, on the console."""
    for data_set in choices.data_sets().values():
        if data_set.problem is not None:
            continue
        try:
            look = look_before_preparation(data_set.spec)
        except SegcoreError as error:
            print(f"{data_set.spec}: {error}", flush=True)
            continue
        if look is not None:
            print(f"{data_set.spec}: {look.in_words()}", flush=True)
            for doubt in look.doubts:
                print(f"  doubtful: {doubt}", flush=True)


def mark(data_set: DataSet) -> None:
    """A warning where the data set's masks seem to mean other classes than its layout says."""
    for doubt in _doubts(data_set):
        st.warning(
            f"**{wording.plain(data_set.name)} may not be what it is shown as.** "
            f"{wording.plain(without_paths(doubt))} "
            "An admin can look at it and prepare it under Admin, Data sets.",
            icon=":material/warning:",
        )


def _doubts(data_set: DataSet) -> tuple[str, ...]:
    """Those that no admin has seen: to register or to prepare data is to say that it is right."""
    if data_set.problem is not None:
        return ()
    try:
        if data_set.spec in registered():
            return ()
        look = look_before_preparation(data_set.spec)
    except SegcoreError:  # told by what needs the data
        return ()
    return () if look is None else look.doubts


def look_before_preparation(spec: str) -> FirstLook | None:
    """A first look; None for the built-in data and for what is prepared. Raises DataError."""
    return cache.first_look(spec) if cache.prepared(spec) is None else None
