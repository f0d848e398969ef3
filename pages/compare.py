"""The runs on an image of your choice, predicted now, next to the truth."""

from collections.abc import Sequence

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from segcore.data.sources import Sample
from segcore.labels import LabelSpace
from segcore.presentation.findings.words import listed
from segcore.presentation.sides import Side, names_of, runs_of
from segcore.runs import Run
from segcore.runs.seen_data import seen_by
from studio import cache, state
from studio.compare import epochs, picture_chooser, picture_scores
from studio.compare.looking_ahead import look_ahead
from studio.compare.picture_scores import Masks
from studio.errors import errors_told
from studio.state import Selection
from studio.viewer import Panel, difference_panels, outcome_panel, show_viewer
from studio.widgets import guards, side_by_side
from studio.widgets.side_by_side import Quality
from studio.widgets.split_choice import on_chosen_split

TRAINED, OWN = "As trained", "The image's own"


def ask_quality() -> Quality:
    """At which resolution, and with how many views, both models see the image."""
    resolution = st.segmented_control(
        "Resolution",
        [TRAINED, OWN],
        default=TRAINED,
        required=True,
        key="resolution",
        bind="query-params",
        help="As trained: the whole image at the size that the model was trained at. The "
        "image's own: in overlapping tiles of that size too, nothing made smaller.",
    )
    augmented = st.toggle(
        "Test-time augmentation",
        key="augmented",
        bind="query-params",
        help="Each image is seen mirrored too, and at three scales where the model takes any; "
        "the probabilities are averaged. Up to six times the work.",
    )
    return Quality(in_tiles=resolution == OWN, augmented=augmented)


def show_steps(keys: list[str], key: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Previous",
            icon=":material/chevron_left:",
            on_click=picture_chooser.choose,
            args=(picture_chooser.neighbour(key, keys, -1),),
        )
        st.button(
            "Next",
            icon=":material/chevron_right:",
            icon_position="right",
            on_click=picture_chooser.choose,
            args=(picture_chooser.neighbour(key, keys, 1),),
        )
        place = f", {keys.index(key) + 1} of {len(keys)}" if key in keys else ""
        st.markdown(f"`{key}`{place}")


def show_panels(
    sample: Sample,
    truth: np.ndarray | None,
    masks: Masks,
    predictions: Sequence[Panel],
    keys: list[str],
    space: LabelSpace,
) -> None:
    """The image, truth, all sides, and where they are right or differ."""
    maps = difference_panels(masks)
    known = [Panel("photo", "Image")]
    if truth is not None:
        maps.insert(0, outcome_panel(truth, masks, space))
        known.append(Panel("truth", "Truth", truth))
    step = show_viewer(
        "compare",
        sample.image,
        [*known, *maps, *predictions],
        space,
        has_others=True,
        in_address=True,
    )
    if step:
        picture_chooser.choose(picture_chooser.neighbour(sample.key, keys, step))
        st.rerun()


def show_live(
    selection: Selection,
    sides: Sequence[Side],
    sample: Sample,
    keys: list[str],
    occurring: list[int],
    heading: DeltaGenerator,
) -> None:
    """Each run, predicted now."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        quality = ask_quality()
    working = st.container()  # always there, so that the viewer keeps its place below it
    with working:
        found = side_by_side.predict_before_eyes(sides, sample.image, quality, key=sample.key)
    if found is None:
        return
    found = side_by_side.by_classes_of(selection, sides, found)
    masks, space = [one.labels for one in found], selection.compared
    truth = selection.truth(sample.mask)
    heading.title(picture_scores.finding(sides, truth, masks, space), anchor=False)
    show_panels(sample, truth, masks, side_by_side.prediction_panels(sides, found), keys, space)
    show_scores(sides, truth, masks, selection, space, occurring)
    picture_scores.show_numbers(sides, truth, found, space)
    if not quality.in_tiles:
        coming = picture_chooser.neighbour(sample.key, keys, 1)
        look_ahead(runs_of(sides), selection.spec, selection.split, coming, quality.views)


def show_two_epochs(
    selection: Selection, run: Run, sample: Sample, keys: list[str], heading: DeltaGenerator
) -> None:
    """One run after two of its epochs."""
    seen = seen_by(run, cache.source(selection.spec))
    truth = None if sample.mask is None else seen.classes.mask(sample.mask)
    space = seen.space
    chosen = epochs.choose_epochs(run)
    pair = epochs.sides_of(run, chosen)
    masks = epochs.masks_of(run, chosen, sample.key, sample.image.shape[:2])
    heading.title(picture_scores.finding(pair, truth, masks, space), anchor=False)
    predictions = [Panel("a", pair.a.title, masks[0]), Panel("b", pair.b.title, masks[1])]
    show_panels(sample, truth, masks, predictions, keys, space)
    show_scores(pair, truth, masks, None, space, [])


def show_scores(
    sides: Sequence[Side],
    truth: np.ndarray | None,
    masks: Masks,
    selection: Selection | None,
    space: LabelSpace,
    occurring: list[int],
) -> None:
    if len(sides) == 2:
        picture_scores.show_outcomes(truth, masks, selection, space)
    if truth is not None:
        picture_scores.show_class_table(sides, truth, masks, space, occurring)


def main() -> None:
    selection = on_chosen_split(state.selection())
    sides = guards.require_run(selection)
    heading = st.empty()
    heading.title(f"{listed(names_of(sides))} on one image", anchor=False)
    guards.offer_second(selection, "is shown beside it on the same image")
    guards.require_pictures(selection)
    split = picture_chooser.searched(selection)
    watched = set(epochs.watched_keys(sides)) & set(split.keys)
    if watched:
        split = split.only(watched)
    above, below = st.container(), st.container()
    with below:  # first, because it says which image stands above
        found = picture_chooser.ask_pictures(selection, split)
    key = picture_chooser.chosen_picture(split, found)
    with above:
        sample = cache.sample(selection.spec, selection.split, key)
        show_steps(found.keys, key)
        if watched:
            show_two_epochs(selection, sides[0].run, sample, found.keys, heading)
        else:
            occurring = picture_scores.occurring_classes(selection, split.counts)
            show_live(selection, sides, sample, found.keys, occurring, heading)
    with below:
        picture_chooser.show_thumbnails(selection, split, found, key)


with errors_told():
    main()
