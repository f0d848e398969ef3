"""Both runs on a validation image of your choice, predicted now, next to the truth."""

import numpy as np
import pandas as pd
import streamlit as st

from pages.shared import cache, guards, labelling, state, wording
from pages.shared.labelling import Names, Pair
from pages.shared.linked_viewer import Linked, show_linked
from pages.shared.viewer import (
    DIFFERENCES,
    DIFFERENT_COLOR,
    OUTCOMES,
    outcome_legend,
    show_legend,
    swatch,
)
from segcore import agreement, metrics
from segcore.colors import RUN_A, RUN_B
from segcore.errors import SegcoreError
from segcore.images import resize_image
from segcore.labels import EVALUATED_IDS, NAMES
from segcore.runs import Run
from segcore.sources import Sample

IMAGE = "image"
"""Name in the address and in the session of the image that is shown."""

THUMBNAILS = 12
THUMBNAIL_WIDTH = 240
IOU_HELP = "Intersection over union on this picture; empty where the class is not in its truth."


def chosen_key(keys: list[str]) -> str:
    """The image of the address, else the one looked at last, else the first."""
    for key in (st.query_params.get(IMAGE), st.session_state.get(IMAGE)):
        if key in keys:
            st.session_state[IMAGE] = key
            return str(key)
    return keys[0]


def choose(key: str) -> None:
    st.session_state[IMAGE] = key
    st.query_params[IMAGE] = key


def show_steps(keys: list[str], key: str) -> None:
    index = keys.index(key)
    with st.container(horizontal=True, vertical_alignment="center"):
        before, after = keys[index - 1], keys[(index + 1) % len(keys)]
        st.button("Previous", icon=":material/chevron_left:", on_click=choose, args=(before,))
        st.button(
            "Next",
            icon=":material/chevron_right:",
            icon_position="right",
            on_click=choose,
            args=(after,),
        )
        st.markdown(f"`{key}`, {index + 1} of {len(keys)}")


def picture_finding(names: Names, sample: Sample, pair: Pair) -> str:
    labels = pair[0].labels, pair[1].labels
    if sample.mask is None:
        return wording.difference_on_picture(names.a, names.b, *labels)
    iou_a, iou_b = (
        metrics.mean_iou(metrics.confusion_matrix(sample.mask, mask)) for mask in labels
    )
    return wording.headline_of_picture(names.a, names.b, iou_a, iou_b)


def linked_panels(names: Names, sample: Sample, pair: Pair) -> list[Linked]:
    """Photograph, truth, both predictions, and where they agree with the truth or each other."""
    predictions = labelling.linked_predictions(names, pair)
    photo = Linked("photo", "Photograph")
    if sample.mask is None:
        return [photo, labelling.difference_panel(pair), *predictions]
    outcomes = agreement.outcome_map(sample.mask, pair[0].labels, pair[1].labels)
    truth = Linked("truth", "Truth", sample.mask)
    return [photo, truth, Linked("map", "Who is right", outcomes), *predictions]


def show_outcomes(sample: Sample, pair: Pair) -> None:
    """How much of the picture each is right on, or where there is no truth, how much differs."""
    labels = pair[0].labels, pair[1].labels
    if sample.mask is None:
        different = wording.share(agreement.disagreement(*labels))
        show_legend([(DIFFERENT_COLOR, "different labels", different)])
        return
    legend = outcome_legend(agreement.outcome_map(sample.mask, *labels))
    show_legend([(color, name, wording.share(share)) for color, name, share in legend])
    st.caption("Shares of the scored pixels; those without a scored class stay clear.")


def class_table(truth: np.ndarray, pair: Pair) -> pd.DataFrame:
    """IoU of each class in the truth, both runs; the classes with most pixels first."""
    matrices = [metrics.confusion_matrix(truth, side.labels) for side in pair]
    iou_a, iou_b = (metrics.iou_per_class(matrix) for matrix in matrices)
    pixels = matrices[0].sum(axis=1)
    present = sorted((id_ for id_ in EVALUATED_IDS if pixels[id_]), key=lambda id_: -pixels[id_])
    return pd.DataFrame(
        {
            "color": [swatch(id_) for id_ in present],
            "class": [NAMES[id_] for id_ in present],
            "a": iou_a[present],
            "b": iou_b[present],
            "difference": iou_a[present] - iou_b[present],
            "pixels": 100 * pixels[present] / truth.size,
        }
    )


def show_class_table(names: Names, truth: np.ndarray, pair: Pair) -> None:
    iou = {"min_value": 0.0, "max_value": 1.0, "format": "%.3f", "help": IOU_HELP}
    st.dataframe(
        class_table(truth, pair),
        hide_index=True,
        height="content",
        column_config={
            "color": st.column_config.ImageColumn("", width=36),
            "class": st.column_config.TextColumn("Class", width=110),
            "a": st.column_config.ProgressColumn(f"A · {names.a}", color=RUN_A, width=130, **iou),
            "b": st.column_config.ProgressColumn(f"B · {names.b}", color=RUN_B, width=130, **iou),
            "difference": st.column_config.NumberColumn("A − B", format="%+.3f", width=70),
            "pixels": st.column_config.NumberColumn(
                "Pixels", format="%.1f %%", width=70, help="Share of the picture, by its truth."
            ),
        },
    )


def show_numbers(names: Names, runs: tuple[Run, Run], sample: Sample, pair: Pair) -> None:
    squares = (":blue[●]", ":orange[●]")
    with st.grid(4, min_column_width=190):
        if sample.mask is not None:
            for square, name, prediction in zip(squares, (names.a, names.b), pair, strict=True):
                matrix = metrics.confusion_matrix(sample.mask, prediction.labels)
                st.metric(
                    f"{square} {name}, pixel accuracy",
                    wording.score(metrics.pixel_accuracy(matrix)),
                    help="Share of this picture's scored pixels that are labelled right.",
                    border=True,
                )
        for square, name, run, prediction in zip(
            squares, (names.a, names.b), runs, pair, strict=True
        ):
            timings, predictor = prediction.timings, cache.predictor(run)
            st.metric(
                f"{square} {name}, time",
                wording.milliseconds(timings.total_ms),
                help=(
                    f"When first labelled: resizing {timings.preprocess_ms:.0f} ms, "
                    f"network {timings.network_ms:.0f} ms, labels at the picture's size "
                    f"{timings.postprocess_ms:.0f} ms, by {predictor.engine} on {predictor.device}."
                ),
                border=True,
            )


@st.fragment
def show_thumbnails(spec: str, keys: list[str], shown: str) -> None:
    st.subheader("Choose another image", anchor=False)
    pages = -(-len(keys) // THUMBNAILS)
    page = st.pagination(pages, default=keys.index(shown) // THUMBNAILS + 1, key="compare_page")
    with st.grid(6, min_column_width=140):
        for key in keys[(page - 1) * THUMBNAILS : page * THUMBNAILS]:
            image = cache.sample(spec, state.SPLIT, key).image
            height = round(THUMBNAIL_WIDTH * image.shape[0] / image.shape[1])
            with st.container(gap="xxsmall"):
                st.image(resize_image(image, (height, THUMBNAIL_WIDTH)), width="stretch", alt=key)
                if st.button(
                    key,
                    key=f"thumbnail-{key}",
                    width="stretch",
                    type="tertiary",
                    disabled=key == shown,
                ):
                    choose(key)
                    st.rerun()


def main() -> None:
    selection = state.selection()
    runs = guards.require_runs(selection)
    names = Names.of(*runs)
    heading = st.empty()
    heading.title(f"{names.a} and {names.b} on one picture", anchor=False)
    guards.require_pictures(selection)
    keys = cache.samples(selection.spec, state.SPLIT).keys
    key = chosen_key(keys)
    st.query_params[IMAGE] = key
    sample = cache.sample(selection.spec, state.SPLIT, key)
    show_steps(keys, key)
    pair = labelling.predict_before_eyes(runs, names, sample.image)
    if pair is not None:
        heading.title(picture_finding(names, sample, pair), anchor=False)
        meaning = DIFFERENCES if sample.mask is None else OUTCOMES
        panels = linked_panels(names, sample, pair)
        step = show_linked("compare", sample.image, panels, meaning, has_others=True)
        if step:
            choose(keys[(keys.index(key) + step) % len(keys)])
            st.rerun()
        show_outcomes(sample, pair)
        if sample.mask is not None:
            show_class_table(names, sample.mask, pair)
        show_numbers(names, runs, sample, pair)
    show_thumbnails(selection.spec, keys, key)


try:
    main()
except SegcoreError as error:
    st.error(str(error))
