"""The scoreboard: which run is better, on which classes, how sure that is, and what it costs."""

import streamlit as st

from segcore.errors import SegcoreError
from segcore.evaluation.comparison import Comparison
from segcore.presentation import figures
from segcore.presentation.sides import Pair
from studio import cache, choices, state, wording
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
from studio.evaluate.scored import Scored, ScoredPair, scored_sides
from studio.state import Selection
from studio.widgets import guards
from studio.widgets.charts import show_chart
from studio.widgets.home_and_away import show_home_and_away
from studio.widgets.parts import ask_part

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


def show_single(selection: Selection, side: Scored) -> None:
    """What is known of the one run that is scored."""
    st.caption(scoreboard.policy_line(side.evaluation))
    st.metric(f"{side.name}, mean IoU", wording.score(side.scores.mean_iou), border=True, width=280)
    show_chart(
        cache.drawn(figures.class_iou, [(side.name, side.color, side.scores.class_iou)]),
        f"IoU of each class for {side.name}",
    )


def show_pair(selection: Selection, pair: ScoredPair) -> None:
    comparison, problem = None, None
    try:
        comparison = cache.comparison(*pair.runs, selection.data, choices.SPLIT)
    except SegcoreError as error:
        problem = str(error)
    heading = st.empty()
    st.caption(scoreboard.policy_line(pair.a.evaluation))
    if problem:
        show_error(problem)
        scoring.offer_again(selection, pair)
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        part = ask_part(list(PARTS))
        downloads.show_downloads(selection, pair)
    heading.title(PARTS[part](pair, comparison), anchor=False)
    if part == SCORES:
        show_scores(pair, comparison)
    elif part == MISTAKES:
        show_mistakes(selection, pair)
    elif part == CONFIDENCE:
        show_confidence(selection, pair)
    elif part == ROBUSTNESS:
        show_home_and_away(pair)
        robustness_lab.show_curves(selection, pair)
        robustness_lab.show_lab(selection, pair)
    else:
        cost.show_costs(pair)
        cost.show_all_runs(selection, pair)
    mistake_gallery.show_asked(selection, pair)


def show_scores(pair: ScoredPair, comparison: Comparison | None) -> None:
    scoreboard.show_pictures(pair, comparison)
    scoreboard.show_headline(pair, comparison)
    scoreboard.show_scoreboard(pair, comparison)
    scoreboard.show_classes(pair, comparison)
    scoreboard.show_categories(pair, comparison)


def show_mistakes(selection: Selection, pair: ScoredPair) -> None:
    error_breakdown.show_confusions(pair)
    if complete(selection, pair):
        error_breakdown.show_bands(pair)
        error_breakdown.show_sizes(pair)


def show_confidence(selection: Selection, pair: ScoredPair) -> None:
    complete(selection, pair)
    confidence.show_trust(pair)


def complete(selection: Selection, pair: ScoredPair) -> bool:
    """Whether both evaluations have counted all; what has not is offered to be counted."""
    incomplete = [side for side in pair if not side.evaluation.is_complete]
    if incomplete:
        scoring.show_incomplete(selection, incomplete)
    return not incomplete


def main() -> None:
    selection = state.selection()
    pair = guards.require_pair(selection)
    if not guards.is_known(selection):
        return
    a, b = scored_sides(selection, pair)
    if a is not None and b is not None:
        show_pair(selection, Pair(a, b))
        return
    missing = [
        (side.run, side.name) for side, scored in zip(pair, (a, b), strict=True) if scored is None
    ]
    st.title(f"{' and '.join(name for _, name in missing)}: not scored yet", anchor=False)
    scoring.show_missing(selection, missing)
    for side in (a, b):
        if side is not None:
            show_single(selection, side)
    cost.show_costs(pair)


with errors_told():
    main()
