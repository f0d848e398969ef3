"""What the overview tells around its figures: the question, the networks, where to go next."""

from collections.abc import Sequence
from contextlib import suppress

import streamlit as st

from segcore.errors import RecipeError
from segcore.models import SPECS
from segcore.presentation import figures
from segcore.presentation.sides import Pair, Side
from segcore.recipes.checks import checked_options
from segcore.runs.lineage import pretraining, training_seconds
from studio import cache, choices, wording
from studio.widgets import presenting
from studio.widgets.charts import show_chart

STATIONS = (
    ("pages/dataset.py", "Rare classes", ":material/photo_library:"),
    ("pages/training.py", "How they learned", ":material/show_chart:"),
    ("pages/compare.py", "Image by image", ":material/compare:"),
    ("pages/upload.py", "Your own photo", ":material/add_a_photo:"),
    ("pages/evaluate.py", "The verdict in full", ":material/scoreboard:"),
)
"""In the order in which one tells it."""


FROM_ELSEWHERE = {
    "masks": "Masks that another program predicted, without a network",
    "onnx": "A network that was trained elsewhere, read as an ONNX file",
}


def show_question(sides: Sequence[Side]) -> None:
    """What the networks do, in what two differ, and the way to a photo of one's own."""
    st.markdown(_question(sides))
    st.page_link("pages/upload.py", label="Label a photo of yours", icon=":material/add_a_photo:")


def _question(sides: Sequence[Side]) -> str:
    names = " and ".join(f"{wording.dot(side)} {side.name}" for side in sides)
    does = "Semantic segmentation names the class of every pixel of an image"
    if len(sides) < 2:
        return f"{does}. {names} does this: how well, and where does it fail?"
    pair = Pair(*sides)
    words = f"{does}. {names} both do it"
    began = [pretraining(side.run) for side in pair]
    is_known = all(side.run.kind == "trained" for side in pair)
    if not is_known or (began[0] is None) is (began[1] is None):
        return f"{words}: which one is better, and where?"
    first, scratch = (pair.a, pair.b) if began[0] else (pair.b, pair.a)
    return (
        f"{words}. {scratch.name} began with random weights, {first.name} had seen a million "
        "photographs first (ImageNet). What is that worth?"
    )


def explain_scores(color: str, policy: str, classes: int) -> None:
    """What mean IoU is, a click away, with a drawing."""
    with st.popover("What is mean IoU?", icon=":material/help:", type="tertiary"):
        st.markdown(
            "**Intersection over union** (IoU) of a class: the pixels on which prediction and "
            "truth agree, divided by all pixels that either gives to the class. **Mean IoU** is "
            "its average over the classes; 1 is perfect."
        )
        show_chart(
            cache.drawn(figures.intersection_over_union, color),
            "Two overlapping boxes, truth and prediction; what both cover is the intersection",
        )
        st.caption(
            f"Here over {classes} classes (policy `{policy}`), counted over all pixels of the "
            "split. Pixels without a label are left out."
        )


def show_networks(sides: Sequence[Side]) -> None:
    """Each network as a drawing, and how it was trained."""
    is_station = presenting.station() is presenting.NETWORKS
    (st.title if is_station else st.subheader)(
        "The two networks" if len(sides) == 2 else "The network", anchor=False
    )
    with st.grid(2, min_column_width=300):
        for side in sides:
            with st.container(border=True):
                _show_network(side)


def _show_network(side: Side) -> None:
    run = side.run
    st.markdown(f"**{wording.dot(side)} {wording.model_name(run)}** `{run.name}`")
    seen = run.manifest.preprocessing
    at = f"; sees images at {seen.size[1]}x{seen.size[0]}" if seen else ""
    if run.kind != "trained":
        st.markdown(FROM_ELSEWHERE[run.kind] + at)
        return
    _draw(side)
    device = run.manifest.device or "CPU"
    st.markdown(
        f"{wording.count(run.parameters)} parameters, recipe `{run.recipe}`, trained "
        f"{wording.duration(training_seconds(run))} on {device}, "
        f"{wording.best_epoch(run)}{at}. "
        f"{wording.beginning(run)} {choices.earlier_trainings(run)}"
    )


def _draw(side: Side) -> None:
    """The drawing of a network whose stages are known."""
    run = side.run
    spec = SPECS.get(run.manifest.model)
    if spec is None or spec.stages is None:
        return
    with suppress(RecipeError):  # where it is asked to predict, the page says what is wrong
        stages = spec.stages(checked_options(run.model, run.manifest.model_options))
        is_pretrained = pretraining(run) is not None
        show_chart(
            cache.drawn(figures.network_drawing, stages, side.color, is_pretrained),
            f"{wording.model_name(run)} from image to labels, {len(stages)} stages",
            key=f"network {side.letter}",
        )
        st.caption(
            "The higher a stage, the finer its resolution; the wider, the more channels. "
            + (
                "Filled: pretrained on ImageNet. Pale: random at first."
                if is_pretrained
                else "Pale: all of it was random at first."
            )
        )


def show_ways_on() -> None:
    """The other pages, in the order in which one tells the story."""
    st.header("Look further", anchor=False)
    with st.grid(len(STATIONS), min_column_width=170):
        for page, label, icon in STATIONS:
            with st.container(border=True):
                st.page_link(page, label=label, icon=icon, width="stretch")
