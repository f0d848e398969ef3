"""What is compared: a data set and two runs, chosen once in the sidebar.

The choice is held in the visit's session and in the address, so that it stays from page to page
and a link shows the same thing to someone else.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NoReturn

import numpy as np
import streamlit as st

from segcore.labels import ClassMap, LabelSpace
from segcore.presentation.names import model_name
from segcore.presentation.sides import Pair, Side, pair_of, runs_of
from segcore.runs import Run
from segcore.runs.data_sets import DataSet
from segcore.runs.seen_data import compared_by
from studio import address, cache, choices, wording
from studio.address import DATA, A, B

CHOSEN = "selection"

IMAGE = "image"
"""Name in the address and in the session of the image that is compared."""

SPLIT = "split"
"""Name in the address of the split that is scored and compared on, and key of its widget."""


@dataclass(frozen=True)
class Selection:
    """What every page shows; a run is None where there is none to compare yet.

    Attributes:
        split: of the data set, whose images are scored and compared on.
    """

    data: DataSet
    run_a: Run | None
    run_b: Run | None
    split: str = choices.SPLIT

    @property
    def spec(self) -> str:
        """What opens the data set; it names a folder of the server, so it is never shown."""
        return self.data.spec

    @property
    def problem(self) -> str | None:
        """Why the data set's images are not on this machine."""
        return self.data.problem

    @cached_property
    def space(self) -> LabelSpace:
        """What the data set's labels are."""
        return choices.space_of(self.data)

    @cached_property
    def pair(self) -> Pair[Side] | None:
        """Both runs, where there are two that can be compared."""
        if self.run_a is None or self.run_b is None:
            return None
        if compared_by(self.space, self.run_a, self.run_b) is None:
            return None
        return pair_of(self.run_a, self.run_b)

    @cached_property
    def sides(self) -> Sequence[Side]:
        """What pages show: the pair, else one run alone; empty where there is none."""
        if self.pair is not None:
            return self.pair
        if self.run_a is not None:
            return (Side("A", self.run_a, model_name(self.run_a)),)
        if self.run_b is not None:
            return (Side("B", self.run_b, model_name(self.run_b)),)
        return ()

    def of(self, sides: Sequence[Side]) -> "Selection":
        """The same with these of its sides alone."""
        runs = {side.letter: side.run for side in sides}
        return replace(self, run_a=runs.get("A"), run_b=runs.get("B"))

    @cached_property
    def classes(self) -> ClassMap:
        """From the data set's labels to the classes that the sides are shown by."""
        shown = runs_of(self.sides)
        return (compared_by(self.space, *shown) if shown else None) or ClassMap.same(self.space)

    @property
    def compared(self) -> LabelSpace:
        """The classes that the sides are shown by: the data set's, or fewer."""
        return self.classes.target

    def truth(self, mask: np.ndarray | None) -> np.ndarray | None:
        """A mask of the data set (H, W) uint8 in those classes; None as it is."""
        return None if mask is None else self.classes.mask(mask)


def selection() -> Selection:
    """What this page shows, as chosen in the sidebar."""
    chosen: Selection | None = st.session_state.get(CHOSEN)
    return chosen or _settle(choices.data_sets())


def sidebar() -> Selection:
    """Draws the choice, to be done before the page runs; keeps the address in step with it."""
    sets = choices.data_sets()
    address.follow(sets)
    chosen = _settle(sets)
    for key in (DATA, A, B):
        send_again(key)
    runs = choices.comparable_runs(chosen.data)
    champions = {run.name for run in cache.champions(chosen.data.identity).values()}
    labels = wording.run_labels(runs.values(), champions)
    with st.sidebar:
        st.selectbox(
            "Data set",
            list(sets),
            key=DATA,
            format_func=lambda slug: sets[slug].name,
            on_change=_choose_default_runs,
            help="Its validation images are what the two runs are compared on.",
        )
        for key, side, color in ((A, "Run A", "blue"), (B, "Run B", "orange")):
            st.selectbox(
                f":{color}[●] {side}",
                list(runs),
                key=key,
                format_func=labels.__getitem__,
                placeholder="No trained run yet",
                disabled=not runs,
            )
    address.write()
    st.session_state[CHOSEN] = chosen
    return chosen


def choose_data_set(slug: str) -> None:
    """Changes the data set, and the runs to its champions; for a widget's callback."""
    st.session_state[DATA] = slug
    _choose_default_runs()


def compare_on(key: str, split: str) -> NoReturn:
    """Leaves this page for Compare, which shows this image of the split."""
    st.session_state[IMAGE] = key
    # An address with a widget's name in it, such as a part's, may be replaced but not cleared.
    st.switch_page("pages/compare.py", query_params={IMAGE: key, SPLIT: split})


def send_again(key: str) -> None:
    """Tells the browser what a selectbox has, whose options' labels may have changed meanwhile.

    It answers by a label: nobody would know which option that of a former champion means.
    """
    st.session_state[key] = st.session_state[key]


def _settle(sets: dict[str, DataSet]) -> Selection:
    """The choice, with what is not chosen yet or not there any more replaced by the default."""
    if st.session_state.get(DATA) not in sets:
        st.session_state[DATA] = address.meant(st.session_state.get(DATA), sets) or next(iter(sets))
    data_set = sets[st.session_state[DATA]]
    runs = choices.comparable_runs(data_set)
    for key, default in zip((A, B), choices.default_runs(data_set), strict=True):
        name = st.session_state.get(key)
        if name not in runs:
            st.session_state[key] = default
            if name in {run.name for run in cache.list_runs()}:
                address.say_what_is_missing(f"Run {name} tells other classes apart: it")
            elif name is not None:
                address.say_what_is_missing(f"Run {name}")
    return Selection(
        data=data_set,
        run_a=runs.get(st.session_state[A]),
        run_b=runs.get(st.session_state[B]),
    )


def _choose_default_runs() -> None:
    for key in (A, B):
        st.session_state[key] = None
