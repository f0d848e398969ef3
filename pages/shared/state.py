"""What is compared: a data set and two runs, chosen once in the sidebar.

The choice is held in the visit's session and in the address, so that it stays from page to page
and a link shows the same thing to someone else.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NoReturn

import streamlit as st

from pages.shared import cache, wording
from pages.shared.engine import BUILT_IN
from segcore.runs import MODEL_FAMILIES, Run

DATA, A, B = "data", "a", "b"
"""Names in the address and keys of the sidebar's widgets."""

CHOSEN = "selection"
WRITTEN = "written_address"

IMAGE = "image"
"""Name in the address and in the session of the picture that is compared."""

SPLIT = "val"
"""The split whose images are compared and scored."""


@dataclass(frozen=True)
class DataSet:
    """A data set that can be chosen; `problem` says why it cannot be opened on this machine."""

    spec: str
    name: str
    label: str
    problem: str | None


@dataclass(frozen=True)
class Selection:
    """What every page shows; a run is None where there is none to compare yet."""

    spec: str
    dataset: str
    problem: str | None  # why the data set's pictures are not on this machine
    run_a: Run | None
    run_b: Run | None

    @property
    def runs(self) -> tuple[Run, Run] | None:
        """Both runs, where there are two."""
        if self.run_a is None or self.run_b is None:
            return None
        return self.run_a, self.run_b


def data_sets() -> dict[str, DataSet]:
    """Address name -> data set: the built-in, `SEGCORE_DATA`'s, the registered, those of runs.

    A data set of which one copy is on this machine is known by its name alone, and copies that
    are elsewhere (a shipped run's, say) are left out; otherwise the spec tells them apart.
    """
    extra = [*os.environ.get("SEGCORE_DATA", "").split(), *cache.registered_data()]
    trained = [run.spec for run in reversed(cache.list_runs()) if not run.is_imported]
    specs = dict.fromkeys(map(cache.whole_spec, [BUILT_IN, *extra, *trained]))
    by_name: dict[str, list[str]] = {}
    for spec in specs:
        by_name.setdefault(spec.partition(":")[0], []).append(spec)
    found = {}
    for name, same in by_name.items():
        here = [spec for spec in same if cache.data_problem(spec) is None]
        for spec in here or same[:1]:
            slug = name if len(here) < 2 else spec
            label = wording.data_name(slug)
            found[slug] = DataSet(spec, name, label, cache.data_problem(spec))
    return found


def comparable_runs(dataset: str) -> dict[str, Run]:
    """Name -> run with weights; champions first, then those of the data set, newest first."""
    champions = list(cache.champions(dataset).values())
    trained = [run for run in cache.list_runs() if run.weights_hash]
    own = [run for run in trained if run.dataset == dataset]
    return {run.name: run for run in (*champions, *own, *trained)}


def default_runs(dataset: str) -> tuple[str | None, str | None]:
    """The champions of the two model families; where one has none, its newest run, or any other."""
    champions = cache.champions(dataset)
    trained = [run for run in cache.list_runs() if run.weights_hash and run.dataset == dataset]
    chosen: list[str] = []
    for family in MODEL_FAMILIES:
        of_family = [run for run in trained if run.model.startswith(family)]
        candidates = [champions[family]] if family in champions else [*of_family, *trained]
        chosen += [run.name for run in candidates if run.name not in chosen][:1]
    return (*chosen, None, None)[0], (*chosen, None, None)[1]


def photograph_runs() -> tuple[Run, Run] | None:
    """The champions of a data set of photographs, newest first; None where no set has both."""
    for dataset in dict.fromkeys(run.dataset for run in cache.list_runs()):
        champions = cache.champions(dataset)
        if dataset != BUILT_IN and len(champions) == len(MODEL_FAMILIES):
            a, b = (champions[family] for family in MODEL_FAMILIES)
            return a, b
    return None


def selection() -> Selection:
    """What this page shows, as chosen in the sidebar."""
    chosen: Selection | None = st.session_state.get(CHOSEN)
    return chosen or _settle(data_sets())


def sidebar() -> Selection:
    """Draws the choice, to be done before the page runs; keeps the address in step with it."""
    sets = data_sets()
    _follow_address(sets)
    chosen = _settle(sets)
    for key in (DATA, A, B):
        send_again(key)
    runs = comparable_runs(chosen.dataset)
    champions = {run.name for run in cache.champions(chosen.dataset).values()}
    with st.sidebar:
        st.selectbox(
            "Data set",
            list(sets),
            key=DATA,
            format_func=lambda slug: sets[slug].label,
            on_change=_choose_default_runs,
            help="Its validation images are what the two runs are compared on.",
        )
        for key, side, color in ((A, "Run A", "blue"), (B, "Run B", "orange")):
            st.selectbox(
                f":{color}[●] {side}",
                list(runs),
                key=key,
                format_func=lambda name: wording.run_label(runs[name], name in champions),
                placeholder="No trained run yet",
                disabled=not runs,
            )
    _write_address()
    st.session_state[CHOSEN] = chosen
    return chosen


def choose_data_set(slug: str) -> None:
    """Changes the data set, and the runs to its champions; for a widget's callback."""
    st.session_state[DATA] = slug
    _choose_default_runs()


def compare_on(key: str) -> NoReturn:
    """Leaves this page for Compare, which shows this picture of the split."""
    st.session_state[IMAGE] = key
    # An address with a widget's name in it, such as a part's, may be replaced but not cleared.
    st.switch_page("pages/compare.py", query_params={IMAGE: key})


def send_again(key: str) -> None:
    """Tells the browser what a selectbox has, whose options' labels may have changed meanwhile.

    It answers by a label: nobody would know which option that of a former champion means.
    """
    st.session_state[key] = st.session_state[key]


def say_what_is_missing(what: str) -> None:
    """Of a link that names something which is not on this machine."""
    st.toast(
        f"{what} is not here: the default is shown instead.",
        icon=":material/info:",
        duration="long",
    )


def _settle(sets: dict[str, DataSet]) -> Selection:
    """The choice, with what is not chosen yet or not there any more replaced by the default."""
    if st.session_state.get(DATA) not in sets:
        st.session_state[DATA] = _copy_of(st.session_state.get(DATA), sets) or next(iter(sets))
    data_set = sets[st.session_state[DATA]]
    runs = comparable_runs(data_set.name)
    for key, default in zip((A, B), default_runs(data_set.name), strict=True):
        name = st.session_state.get(key)
        if name not in runs:
            st.session_state[key] = default
            if name is not None:
                say_what_is_missing(f"Run {name}")
    return Selection(
        spec=data_set.spec,
        dataset=data_set.name,
        problem=data_set.problem,
        run_a=runs.get(st.session_state[A]),
        run_b=runs.get(st.session_state[B]),
    )


def _copy_of(slug: str | None, known: Iterable[str]) -> str | None:
    """The data set of that name in the address, else one of its kind: names change as copies do."""
    kind = (slug or "").partition(":")[0]
    alike = [other for other in known if other.partition(":")[0] == kind]
    return slug if slug in alike else next(iter(alike), None)


def _choose_default_runs() -> None:
    for key in (A, B):
        st.session_state[key] = None


def _follow_address(known: Iterable[str]) -> None:
    """Takes over an address that is not of our writing: a link, or the browser's back button."""
    address = {key: st.query_params[key] for key in (DATA, A, B) if key in st.query_params}
    if address and address != st.session_state.get(WRITTEN):
        st.session_state[WRITTEN] = address
        if slug := _copy_of(address.get(DATA), known):
            st.session_state[DATA] = slug
        elif DATA in address:
            say_what_is_missing(f"Data set {address[DATA]}")
        for key in (A, B):
            st.session_state[key] = address.get(key)


def _write_address() -> None:
    address = {key: st.session_state[key] for key in (DATA, A, B) if st.session_state[key]}
    st.session_state[WRITTEN] = address
    if any(st.query_params.get(key) != value for key, value in address.items()):
        st.query_params.update(address)
