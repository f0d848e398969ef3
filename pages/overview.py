"""The two champions: who is better, on one live image, and where to look further."""

from collections import Counter
from collections.abc import Callable

import streamlit as st

from segcore.errors import DataError
from segcore.evaluation.comparison import Comparison
from segcore.presentation import findings
from segcore.presentation.sides import Pair, Side
from studio import cache, choices, engine, state, wording
from studio.errors import errors_told, fragment
from studio.overview.story import explain_scores, show_networks, show_question, show_ways_on
from studio.viewer import Panel, show_viewer
from studio.widgets import guards, presenting, side_by_side
from studio.widgets.home_and_away import show_home_and_away

DIFFERENCE_HELP = (
    "Mean IoU of run A minus run B, with its 95 % interval; where that holds 0 the comparison is "
    "undecided. {from_what}"
)


def show_scores(pair: Pair[Side], comparison: Comparison) -> None:
    a, b, difference = comparison.a, comparison.b, comparison.mean_iou
    decided = [of for of in comparison.per_class.values() if of.delta is not None]
    verdicts = Counter(of.verdict for of in decided)
    cards = (
        (
            f"{wording.dot(pair.a)} {pair.a.name}, mean IoU",
            wording.score(a.scores.mean_iou),
            None,
            None,
        ),
        (
            f"{wording.dot(pair.b)} {pair.b.name}, mean IoU",
            wording.score(b.scores.mean_iou),
            None,
            None,
        ),
        (
            "Difference A − B",
            wording.difference(difference.delta),
            wording.interval(difference),
            DIFFERENCE_HELP.format(from_what=findings.resampling(comparison)),
        ),
        (
            "Classes won",
            f"{verdicts['a']} vs {verdicts['b']}",
            f"{verdicts['undecided'] + verdicts['none']} undecided",
            "How many classes run A and run B label better. A class is decided by the interval of "
            "its IoU difference; all of these verdicts together are right with 95 %. The others "
            "are undecided, or in too few parts of the split for a verdict.",
        ),
    )
    with st.grid(4, min_column_width=160):
        for label, value, note, definition in cards:
            st.metric(
                label,
                value,
                note,
                delta_color="off",
                delta_arrow="off",
                help=definition,
                border=True,
                height="stretch",
            )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            f"{a.spec}, {a.split} split, {a.images} images at {a.resolution}, policy `{a.policy}`"
        )
        explain_scores(pair.b.color, a.policy, len(comparison.per_class))


@fragment
def show_live_picture(selection: state.Selection, pair: Pair[Side]) -> None:
    engine.give_way()
    keys = cache.samples(selection.spec, choices.SPLIT).keys
    picture = st.session_state.setdefault("overview_picture", 0) % len(keys)
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        st.header("The same image, labelled by both", anchor=False)
        if st.button("Another image", icon=":material/shuffle:"):
            picture = (picture + max(1, len(keys) // 7)) % len(keys)
            st.session_state["overview_picture"] = picture
    sample = cache.sample(selection.spec, choices.SPLIT, keys[picture])
    known = [Panel("photo", "Image", note=sample.key)]
    if sample.mask is not None:
        known.append(Panel("truth", "Truth", selection.truth(sample.mask)))
    sentence = st.empty()
    found = side_by_side.predict_before_eyes(pair, sample.image, key=sample.key)
    if found is None:
        return
    found = side_by_side.by_classes_of(selection, pair, found)
    masks = found[0].labels, found[1].labels
    sentence.markdown(wording.difference_on_picture(*pair.names, *masks, selection.compared))
    panels = [*known, *side_by_side.prediction_panels(pair, found)]
    show_viewer("overview", sample.image, panels, selection.compared)


def show_image(selection: state.Selection, pair: Pair[Side]) -> None:
    if selection.problem is not None:
        guards.offer_streets(selection)
    else:
        show_live_picture(selection, pair)


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
        show_scores(pair, comparison)
        return
    st.title(f"{pair.a.name} and {pair.b.name} label the same image", anchor=False)
    show_question(pair)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("Which one is better is not known yet: not both are scored on these images.")
        st.page_link("pages/evaluate.py", label="Evaluate", icon=":material/scoreboard:")


def main() -> None:
    selection = state.selection()
    pair = guards.require_pair(selection)
    station = presenting.station()
    parts: tuple[tuple[Callable[[], None], presenting.Station | None], ...] = (
        (lambda: show_verdict(selection, pair), presenting.VERDICT),
        (lambda: show_image(selection, pair), None),
        (lambda: show_home_and_away(pair, choices.photo_pair()), presenting.VERDICT),
        (lambda: show_networks(pair), presenting.NETWORKS),
        (show_ways_on, None),
    )
    for show, told_at in parts:
        if station is None or told_at is station:
            with errors_told():
                show()


with errors_told():
    main()
