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
from segcore.sources import DoubtfulDataError, FirstLook, HealthReport

SHOWN_FINDINGS = 50
DOUBTFUL = "doubtful data set"
"""Key of the session: a folder that was not registered at once, and what was seen of it."""


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
        asked = st.form_submit_button("Register", icon=":material/create_new_folder:")
    if asked and directory:
        actions.act(partial(_register, directory), f"{directory} is registered")
    if DOUBTFUL in st.session_state:
        _ask_whether_it_is_right(*st.session_state[DOUBTFUL])


def _register(directory: str, admission: Admission, *, confirmed: bool = False) -> None:
    st.session_state.pop(DOUBTFUL, None)
    try:
        datasets.register(directory, admission, confirmed=confirmed)
    except DoubtfulDataError as error:
        st.session_state[DOUBTFUL] = directory, error.look
        st.rerun()  # nothing was done that could be told of


def _ask_whether_it_is_right(directory: str, look: FirstLook) -> None:
    """What was understood of a doubtful folder, and the two ways on."""
    with st.container(border=True):
        st.markdown(f"**What was understood of** `{directory}`")
        _show_look(look)
        with st.container(horizontal=True):
            if st.button("It is right, register it", key="register doubtful"):
                actions.act(
                    partial(_register, directory, confirmed=True),
                    f"{directory} is registered as it is",
                )
            if st.button("Leave it", key="leave doubtful"):
                del st.session_state[DOUBTFUL]
                st.rerun()


def _show_look(look: FirstLook) -> None:
    """What some of its masks hold, and what is doubtful about it."""
    st.markdown("  \n".join(map(wording.plain, look.in_words().splitlines())))
    for doubt in look.doubts:
        st.warning(wording.plain(doubt), icon=":material/warning:")


def _show_data_set(data_set: DataSet) -> None:
    folders = prepared_folders(data_set.spec)
    with st.container(border=True):
        with st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        ):
            st.markdown(f"**{data_set.label}**  \n:gray[{data_set.spec}]", width="stretch")
            if data_set.problem is None:
                _offer_preparation(data_set.spec)
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


def _offer_preparation(spec: str) -> None:
    prepare = partial(_prepare, spec)
    done, key, icon = f"Preparing {spec} is in the queue", f"prepare {spec}", ":material/build:"
    doubts = _doubts(spec)
    if doubts:
        question = f"Prepare it as it is? {' '.join(map(wording.plain, doubts))}"
        actions.button_with_question("Prepare", question, prepare, done, key=key, icon=icon)
    elif st.button("Prepare", key=key, icon=icon):
        actions.act(prepare, done)


def _doubts(spec: str) -> tuple[str, ...]:
    """What is doubtful about data that is not prepared yet."""
    try:
        look = cache.first_look(spec) if cache.prepared(spec) is None else None
    except SegcoreError:  # said where its health is
        return ()
    return () if look is None else look.doubts


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
    look = cache.first_look(spec)
    if look is not None:
        _show_look(look)
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
