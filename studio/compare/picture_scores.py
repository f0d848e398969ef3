"""What the sides are worth on one image."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from segcore.evaluation import outcomes
from segcore.labels import LabelSpace, metrics
from segcore.presentation.sides import Side, names_of
from studio import cache, wording
from studio.encoding import swatch
from studio.state import Selection
from studio.widgets import split_predictions
from studio.widgets.side_by_side import Predictions

Masks = Sequence[np.ndarray]
"""(H, W) uint8 of each side, in their order."""

OUTCOMES = (":green[●] Both right", ":blue[●] Only A right", ":orange[●] Only B right")
WRONG = ":red[●] Both wrong"
OUTCOME_HELP = (
    "Share of the pixels whose truth is one of the evaluated classes, on this image and in the "
    "whole split."
)
IOU_HELP = "Intersection over union on this image; empty where the class is not in its truth."


def finding(
    sides: Sequence[Side], truth: np.ndarray | None, masks: Masks, space: LabelSpace
) -> str:
    """How close each is to the truth, or without one what they see."""
    names = names_of(sides)
    if truth is None:
        return wording.labels_of_picture(names, masks, space)
    matrices = [metrics.confusion_matrix(truth, mask, space) for mask in masks]
    return wording.headline_of_picture(names, [metrics.mean_iou(matrix) for matrix in matrices])


def occurring_classes(selection: Selection, counts: np.ndarray | None) -> list[int]:
    """Ids of the classes, as the sides are shown by, that occur in a split's masks.

    Args:
        counts: (N, C) pixels of each label of the data; None where they are not counted.
    """
    if counts is None:
        return []
    return [int(id_) for id_ in np.flatnonzero(selection.classes.counts(counts.sum(axis=0)))]


def show_outcomes(
    truth: np.ndarray | None, masks: Masks, selection: Selection | None, space: LabelSpace
) -> None:
    """Which of two is right on how much of the image, and of the split where the selection is
    given.

    With a button that finds the split's shares out, until they are known. Without a truth, how
    much the two differ.
    """
    if truth is None:
        st.metric("Different labels", wording.share(outcomes.disagreement(*masks)), border=True)
        return
    a, b = masks
    counts = outcomes.outcome_counts(outcomes.outcome_map(truth, a, b, space))
    split = None if selection is None else _outcomes_of_split(selection)
    with st.grid(4, min_column_width=150):
        for index, label in enumerate((*OUTCOMES, WRONG)):
            st.metric(
                label,
                _share(counts, index),
                None if split is None else f"{_share(split, index)} of the split",
                delta_color="off",
                delta_arrow="off",
                help=OUTCOME_HELP,
                border=True,
            )
    if selection is not None and split is None:
        split_predictions.agreements(selection, "To say who is right in the whole split")


def _outcomes_of_split(selection: Selection) -> np.ndarray | None:
    """(4,) pixels of the split, or None where not both runs have labelled all of it."""
    if selection.pair is None:
        return None
    found = cache.agreements(selection.pair.runs, selection.spec, selection.split)
    if found is None:
        return None
    counts: np.ndarray = np.sum([picture.outcomes for picture in found], axis=0)
    return counts


def _share(counts: np.ndarray, index: int) -> str:
    total = int(counts.sum())
    return wording.share(counts[index] / total) if total else "–"


def show_class_table(
    sides: Sequence[Side],
    truth: np.ndarray,
    masks: Masks,
    space: LabelSpace,
    occurring: Sequence[int],
) -> None:
    """IoU of each class in the truth, by each side.

    Args:
        occurring: ids of classes that have a row on every image, so that the table is as high.
    """
    iou: dict[str, Any] = {"min_value": 0.0, "max_value": 1.0, "format": "%.3f", "help": IOU_HELP}
    st.dataframe(
        _class_table(sides, truth, masks, space, occurring),
        hide_index=True,
        height="content",
        column_config={
            "color": st.column_config.ImageColumn("", width=36),
            "class": st.column_config.TextColumn("Class", width=110),
            **{
                side.letter.lower(): st.column_config.ProgressColumn(
                    side.title, color=side.color, width=96, **iou
                )
                for side in sides
            },
            "difference": st.column_config.NumberColumn("A − B", format="%+.3f", width=70),
            "pixels": st.column_config.NumberColumn(
                "Pixels", format="%.1f %%", width=70, help="Share of the image, by its truth."
            ),
        },
    )


def _class_table(
    sides: Sequence[Side],
    truth: np.ndarray,
    masks: Masks,
    space: LabelSpace,
    occurring: Sequence[int],
) -> pd.DataFrame:
    """The classes with most pixels first."""
    matrices = [metrics.confusion_matrix(truth, mask, space) for mask in masks]
    pixels = matrices[0].sum(axis=1)
    present = sorted(
        (id_ for id_ in space.evaluated_ids if pixels[id_] or id_ in occurring),
        key=lambda id_: -pixels[id_],
    )
    iou = {
        side.letter.lower(): np.where(
            pixels[present], metrics.iou_per_class(matrix)[present], np.nan
        )
        for side, matrix in zip(sides, matrices, strict=True)
    }
    return pd.DataFrame(
        {
            "color": [swatch(space.by_id[id_].color) for id_ in present],
            "class": [space.names[id_] for id_ in present],
            **iou,
            **({"difference": iou["a"] - iou["b"]} if len(iou) == 2 else {}),
            "pixels": 100 * pixels[present] / truth.size,
        }
    )


def show_numbers(
    sides: Sequence[Side], truth: np.ndarray | None, found: Predictions, space: LabelSpace
) -> None:
    """Pixel accuracy, and the time each took and where."""
    predicted = list(zip(sides, found, strict=True))
    with st.grid(4, min_column_width=150):
        if truth is not None:
            for side, prediction in predicted:
                matrix = metrics.confusion_matrix(truth, prediction.labels, space)
                st.metric(
                    f"{wording.dot(side)} {side.name}, accuracy",
                    wording.score(metrics.pixel_accuracy(matrix)),
                    help="Share of this image's scored pixels that are labelled right.",
                    border=True,
                )
        for side, prediction in predicted:
            if not side.run.has_network:
                continue
            timings = prediction.timings
            device = cache.predictor(side.run).device
            st.metric(
                f"{wording.dot(side)} {side.name}, time",
                wording.milliseconds(timings.total_ms),
                f"on {device}",
                delta_color="off",
                delta_arrow="off",
                help=(
                    f"When first labelled: resizing {timings.preprocess_ms:.0f} ms, "
                    f"network {timings.network_ms:.0f} ms, labels at the image's size "
                    f"{timings.postprocess_ms:.0f} ms, on {device}."
                ),
                border=True,
            )
