"""The images where a kind of mistake happens, worst first, with just its pixels lit."""

from collections.abc import Sequence

import streamlit as st

from segcore.evaluation.mistakes import ASKED, FALSELY_CALLED, Mistake, worst_first
from segcore.labels import LabelSpace
from segcore.presentation.sides import runs_of
from studio import cache, state
from studio.evaluate.scored import Scored, scope
from studio.state import Selection
from studio.widgets import dialogs, guards, split_predictions
from studio.widgets.gallery import LegendEntry, show_gallery

DIALOG = "mistake"
SHOWN = 12
ASKED_COLOR, FALSE_COLOR = "#e5007d", "#00a3a3"


def ask(side: Scored, mistake: Mistake) -> None:
    """Has `show_asked` open the mistake; for a widget's callback."""
    dialogs.ask_for(DIALOG, side.letter, mistake)


def show_asked(selection: Selection, sides: Sequence[Scored]) -> None:
    """Opens what is asked for, to be called at the end of the page."""
    by_letter: dict[str, Scored] = {side.letter: side for side in sides}

    def show(letter: str, mistake: Mistake) -> None:
        side = by_letter[letter]
        _show(selection, side, [other for other in sides if other is not side], mistake)

    dialogs.show(DIALOG, "Where it happens", show, width="large")


def _show(selection: Selection, side: Scored, others: Sequence[Scored], mistake: Mistake) -> None:
    found = worst_first(mistake, side.evaluation)
    st.markdown(f"{side.square} **{side.name}** · {mistake.title(side.evaluation.space)}")
    if not found:
        st.success("It occurs in no image of the split.", icon=":material/check_circle:")
        return
    total = sum(pixels for _, pixels in found)
    st.caption(
        f"{total:,} pixels in {len(found)} images ({scope(side.evaluation)}); "
        f"the {min(SHOWN, len(found))} with most of it. A click shows the image as it is labelled."
    )
    if selection.problem is not None:
        guards.offer_streets(selection)
        return
    stored = split_predictions.labelled(side, selection)
    if stored is None:
        return
    here = set(stored.keys)  # the data may have changed since it was scored
    shown = [(key, pixels) for key, pixels in found if key in here][:SHOWN]
    thumbnails = [
        cache.mistake_thumbnail(
            side.run, runs_of(others), selection.spec, selection.split, key, mistake
        )
        for key, _ in shown
    ]
    captions = [f"{pixels:,} pixels · {key}" for key, pixels in shown]
    legend = _legend(mistake, side.evaluation.space)
    opened = show_gallery(f"mistakes {side.letter}", thumbnails, captions, legend)
    if opened is not None:
        state.compare_on(opened, selection.split)


def _legend(mistake: Mistake, space: LabelSpace) -> list[LegendEntry]:
    name = space.names[mistake.truth]
    if mistake.predicted is not None or mistake.size is not None:
        return [LegendEntry(ASKED, mistake.title(space), ASKED_COLOR, "")]
    return [
        LegendEntry(ASKED, f"{name} missed", ASKED_COLOR, ""),
        LegendEntry(FALSELY_CALLED, f"called {name}, is not", FALSE_COLOR, ""),
    ]
