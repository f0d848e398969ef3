"""Runs, champions and histories, read again when their files change."""

from collections.abc import Mapping

import streamlit as st

from segcore import runs, settings
from segcore.errors import UnreadableError
from segcore.runs import Run, Unreadable, index
from studio.cache.stamps import Stamp, stamp_of


def list_runs() -> list[Run]:
    """Every run with a readable manifest, newest first."""
    return runs.list_runs()


def unreadable_runs() -> list[Unreadable]:
    """Every run folder that `list_runs` leaves out."""
    return runs.unreadable_runs()


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
    return (*known, ("runs", index.look().version))


def history(run: Run) -> list[dict[str, float]]:
    """As `Run.history`; empty too where the file cannot be read: see `unreadable_histories`."""
    return _history(run.name, stamp_of(run.path / runs.HISTORY))[0]


def unreadable_histories() -> list[str]:
    """A line for each run that is listed and whose history cannot be read."""
    found = (_history(run.name, stamp_of(run.path / runs.HISTORY))[1] for run in list_runs())
    return [problem for problem in found if problem is not None]


def class_iou(run: Run) -> list[dict[str, float]]:
    """As `Run.class_iou`."""
    return _class_iou(run.name, stamp_of(run.path / runs.CLASS_IOU))


@st.cache_data(max_entries=32, show_spinner=False)
def _class_iou(name: str, stamp: Stamp) -> list[dict[str, float]]:
    return runs.get_run(name).class_iou()


@st.cache_data(max_entries=128, show_spinner=False)
def _history(name: str, stamp: Stamp) -> tuple[list[dict[str, float]], str | None]:
    try:
        return runs.get_run(name).history(), None
    except UnreadableError as error:
        return [], str(error)
