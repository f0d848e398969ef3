"""The scoreboard: how good a run is or which of two is better, on which classes, at what cost."""

from collections.abc import Sequence

import streamlit as st

from segcore.errors import SegcoreError
from segcore.evaluation.comparison import Comparison
from segcore.presentation.findings.words import listed
from segcore.presentation.sides import Pair, Side, names_of
from studio import cache, state
from studio.errors import errors_told, show_error
from studio.evaluate import (
    confidence,
    cost,
    downloads,
    error_breakdown,
    headlines,
    mistake_gallery,
    robustness_lab,
    scoreboard,
    scoring,
)
from studio.evaluate.scored import Scored, scored_sides
from studio.state import Selection
from studio.widgets import guards
from studio.widgets.home_and_away import show_home_and_away
from studio.widgets.parts import ask_part
from studio.widgets.split_choice import ask_split, on_chosen_split

SCORES, MISTAKES, CONFIDENCE = "Scores", "Mistakes", "Confidence"
ROBUSTNESS, COST = "Robustness", "Cost"
PARTS = {
    SCORES: headlines.of_scores,
    MISTAKES: headlines.of_mistakes,
    CONFIDENCE: headlines.of_confidence,
    ROBUSTNESS: headlines.of_robustness,
    COST: headlines.of_cost,
}
"""Each with what says its finding."""

SECOND = "is scored beside it, with a verdict"
"""What another run is for."""


def show_scored(selection: Selection, sides: Sequence[Scored], missing: Sequence[Side]) -> None:
    """The parts of the page, of one run or two, below the finding of the one that is open.

    Args:
        missing: of the selection's sides the one without scores, or none.
    """
    comparison, problem = None, None
    if isinstance(sides, Pair):
        try:
            comparison = cache.comparison(*sides.runs, selection.data, selection.split)
        except SegcoreError as error:
            problem = str(error)
    heading = st.empty()
    st.caption(scoreboard.policy_line(sides[0].evaluation))
    if problem:
        show_error(problem)
        scoring.offer_again(selection, sides)
    guards.offer_second(selection, SECOND)
    if missing:
        scoring.show_missing(selection, missing)
    shown = selection.of(sides)
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"
    ):
        part = ask_part(list(PARTS))
        with st.container(
            horizontal=True, gap="small", width="content", vertical_alignment="bottom"
        ):
            ask_split(selection)
            if isinstance(sides, Pair):
                downloads.show_downloads(shown, sides)
    heading.title(PARTS[part](sides, comparison), anchor=False)
    if part == SCORES:
        show_scores(sides, comparison)
    elif part == MISTAKES:
        show_mistakes(shown, sides)
    elif part == CONFIDENCE:
        show_confidence(shown, sides)
    elif part == ROBUSTNESS:
        show_home_and_away(sides)
        robustness_lab.show_curves(shown, sides)
        robustness_lab.show_lab(shown, sides)
    else:
        cost.show_costs(sides)
        cost.show_all_runs(shown, sides)
    mistake_gallery.show_asked(shown, sides)


def show_scores(sides: Sequence[Scored], comparison: Comparison | None) -> None:
    scoreboard.show_pictures(sides, comparison)
    scoreboard.show_headline(sides, comparison)
    scoreboard.show_scoreboard(sides, comparison)
    scoreboard.show_classes(sides, comparison)
    scoreboard.show_categories(sides, comparison)


def show_mistakes(selection: Selection, sides: Sequence[Scored]) -> None:
    error_breakdown.show_confusions(sides)
    if complete(selection, sides):
        error_breakdown.show_bands(sides)
        error_breakdown.show_sizes(sides)


def show_confidence(selection: Selection, sides: Sequence[Scored]) -> None:
    complete(selection, sides)
    confidence.show_trust(sides)


def complete(selection: Selection, sides: Sequence[Scored]) -> bool:
    """Whether all evaluations have counted all; what has not is offered to be counted."""
    incomplete = [side for side in sides if not side.evaluation.is_complete]
    if incomplete:
        scoring.show_incomplete(selection, incomplete)
    return not incomplete


def main() -> None:
    selection = on_chosen_split(state.selection())
    sides = guards.require_run(selection)
    if not guards.is_known(selection):
        return
    scored = scored_sides(selection, sides)
    if scored:
        letters = {side.letter for side in scored}
        show_scored(selection, scored, [side for side in sides if side.letter not in letters])
        return
    st.title(f"{listed(names_of(sides))}: not scored yet", anchor=False)
    ask_split(selection)
    guards.offer_second(selection, SECOND)
    scoring.show_missing(selection, sides)
    cost.show_costs(sides)


with errors_told():
    main()
