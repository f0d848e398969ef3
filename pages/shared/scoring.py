"""Scoring the runs of the Evaluate page, in the background, once for all visitors."""

from collections.abc import Hashable, Sequence
from functools import partial

import streamlit as st

from pages.shared import engine, guards, state, wording
from pages.shared.background import BENCH, follow
from pages.shared.scored import Scored
from pages.shared.state import Selection
from segcore.background import Progress
from segcore.errors import BusyError
from segcore.evaluation import evaluate
from segcore.runs import Run

Named = Sequence[tuple[Run, str]]


def show_missing(selection: Selection, missing: Named) -> None:
    """Which of the runs have no scores on this data set, and a button that makes them."""
    listed = " and ".join(f"{name} (`{run.name}`)" for run, name in missing)
    st.info(
        f"Not scored on {wording.data_name(selection.dataset)} {state.SPLIT} yet: {listed}. "
        "Every image is predicted once at its own resolution; the result is kept with the run.",
        icon=":material/scoreboard:",
    )
    if selection.problem is not None:
        guards.offer_streets(selection)
        return
    _offer(selection, missing, "Evaluate now", force=False)
    st.caption("Or from the command line:")
    commands = [
        f"python -m segcore evaluate --run {run.name} --data {selection.spec} --split {state.SPLIT}"
        for run, _ in missing
    ]
    st.code("\n".join(commands), language="bash")


def show_incomplete(selection: Selection, sides: Sequence[Scored]) -> None:
    """Scores from before errors and confidence were counted, and a button that counts them."""
    listed = " and ".join(side.name for side in sides)
    st.info(
        f"Where the errors of {listed} lie, and what scaling its confidence would mend, was not "
        "counted when it was evaluated.",
        icon=":material/scoreboard:",
    )
    if selection.problem is None:
        wanted = [(side.run, side.name) for side in sides]
        _offer(selection, wanted, "Evaluate again", force=True)


def _offer(selection: Selection, wanted: Named, label: str, *, force: bool) -> None:
    if follow([_key(run, selection) for run, _ in wanted]):
        return
    if not st.button(label, type="primary", icon=":material/play_arrow:") or not engine.wait():
        return
    try:
        for run, name in wanted:
            score = partial(_score, run, selection.spec, force)
            BENCH.start(_key(run, selection), f"{name}, images scored", score)
    except BusyError as error:
        st.error(str(error))
        return
    st.rerun()


def _score(run: Run, spec: str, force: bool, progress: Progress) -> None:
    evaluate(run, spec, state.SPLIT, progress=progress, force=force)


def _key(run: Run, selection: Selection) -> Hashable:
    return "evaluate", run.name, run.weights_hash, selection.spec
