"""Scoring the runs of the Evaluation page, in the background, once for all visitors."""

from collections.abc import Iterable, Sequence

import streamlit as st

from segcore.evaluation import evaluate, reports_of_before
from segcore.presentation.sides import Side
from segcore.runs import Run
from segcore.system.progress import Progress
from studio import cache, wording
from studio.background import Asked, offer
from studio.evaluate.scored import Scored
from studio.state import Selection
from studio.widgets import guards


def show_missing(selection: Selection, missing: Sequence[Side]) -> None:
    """Which of the runs have no scores on this data set, and a button that makes them."""
    listed = " and ".join(f"{side.name} (`{side.run.name}`)" for side in missing)
    st.info(
        f"Not scored on {selection.data.name} {selection.split} yet: {listed}. "
        "Every image is predicted once at its own resolution; the result is stored.",
        icon=":material/scoreboard:",
    )
    for side in missing:
        _show_scores_of_before(selection, side.run, side.name)
    if selection.problem is not None:
        guards.offer_streets(selection)
        return
    offer("Evaluate now", [_work(side, selection) for side in missing])
    st.caption("Or from the command line:")
    commands = [
        f"python -m segcore evaluate --run {side.run.name} "
        f"--data {selection.data.argument} --split {selection.split}"
        for side in missing
    ]
    st.code("\n".join(commands), language=None)


def _show_scores_of_before(selection: Selection, run: Run, name: str) -> None:
    """That the run was scored, on images that have changed since: nothing was lost."""
    digest = cache.digest_of(selection.data, selection.split)
    if digest is None:
        return
    for report in reports_of_before(run, selection.spec, selection.split, digest):
        st.caption(
            f"{name} was scored before {selection.data.name} changed: mean IoU "
            f"{wording.score(report.mean_iou)} on the {report.images} images that it held "
            "then. Those scores are kept; they do not apply to the current images."
        )


def show_incomplete(selection: Selection, sides: Sequence[Scored]) -> None:
    """Scores from before errors and confidence were counted, and a button that counts them."""
    if summed := [side for side in sides if side.evaluation.is_summed]:
        st.info(
            f"{summed[0].name} tells more classes apart than the other run. Its pixels add up to "
            "the classes of both; boundaries, regions and confidence do not.",
            icon=":material/merge:",
        )
    sides = [side for side in sides if not side.evaluation.is_summed]
    if not sides:
        return
    listed = " and ".join(side.name for side in sides)
    st.info(
        f"Where the errors of {listed} lie, and how much temperature scaling would help, was not "
        "counted when it was evaluated.",
        icon=":material/scoreboard:",
    )
    offer_again(selection, sides)


def offer_again(selection: Selection, sides: Iterable[Scored]) -> None:
    """A button that scores them again, where their images are here."""
    if selection.problem is None:
        wanted = [_work(side, selection, force=True) for side in sides]
        offer("Evaluate again", wanted, again=True)


def _work(side: Side, selection: Selection, *, force: bool = False) -> Asked:
    run, spec, split = side.run, selection.spec, selection.split

    def score(progress: Progress) -> None:
        evaluate(run, spec, split, progress=progress, force=force)

    key = "evaluate", run.name, run.weights_hash, spec, split
    return Asked(key, f"{side.name}, {split} images scored", score)
