"""The scoreboard: which run is better, on which classes, how sure that is, and what it costs."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from pages.shared import (
    cache,
    confidence,
    engine,
    error_anatomy,
    guards,
    mistake_gallery,
    scoreboard,
    state,
    wording,
)
from pages.shared.charts import show_chart
from pages.shared.cost import show_cost
from pages.shared.labelling import Names
from pages.shared.scored import Pair, Scored, scored_runs
from pages.shared.state import Selection
from segcore import figures, findings
from segcore.errors import SegcoreError
from segcore.evaluation import evaluate
from segcore.runs import Run

Runs = tuple[Run, Run]
Named = Sequence[tuple[Run, str]]


# --- not scored yet ------------------------------------------------------------------------------


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
    if st.button("Evaluate now", type="primary", icon=":material/play_arrow:"):
        run_evaluations(selection, missing)
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
    if selection.problem is None and st.button("Evaluate again", icon=":material/replay:"):
        run_evaluations(selection, [(side.run, side.name) for side in sides], force=True)


def run_evaluations(selection: Selection, wanted: Named, force: bool = False) -> None:
    if not engine.wait():
        return
    for run, name in wanted:
        bar = st.progress(0.0, f"{name}: loading its network…")

        def report(done: int, total: int, name: str = name, bar: Any = bar) -> None:
            bar.progress(done / total, f"{name}: {done} of {total} images. Stay on this page.")

        try:
            evaluate(run, selection.spec, state.SPLIT, progress=report, force=force)
        except SegcoreError as error:
            bar.empty()
            st.error(str(error))
            return
    st.rerun()


# --- page ----------------------------------------------------------------------------------------


def show_single(selection: Selection, side: Scored) -> None:
    """What is known of the one run that is scored."""
    st.caption(scoreboard.policy_line(side.report, selection))
    st.metric(
        f"{side.name}, mean IoU", wording.score(side.report["mean_iou"]), border=True, width=280
    )
    show_chart(
        figures.class_iou([(side.name, side.color, scoreboard.per_class_iou(side.report))]),
        f"IoU of each class for {side.name}",
    )


def show_pair(selection: Selection, pair: Pair) -> None:
    comparison, problem = None, None
    try:
        comparison = cache.comparison_report(
            pair[0].run, pair[1].run, selection.dataset, state.SPLIT
        )
    except SegcoreError as error:
        problem = str(error)
    a, b = (side.name for side in pair)
    st.title(
        findings.headline(comparison, a, b) if comparison else f"{a} and {b} cannot be compared",
        anchor=False,
    )
    st.caption(scoreboard.policy_line(pair[0].report, selection))
    if problem:
        st.error(problem)
    scoreboard.show_pictures(pair, comparison)
    scoreboard.show_headline(pair, comparison)
    scoreboard.show_scoreboard(pair, comparison)
    scoreboard.show_classes(pair, comparison)
    scoreboard.show_categories(pair, comparison)
    error_anatomy.show_confusions(pair)
    incomplete = [side for side in pair if not side.evaluation.is_complete]
    if incomplete:
        show_incomplete(selection, incomplete)
    else:
        error_anatomy.show_bands(pair)
        error_anatomy.show_sizes(pair)
    confidence.show_trust(pair)


def main() -> None:
    selection = state.selection()
    runs = guards.require_runs(selection)
    a, b = scored_runs(selection, runs)
    if a is None or b is None:
        names = Names.of(*runs)
        sides = zip(runs, (names.a, names.b), (a, b), strict=True)
        missing = [(run, name) for run, name, side in sides if side is None]
        st.title(f"{' and '.join(name for _, name in missing)}: not scored yet", anchor=False)
        show_missing(selection, missing)
        for side in (a, b):
            if side is not None:
                show_single(selection, side)
    else:
        show_pair(selection, (a, b))
    show_cost(runs)
    if a is not None and b is not None:
        mistake_gallery.show_asked(selection, (a, b))


main()
