"""Admin, data sets: register a directory, its health, prepare it, remove what was prepared."""

from functools import partial

import streamlit as st

from pages.shared import cache, state, wording
from pages.shared.admin import actions
from pages.shared.state import DataSet
from segcore import jobs, worker
from segcore.admin import datasets, storage
from segcore.errors import SegcoreError
from segcore.jobs.admission import Admission
from segcore.jobs.tasks import Preparation
from segcore.preparation import prepared_folders
from segcore.sources import HealthReport

SHOWN_FINDINGS = 50


def show() -> None:
    st.subheader("Data sets", anchor=False)
    _show_registration()
    for data_set in state.data_sets().values():
        _show_data_set(data_set)


def _show_registration() -> None:
    with st.form("register", border=True):
        directory = st.text_input(
            "Folder on the server",
            placeholder="/data/camvid",
            help="Its layout is found out by looking: Cityscapes, CamVid or pairs side by side.",
        )
        if st.form_submit_button("Register", icon=":material/create_new_folder:") and directory:
            actions.act(partial(datasets.register, directory), f"{directory} is registered")


def _show_data_set(data_set: DataSet) -> None:
    folders = prepared_folders(data_set.spec)
    with st.container(border=True):
        with st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        ):
            st.markdown(f"**{data_set.label}**  \n:gray[{data_set.spec}]", width="stretch")
            if data_set.problem is None and st.button(
                "Prepare", key=f"prepare {data_set.spec}", icon=":material/build:"
            ):
                actions.act(
                    partial(_prepare, data_set.spec), f"Preparing {data_set.spec} is in the queue"
                )
            if folders:
                room = wording.size(sum(storage.folder_bytes(folder) for folder in folders))
                actions.button_with_question(
                    f"Remove {room}",
                    f"Remove the prepared arrays of {data_set.spec}? They are made again when "
                    "they are needed, which takes a minute or two.",
                    partial(datasets.remove_prepared, data_set.spec),
                    f"The prepared arrays of {data_set.spec} are removed",
                    key=f"remove {data_set.spec}",
                    icon=":material/delete:",
                )
            if data_set.spec in cache.registered_data():
                actions.button_with_question(
                    "Forget",
                    f"Take {data_set.spec} off the list? Its files stay as they are.",
                    partial(datasets.forget, data_set.spec),
                    f"{data_set.spec} is forgotten",
                    key=f"forget {data_set.spec}",
                    icon=":material/close:",
                )
        if data_set.problem is not None:
            st.warning(data_set.problem, icon=":material/warning:")
        else:
            _show_health(data_set.spec)


def _prepare(spec: str, admission: Admission) -> None:
    jobs.enqueue(Preparation(spec), admission)
    worker.ensure_worker()


def _show_health(spec: str) -> None:
    try:
        prepared = cache.prepared(spec)
    except SegcoreError as error:
        st.error(str(error), icon=":material/error:")
        return
    if prepared is None:
        _show_counted(spec)
        return
    height, width = prepared.size
    health = {name: split.health for name, split in prepared.splits.items()}
    _show_findings(health, f"pictures ready at {width}×{height}", "file")


def _show_counted(spec: str) -> None:
    """The health of the masks, where they were counted for the Dataset page."""
    counted = {name: cache.counted(spec, name) for name in cache.masked_splits(spec)}
    health = {name: split.health for name, split in counted.items() if split is not None}
    if health:
        _show_findings(health, "masks counted", "mask")
    st.caption("Not prepared for a training yet: trainings prepare what they need.")


def _show_findings(health: dict[str, HealthReport], what: str, thing: str) -> None:
    """What can be used of each split, and what cannot."""
    counts = ", ".join(f"{report.used} {name}" for name, report in health.items())
    found = [
        {"split": name, "problem": finding.problem.value, "what": finding.message}
        for name, report in health.items()
        for finding in report.findings
    ]
    ready = f"{counts} {what}"
    if not found:
        st.markdown(f":green[:material/check_circle:] {ready}; every {thing} can be used.")
        return
    st.markdown(f":orange[:material/warning:] {ready}; {len(found)} left out:")
    st.dataframe(found[:SHOWN_FINDINGS], hide_index=True)
