"""Runs, champions and histories, read again when their files change."""

import threading
import time
from collections.abc import Iterable, Mapping
from typing import cast

import streamlit as st

from segcore import runs, settings
from segcore.errors import UnreadableError
from segcore.runs import Run, Unreadable, index
from studio.cache.stamps import Stamp, stamp_of

KEPT_SECONDS = 2.0

_kept = threading.local()


def look_for_runs() -> None:
    """Looks once for all that this run of the script asks, twenty times and more: each look is a
    file's time for each run."""
    _kept.found, _kept.until = index.look(), time.monotonic() + KEPT_SECONDS


def _found() -> index.Found:
    if time.monotonic() < getattr(_kept, "until", 0.0):
        return cast(index.Found, _kept.found)
    return index.look()


def list_runs() -> list[Run]:
    """Every run with a readable manifest, newest first."""
    return list(_found().runs)


def unreadable_runs() -> list[Unreadable]:
    """Every run folder that `list_runs` leaves out."""
    return list(_found().unreadable)


def identities() -> Mapping[str, str]:
    """Name of each run -> the identity of the data that it was trained on."""
    return _identities(runs_stamp())


@st.cache_resource(max_entries=4, show_spinner=False)
def _identities(stamp: Stamp) -> dict[str, str]:
    return runs.identities(runs.list_runs())


def champions(data: str | None) -> dict[str, Run]:
    """Model family -> its champion on the data of that identity, or of visitors' photos."""
    return {} if data is None else _champions(data, runs_stamp())


@st.cache_resource(max_entries=16, show_spinner=False)
def _champions(data: str, stamp: Stamp) -> dict[str, Run]:
    return runs.champions(data)


def runs_stamp() -> Stamp:
    """Changes with the runs, the promotions, and what data sets were found to be."""
    known = stamp_of(settings.registry_path(), settings.digests_dir())
    return (*known, ("runs", _found().version))


def history(run: Run) -> list[dict[str, float]]:
    """As `Run.history`; empty too where the file cannot be read: see `unreadable_histories`."""
    return _history(run.name, stamp_of(run.path / runs.HISTORY), run)[0]


def history_version(run: Run) -> str:
    """Changes with the run's history."""
    return f"{run.name} {stamp_of(run.path / runs.HISTORY)}"


def unreadable_histories(shown: Iterable[Run]) -> list[str]:
    """A line for each of the runs whose history cannot be read."""
    found = (_history(run.name, stamp_of(run.path / runs.HISTORY), run)[1] for run in shown)
    return [problem for problem in found if problem is not None]


def class_iou(run: Run) -> list[dict[str, float]]:
    """As `Run.class_iou`."""
    return _class_iou(run.name, stamp_of(run.path / runs.CLASS_IOU), run)


@st.cache_data(max_entries=32, show_spinner=False)
def _class_iou(name: str, stamp: Stamp, _run: Run) -> list[dict[str, float]]:
    return _run.class_iou()


@st.cache_resource(max_entries=256, show_spinner=False)
def _history(name: str, stamp: Stamp, _run: Run) -> tuple[list[dict[str, float]], str | None]:
    try:
        return _run.history(), None
    except UnreadableError as error:
        return [], str(error)
