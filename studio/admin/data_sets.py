"""Admin, data sets: register a directory, its health, prepare it, remove what was prepared."""

from functools import partial

import streamlit as st

from segcore import jobs
from segcore.data.known_data_sets import STREETS
from segcore.data.preparation import prepared_folders
from segcore.data.sources import DoubtfulDataError, FirstLook, HealthReport
from segcore.errors import SegcoreError
from segcore.files.sizes import byte_size
from segcore.jobs import registration, storage, worker
from segcore.jobs.admission import Admission
from segcore.jobs.tasks import Preparation
from segcore.presentation.findings.words import listed
from segcore.runs.data_sets import NAME_LENGTH, DataSet, registered
from studio import cache, choices, identities, wording
from studio.admin import actions, folder_classes
from studio.widgets.named_data import look_before_preparation

SHOWN_FINDINGS = 50
DOUBTFUL = "doubtful data set"
"""Key of the session: a folder that was not registered at once, and what was seen of it."""


def show() -> None:
    st.header("Data sets", anchor=False)
    _show_registration()
    found = list(choices.data_sets().values())
    registered = _registered()
    for data_set in found:
        _show_data_set(data_set, _copies(data_set, found), data_set.spec in registered)


def _copies(data_set: DataSet, among: list[DataSet]) -> list[str]:
    """The names of others with the very same images to score on."""
    return [
        one.name
        for one in among
        if one != data_set and one.identity is not None and one.identity == data_set.identity
    ]


def _show_registration() -> None:
    with st.form("register", border=True):
        left, right = st.columns([3, 2])
        directory = left.text_input(
            "Folder on the server",
            placeholder="/data/camvid",
            help="Its layout is detected: Cityscapes, CamVid, images and masks of "
            "your own classes, or pairs side by side.",
        )
        name = right.text_input(
            "Name",
            placeholder="The folder's name",
            max_chars=NAME_LENGTH,
            help="What everybody sees of it. It can be changed at any time; scores, champions and "
            "links follow what the images are, not what they are called.",
        )
        asked = st.form_submit_button("Register", icon=":material/create_new_folder:")
    if asked and directory:
        actions.act(partial(_register, directory, name), f"{name or directory} is registered")
    if DOUBTFUL in st.session_state:
        _ask_whether_it_is_right(*st.session_state[DOUBTFUL])


def _register(directory: str, name: str, admission: Admission, *, confirmed: bool = False) -> None:
    st.session_state.pop(DOUBTFUL, None)
    try:
        registration.register(directory, admission, name, confirmed=confirmed)
    except DoubtfulDataError as error:
        st.session_state[DOUBTFUL] = directory, name, error.look
        st.rerun()  # nothing was done that could be told of


def _ask_whether_it_is_right(directory: str, name: str, look: FirstLook) -> None:
    """What was understood of a doubtful folder, and the two ways on."""
    with st.container(border=True):
        st.markdown(f"**What was found in** `{directory}`")
        _show_look(look)
        with st.container(horizontal=True):
            if st.button("That is right: register it", key="register doubtful"):
                actions.act(
                    partial(_register, directory, name, confirmed=True),
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


def _show_data_set(data_set: DataSet, copies: list[str], is_registered: bool) -> None:
    folders = prepared_folders(data_set.spec)
    name, spec = data_set.name, data_set.spec
    with st.container(border=True):
        with st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        ):
            title, place = wording.plain(name), wording.plain(spec)
            st.markdown(f"**{title}**  \n:gray[{place}]", width="stretch")
            if data_set.problem is None:
                _offer_preparation(data_set)
            if data_set.problem is None and spec != STREETS:
                _offer_another_name(data_set)
            if folders:
                room = byte_size(sum(storage.folder_bytes(folder) for folder in folders))
                actions.button_with_question(
                    f"Remove {room}",
                    f"Remove the prepared arrays of {name}? They are made again when "
                    "they are needed, which takes a minute or two.",
                    partial(registration.remove_prepared, spec),
                    f"The prepared arrays of {name} are removed",
                    key=f"remove {spec}",
                    icon=":material/delete:",
                )
            if is_registered:
                actions.button_with_question(
                    "Forget",
                    f"Take {name} off the list? Its files stay as they are.",
                    partial(registration.forget, spec),
                    f"{name} is forgotten",
                    key=f"forget {spec}",
                    icon=":material/close:",
                )
        if data_set.problem is not None:
            st.warning(data_set.problem, icon=":material/warning:")
            return
        if not identities.show_reading(data_set) and data_set.identity not in (None, STREETS):
            same = f" The same as those of {listed(copies)}: they share scores." if copies else ""
            st.caption(f"Images to score on: `{str(data_set.identity)[:12]}`.{same}")
        _show_health(spec)
        try:
            folder_classes.show(data_set, cache.first_look(spec))
        except SegcoreError as error:
            st.error(wording.sentence(str(error)), icon=":material/error:")


def _offer_another_name(data_set: DataSet) -> None:
    with st.popover("Rename", icon=":material/edit:", key=f"rename {data_set.spec}"):
        name = st.text_input(
            "Name", data_set.name, max_chars=NAME_LENGTH, key=f"name of {data_set.spec}"
        )
        if st.button("Save", key=f"save {data_set.spec}", type="primary"):
            actions.act(
                lambda admission: registration.rename(data_set.spec, name, admission),
                f"{data_set.name} is called {name}",
            )


def _registered() -> list[str]:
    try:
        return registered()
    except SegcoreError as error:
        st.error(wording.sentence(str(error)), icon=":material/error:")
        return []


def _offer_preparation(data_set: DataSet) -> None:
    prepare = partial(_prepare, data_set.spec)
    done = f"Preparing {data_set.name}: queued"
    key, icon = f"prepare {data_set.spec}", ":material/build:"
    doubts = _doubts(data_set.spec)
    if doubts:
        question = f"Prepare it as it is? {' '.join(map(wording.plain, doubts))}"
        actions.button_with_question("Prepare", question, prepare, done, key=key, icon=icon)
    elif st.button("Prepare", key=key, icon=icon):
        actions.act(prepare, done)


def _doubts(spec: str) -> tuple[str, ...]:
    """What is doubtful about data that is not prepared yet."""
    try:
        look = look_before_preparation(spec)
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
        st.error(wording.sentence(str(error)), icon=":material/error:")
        return
    if prepared is None:
        _show_counted(spec)
        return
    height, width = prepared.size
    health = {name: split.health for name, split in prepared.splits.items()}
    _show_findings(health, f"images ready at {width}×{height}", "file")


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
