"""The champions: how good they are, on one live image, and where to look further."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

import streamlit as st

from segcore.errors import DataError
from segcore.evaluation import Evaluation
from segcore.evaluation.comparison import Comparison
from segcore.presentation import findings, tables
from segcore.presentation.sides import Pair, Side, names_of
from studio import cache, choices, engine, state, wording
from studio.errors import errors_told, fragment
from studio.overview.story import explain_scores, show_networks, show_question, show_ways_on
from studio.viewer import Panel, show_viewer
from studio.widgets import guards, presenting, side_by_side
from studio.widgets.home_and_away import show_home_and_away

DIFFERENCE_HELP = (
    "Mean IoU of run A minus run B, with its 95 % interval; if that contains 0, the comparison is "
    "undecided. {from_what}"
)


class Card(NamedTuple):
    """A figure with a few words below it, and what it is, a click away."""

    label: str
    value: str
    note: str | None = None
    definition: str | None = None


def show_verdict_scores(pair: Pair[Side], comparison: Comparison) -> None:
    difference = comparison.mean_iou
    decided = [
        difference for difference in comparison.per_class.values() if difference.delta is not None
    ]
    verdicts = Counter(difference.verdict for difference in decided)
    scored = zip(pair, (comparison.a, comparison.b), strict=True)
    show_cards(
        *(mean_iou_card(side, evaluation) for side, evaluation in scored),
        Card(
            "Difference A − B",
            wording.difference(difference.delta),
            wording.interval(difference),
            DIFFERENCE_HELP.format(from_what=findings.resampling(comparison)),
        ),
        Card(
            "Classes won",
            f"{verdicts['a']} vs {verdicts['b']}",
            f"{verdicts['undecided'] + verdicts['none']} undecided",
            "How many classes run A and run B label better. A class is decided by the interval of "
            "its IoU difference; all of these verdicts hold jointly at 95 % confidence. The others "
            "are undecided, or in too few parts of the split for a verdict.",
        ),
    )
    show_policy(comparison.a, pair.b.color)


def show_own_scores(side: Side, evaluation: Evaluation) -> None:
    """The scores of a run shown alone."""
    accuracy = wording.score(evaluation.scores.pixel_accuracy)
    definition = tables.DEFINITIONS["pixel_accuracy"][1]
    show_cards(
        mean_iou_card(side, evaluation), Card("Pixel accuracy", accuracy, None, f"{definition}.")
    )
    show_policy(evaluation, side.color)


def mean_iou_card(side: Side, evaluation: Evaluation) -> Card:
    score = wording.score(evaluation.scores.mean_iou)
    return Card(f"{wording.dot(side)} {side.name}, mean IoU", score)


def show_cards(*cards: Card) -> None:
    with st.grid(4, min_column_width=160):
        for card in cards:
            st.metric(
                card.label,
                card.value,
                card.note,
                delta_color="off",
                delta_arrow="off",
                help=card.definition,
                border=True,
                height="stretch",
            )


def show_policy(evaluation: Evaluation, color: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            f"{evaluation.spec}, {evaluation.split} split, {evaluation.images} images "
            f"at {evaluation.resolution}, policy `{evaluation.policy}`"
        )
        explain_scores(color, evaluation.policy, len(evaluation.scores.per_class))


@fragment
def show_live_picture(selection: state.Selection, sides: Sequence[Side]) -> None:
    engine.give_way()
    keys = cache.samples(selection.spec, choices.SPLIT).keys
    picture = st.session_state.setdefault("overview_picture", 0) % len(keys)
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        st.header(
            "The same image, labelled by both" if len(sides) == 2 else "One image, labelled",
            anchor=False,
        )
        if st.button("Another image", icon=":material/shuffle:"):
            picture = (picture + max(1, len(keys) // 7)) % len(keys)
            st.session_state["overview_picture"] = picture
    sample = cache.sample(selection.spec, choices.SPLIT, keys[picture])
    known = [Panel("photo", "Image", note=sample.key)]
    if sample.mask is not None:
        known.append(Panel("truth", "Truth", selection.truth(sample.mask)))
    sentence = st.empty()
    found = side_by_side.predict_before_eyes(sides, sample.image, key=sample.key)
    if found is None:
        return
    found = side_by_side.by_classes_of(selection, sides, found)
    masks, space = [one.labels for one in found], selection.compared
    sentence.markdown(wording.labels_of_picture(names_of(sides), masks, space))
    panels = [*known, *side_by_side.prediction_panels(sides, found)]
    show_viewer("overview", sample.image, panels, space)


def show_image(selection: state.Selection, sides: Sequence[Side]) -> None:
    if selection.problem is not None:
        guards.offer_streets(selection)
    else:
        show_live_picture(selection, sides)


def show_standing(selection: state.Selection, sides: Sequence[Side]) -> None:
    """The verdict on two runs, or what one alone reaches, as far as it is known."""
    if selection.pair is not None:
        show_verdict(selection, selection.pair)
    else:
        show_alone(selection, sides[0])
        guards.offer_second(selection, "is compared with it here")


def show_verdict(selection: state.Selection, pair: Pair[Side]) -> None:
    try:
        comparison = cache.comparison(*pair.runs, selection.data, choices.SPLIT)
    except DataError:  # of different images; Evaluation says so, and how to fix it
        comparison = None
    if not guards.is_known(selection):
        return
    if comparison is not None:
        st.title(findings.headline(comparison, *pair.names), anchor=False)
        show_question(pair)
        if comparison.mean_iou.reason is not None:
            st.markdown(comparison.mean_iou.reason)
        show_verdict_scores(pair, comparison)
        return
    st.title(f"{pair.a.name} and {pair.b.name} label the same image", anchor=False)
    show_question(pair)
    say_not_scored("Which one is better is not known yet: both need scores on these images.")


def show_alone(selection: state.Selection, side: Side) -> None:
    if not guards.is_known(selection):
        return
    scored = cache.stored_evaluation(side.run, selection.data, choices.SPLIT)
    if scored is not None:
        st.title(findings.standing(side.name, scored.scores), anchor=False)
        show_question((side,))
        show_own_scores(side, scored)
        return
    st.title(f"{side.name} on {selection.data.name}", anchor=False)
    show_question((side,))
    say_not_scored("Its quality is not known yet: it has not been scored on these images.")


def say_not_scored(sentence: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(sentence)
        st.page_link("pages/evaluate.py", label="Evaluate", icon=":material/scoreboard:")


def main() -> None:
    selection = state.selection()
    sides = guards.require_run(selection)
    station, for_photos = presenting.station(), choices.photo_pair(selection.space)
    parts: tuple[tuple[Callable[[], None], presenting.Station | None], ...] = (
        (lambda: show_standing(selection, sides), presenting.VERDICT),
        (lambda: show_image(selection, sides), None),
        (lambda: show_home_and_away(sides, for_photos), presenting.VERDICT),
        (lambda: show_networks(sides), presenting.NETWORKS),
        (show_ways_on, None),
    )
    for show, told_at in parts:
        if station is None or told_at is station:
            with errors_told():
                show()


with errors_told():
    main()
