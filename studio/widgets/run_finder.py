"""Finding runs among many: words and a few filters, before a list or a choice of runs."""

from collections.abc import Collection, Sequence
from functools import partial

import streamlit as st

from segcore.runs import Run, notes
from segcore.runs.finding import Wanted, find_runs
from studio import choices, wording

MANY = 8
"""Up to so many runs are found by looking."""


OFFERED = 100
"""Runs of a choice, at most: a browser gets them all."""


def offered(found: Sequence[Run], chosen: Collection[str] = ()) -> list[str]:
    """Names of the runs to choose from: of very many the first, and what is chosen already."""
    names = [run.name for run in found]
    if len(names) > OFFERED:
        st.caption(f"The first {OFFERED} of {len(names)} can be chosen: find others above.")
    return list(dict.fromkeys([*chosen, *names[:OFFERED]]))


def ask(found: Sequence[Run], champions: Collection[str], key: str) -> list[Run]:
    """The runs that are asked for, in their order; all of few.

    Args:
        champions: names of those that are one.
        key: of the widgets, which may be on a page twice.
    """
    if len(found) <= MANY:
        return list(found)
    name_of, said = choices.namer(), notes.notes()
    data = {run.name: name_of(run) for run in found}
    labels = sorted({label for one in said.values() for label in one.labels})
    several = partial(st.multiselect, placeholder="All")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input(
            "Find runs",
            placeholder="Name, data, note",
            icon=":material/search:",
            key=f"{key} words",
        )
        with st.popover("Filter", icon=":material/filter_list:"):
            wanted = Wanted(
                text=text,
                models=several(
                    "Model", sorted({run.model for run in found}), key=f"{key} models",
                    format_func=wording.title_of,
                ),
                recipes=several(
                    "Recipe", sorted({run.recipe for run in found}), key=f"{key} recipes"
                ),
                data=several("Data", sorted(set(data.values())), key=f"{key} data"),
                labels=several("Label", labels, key=f"{key} labels") if labels else (),
                since=st.date_input("Begun since", None, key=f"{key} since"),
                champions=st.toggle("Champions only", key=f"{key} champions"),
            )  # fmt: skip
    shown = find_runs(found, wanted, lambda run: data[run.name], said, champions)
    if len(shown) < len(found):
        st.caption(f"{len(shown)} of {len(found)} runs.")
    return shown
