"""What is compared: a data set and two runs, chosen once in the sidebar.

The choice is held in the visit's session and in the address, so that it stays from page to page
and a link shows the same thing to someone else.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NoReturn

import numpy as np
import streamlit as st

from segcore.errors import DataError
from segcore.labels import CITYSCAPES, ClassMap, LabelSpace
from segcore.labels.class_map import between, common
from segcore.presentation.sides import Pair, Side, pair_of
from segcore.runs import MODEL_FAMILIES, PHOTOS, Run
from segcore.runs.data import UNREAD
from segcore.runs.data_sets import SLUG_DIGITS, DataSet, matching, name_among, slug_of
from segcore.runs.lineage import stage_identity
from segcore.runs.manifest import Ancestor
from segcore.runs.seen_data import compared_by
from studio import cache, identities, wording

DATA, A, B = "data", "a", "b"
"""Names in the address and keys of the sidebar's widgets."""

CHOSEN = "selection"
WRITTEN = "written_address"

IMAGE = "image"
"""Name in the address and in the session of the image that is compared."""

SPLIT = "val"
"""The split whose images are compared and scored."""


@dataclass(frozen=True)
class Selection:
    """What every page shows; a run is None where there is none to compare yet."""

    data: DataSet
    run_a: Run | None
    run_b: Run | None

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
        return space_of(self.data)

    @cached_property
    def pair(self) -> Pair[Side] | None:
        """Both runs, where there are two that can be compared."""
        if self.run_a is None or self.run_b is None or self._common is None:
            return None
        return pair_of(self.run_a, self.run_b)

    @cached_property
    def _common(self) -> ClassMap | None:
        if self.run_a is None or self.run_b is None:
            return None
        return compared_by(self.space, self.run_a, self.run_b)

    @property
    def classes(self) -> ClassMap:
        """From the data set's labels to the classes that the runs are compared by."""
        return self._common or ClassMap.same(self.space)

    @property
    def compared(self) -> LabelSpace:
        """The classes that the runs are compared by: the data set's, or fewer."""
        return self.classes.target

    def truth(self, mask: np.ndarray | None) -> np.ndarray | None:
        """A mask of the data set (H, W) uint8 in those classes; None as it is."""
        return None if mask is None else self.classes.mask(mask)


def data_sets() -> dict[str, DataSet]:
    """Name in the address -> data set. Those that were not read yet are read from now on."""
    found: dict[str, DataSet] = {}
    for data_set in identities.read(cache.data_sets()):
        slug, number = data_set.slug, 1
        while slug in found:
            number += 1
            slug = f"{data_set.slug}-{number}"
        found[slug] = data_set
    return found


def namer() -> Callable[[Run], str]:
    """Run -> the name of the data set that it was trained on."""
    sets, known = cache.data_sets(), cache.identities()
    return lambda run: name_among(sets, run.spec, known.get(run.name))


def name_at(spec: str) -> str:
    """The name of the data set at a spec."""
    return name_among(cache.data_sets(), spec)


def earlier_trainings(run: Run) -> str:
    """What the run's weights had learnt before its own training; empty if nothing."""
    sets = cache.data_sets()

    def name(stage: Ancestor) -> str:
        spec = stage.dataset if stage.data is None else stage.data.spec
        return name_among(sets, spec, stage_identity(stage))

    return wording.earlier_trainings(run, name)


def trained_on(data: DataSet) -> list[Run]:
    """The runs that were trained on this data set, as far as that is known; newest first."""
    known = cache.identities()

    def is_of(run: Run) -> bool:
        identity = known.get(run.name, UNREAD)
        unread = identity.startswith(UNREAD) or data.identity is None
        return identity == data.identity or (unread and run.spec == data.spec)

    return [run for run in cache.list_runs() if is_of(run)]


def space_of(data: DataSet) -> LabelSpace:
    """What the data set's labels are; of one that is not on this machine, by its runs."""
    try:
        return cache.label_space(data.spec)
    except DataError:
        return next((run.label_space for run in trained_on(data)), CITYSCAPES)


def comparable_runs(data: DataSet) -> dict[str, Run]:
    """Name -> run that tells the data set's classes apart, and can be scored on its images.

    Champions first, then those of the data set, newest first.
    """
    champions = list(cache.champions(data.identity).values())
    trained = [run for run in cache.list_runs() if run.has_network]
    own = [run for run in trained_on(data) if run.has_network or run.manifest.split == SPLIT]
    space = space_of(data)
    labels = ClassMap.same(space)

    def tells_apart(run: Run) -> bool:
        is_same = run.label_space.has_classes_of(space)
        return is_same or between(labels, run.class_map) is not None

    found = {run.name: run for run in (*champions, *own, *trained)}
    return {name: run for name, run in found.items() if tells_apart(run)}


def default_runs(data: DataSet) -> tuple[str | None, str | None]:
    """The champions of the two model families; where one has none, its newest run, or any other."""
    champions = cache.champions(data.identity)
    comparable = comparable_runs(data)
    trained = [run for run in trained_on(data) if run.name in comparable]
    # Those of merged classes are for whoever asks for them, or where there are no others.
    trained.sort(key=lambda run: not run.class_map.is_same)
    chosen: list[str] = []
    for family in MODEL_FAMILIES:
        of_family = [run for run in trained if run.model.startswith(family)]
        serving = [champions[family]] if family in champions else []
        usable = [run for run in serving if run.name in comparable]
        candidates = usable or [*of_family, *trained]
        chosen += [run.name for run in candidates if run.name not in chosen][:1]
    return (*chosen, None, None)[0], (*chosen, None, None)[1]


def photo_pair() -> Pair[Side] | None:
    """Who labels visitors' photos, as an admin said.

    None where a model family has nobody, or the two tell other classes apart.
    """
    serving = cache.champions(PHOTOS)
    if len(serving) < len(MODEL_FAMILIES):
        return None
    a, b = (serving[family] for family in MODEL_FAMILIES)
    return None if common(a.class_map, b.class_map) is None else pair_of(a, b)


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
    runs = comparable_runs(chosen.data)
    champions = {run.name for run in cache.champions(chosen.data.identity).values()}
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
    """Leaves this page for Compare, which shows this image of the split."""
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
        st.session_state[DATA] = _meant(st.session_state.get(DATA), sets) or next(iter(sets))
    data_set = sets[st.session_state[DATA]]
    runs = comparable_runs(data_set)
    for key, default in zip((A, B), default_runs(data_set), strict=True):
        name = st.session_state.get(key)
        if name not in runs:
            st.session_state[key] = default
            if name in {run.name for run in cache.list_runs()}:
                say_what_is_missing(f"Run {name} tells other classes apart: it")
            elif name is not None:
                say_what_is_missing(f"Run {name}")
    return Selection(
        data=data_set,
        run_a=runs.get(st.session_state[A]),
        run_b=runs.get(st.session_state[B]),
    )


def _meant(slug: str | None, sets: dict[str, DataSet]) -> str | None:
    """The data set that an address means: by what it is, then by its name or an older address.

    A link to images that are not here leads nowhere else: another folder of that layout has other
    images. One with the same name has changed since, or has not been read yet.
    """
    if slug is None or slug in sets:
        return slug
    name, _, digits = slug.rpartition("-")
    named = [known for known, one in sets.items() if slug_of(one.name) in (slug, name)]
    same = [known for known, one in sets.items() if _is(one, digits)]
    older = matching(slug, list(sets.values()))
    found = [known for known in same if known in named] or same or named
    return next((known for known, one in sets.items() if known in found[:1] or one in older), None)


def _is(data_set: DataSet, digits: str) -> bool:
    identity = data_set.identity or ""
    return len(digits) == SLUG_DIGITS and identity.startswith(digits)


def _choose_default_runs() -> None:
    for key in (A, B):
        st.session_state[key] = None


def _follow_address(sets: dict[str, DataSet]) -> None:
    """Takes over an address that is not of our writing: a link, or the browser's back button."""
    address = {key: st.query_params[key] for key in (DATA, A, B) if key in st.query_params}
    if address and address != st.session_state.get(WRITTEN):
        st.session_state[WRITTEN] = address
        if slug := _meant(address.get(DATA), sets):
            st.session_state[DATA] = slug
            _say_what_has_changed(address[DATA], sets[slug])
        elif DATA in address:
            say_what_is_missing(f"Data set {address[DATA]}")
        for key in (A, B):
            st.session_state[key] = address.get(key)


def _say_what_has_changed(link: str, shown: DataSet) -> None:
    digits = link.rpartition("-")[2]
    if link.startswith(f"{slug_of(shown.name)}-") and shown.identity and not _is(shown, digits):
        st.toast(
            f"{shown.name} has other images now than when this link was made.",
            icon=":material/info:",
            duration="long",
        )


def _write_address() -> None:
    address = {key: st.session_state[key] for key in (DATA, A, B) if st.session_state[key]}
    st.session_state[WRITTEN] = address
    if any(st.query_params.get(key) != value for key, value in address.items()):
        st.query_params.update(address)
