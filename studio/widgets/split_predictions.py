"""Both chosen runs over a whole split: done once when asked for, then remembered."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from segcore.errors import SegcoreError
from segcore.evaluation.disagreement import PictureAgreement
from segcore.evaluation.predictions import StoredPredictions, predict_split, stored_predictions
from segcore.presentation.sides import Side
from segcore.runs import Run
from segcore.system.progress import Progress
from studio import cache, engine, wording
from studio.background import Asked, offer
from studio.errors import show_error
from studio.state import Selection


def agreements(selection: Selection, purpose: str) -> list[PictureAgreement] | None:
    """What run A and run B say about each image of the split; None, with a button, until known.

    Args:
        purpose: what it is wanted for, as the visitor is told; another for each place on a page.
    """
    if selection.pair is None:
        return None
    found = cache.agreements(selection.pair.runs, selection.spec, selection.split)
    if found is None:
        _offer(selection, selection.pair.runs, purpose)
    return found


def differing(selection: Selection, purpose: str) -> dict[str, float] | None:
    """Key -> share of the image that the two runs label differently; None as `agreements`."""
    found = agreements(selection, purpose)
    return None if found is None else {picture.key: picture.differing for picture in found}


def labelled(side: Side, selection: Selection) -> StoredPredictions | None:
    """What the run says about the split's images; None, with a button, until it is known."""
    run, spec, split = side.run, selection.spec, selection.split
    stored = stored_predictions(run, cache.source_now(spec), split)
    if stored is not None:
        return stored
    count = len(cache.samples(spec, split))
    place = st.empty()
    with place.container(border=True):
        st.markdown(f"For this {side.name} has to label all {count} {split} images, once.")
        pressed = st.button("Label them", icon=":material/play_arrow:", key="label_split")
    if not pressed or not engine.wait() or not _label(side, selection, st.progress(0.0)):
        return None
    place.empty()
    return stored_predictions(run, cache.source_now(spec), split)


def _offer(selection: Selection, runs: tuple[Run, Run], purpose: str) -> None:
    count = len(cache.samples(selection.spec, selection.split))
    with st.container(border=True):
        st.markdown(
            f"{purpose}, both runs have to label all {count} {selection.split} images, once; it is "
            "remembered."
        )
        offer("Label them all", [_work(run, selection) for run in runs], place=purpose)


def _work(run: Run, selection: Selection) -> Asked:
    spec, split = selection.spec, selection.split

    def label(progress: Progress) -> None:
        predict_split(run, spec, split, progress)

    key = "labels", run.name, run.weights_hash, spec, split
    return Asked(key, f"{wording.model_name(run)}, images labelled", label)


def _label(side: Side, selection: Selection, bar: DeltaGenerator) -> bool:
    """Labels the split under a progress bar; False with the reason on the page."""

    def show(done: int, total: int) -> None:
        bar.progress(done / total, f"{side.name} has labelled {done} of {total} images")

    try:
        predict_split(side.run, selection.spec, selection.split, show)
    except SegcoreError as error:
        show_error(error)
        return False
    finally:
        bar.empty()
    return True
