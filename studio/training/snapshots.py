"""Watching models learn: the masks of the same images after each epoch, and each class's IoU."""

from collections.abc import Sequence
from math import isfinite
from typing import Any

import numpy as np
import streamlit as st

from segcore.data.sources import Sample
from segcore.labels import ClassMap
from segcore.labels.class_map import common
from segcore.presentation import figures, findings
from segcore.presentation.sides import Side, runs_of
from segcore.runs import Run
from segcore.runs.snapshots import read_masks
from studio import cache, choices, wording
from studio.errors import fragment
from studio.state import Selection
from studio.viewer import Frame, Panel, show_viewer
from studio.widgets.charts import show_chart
from studio.widgets.many_classes import asks_for_all, ends_of
from studio.widgets.side_by_side import PANELS

GREY = 128
"""Grey of the image that stands in where the real one is not on this machine."""


def show_classes_learnt(sides: Sequence[Side]) -> None:
    """When each run learned which classes."""
    tables = [(side, cache.class_iou(side.run)) for side in sides]
    if not any(rows for _, rows in tables):
        st.info("The IoU of each class was not kept in training.")
        return
    st.caption(
        "Validation IoU of each class after each epoch, at the training's own resolution; in "
        "numbers that of the best epoch, which is kept."
    )
    with st.grid(2, min_column_width=340, gap="medium"):
        for side, rows in tables:
            run, name, color = side.run, side.name, side.color
            with st.container():
                if rows:
                    earlier = choices.earlier_trainings(run)
                    learnt = f"**{name}.** {earlier}" if earlier else None
                    st.markdown(learnt or findings.classes_learnt(name, rows))
                    drawn = _most_telling(rows, f"all classes learnt {side.letter}")
                    figure = cache.drawn(figures.classes_over_epochs, drawn, color, run.best_epoch)
                    show_chart(figure, f"IoU of each class of {name} over its epochs")
                else:
                    st.markdown(f"{name}: not kept when it was trained.")


def _most_telling(rows: list[dict[str, float]], key: str) -> list[dict[str, float]]:
    """The columns of the classes that are learnt best and worst, where they are very many."""
    last = {name: iou for name, iou in rows[-1].items() if name != "epoch" and isfinite(iou)}
    if asks_for_all(len(last), "learnt best and worst", key):
        return rows
    kept = {"epoch", *ends_of(sorted(last, key=last.__getitem__))}
    return [{name: value for name, value in row.items() if name in kept} for row in rows]


@fragment
def show_learning(selection: Selection, sides: Sequence[Side]) -> None:
    """The masks of a validation image after each epoch, which the viewer plays."""
    kept = {
        side: index.keys
        for side in sides
        if side.run.snapshots() and (index := side.run.snapshot_index()) is not None
    }
    if not kept:
        st.info("No masks were kept in training.")
        return
    keys = list(dict.fromkeys(key for of_run in kept.values() for key in of_run))
    if selection.problem is None:  # those of other data sets only where there are no others
        here = cache.samples(selection.spec, choices.SPLIT).keys
        keys = [key for key in keys if key in here] or keys
    key = st.segmented_control("Image", keys, default=keys[0], required=True, key=f"seen {keys}")
    sample = _sample(selection, key)
    panels = [] if sample is None else [Panel("photo", "Image")]
    if sample is not None and sample.mask is not None:
        panels.append(Panel("truth", "Truth", selection.truth(sample.mask)))
    maps = common(*(run.class_map for run in runs_of(sides)))
    assert maps is not None  # or there were no pair
    for side, classes in zip(sides, maps, strict=True):
        if key in kept.get(side, ()):
            frames = _frames(side.run, key, classes)
            panels.append(Panel(PANELS[side.letter], side.title, frames[-1].mask, frames=frames))
    image = _grey_like(panels[-1].mask) if sample is None else sample.image
    show_viewer("training masks", image, panels, selection.compared)
    st.caption("Predicted after each epoch, at the training's own resolution.")
    for side in sides:
        if key not in kept.get(side, ()):
            st.caption(f"{side.name}: no masks of this image were kept when it was trained.")


def _frames(run: Run, key: str, classes: ClassMap) -> tuple[Frame, ...]:
    """The masks after each epoch, in the classes that the runs are shown by."""
    iou = {int(row["epoch"]): row["val_mean_iou"] for row in cache.history(run)}
    return tuple(
        Frame(
            epoch,
            classes.mask(read_masks(run, path)[key]),
            f"epoch {epoch}, mean IoU {wording.score(iou.get(epoch))}",
        )
        for epoch, path in sorted(run.snapshots().items())
    )


def _sample(selection: Selection, key: str) -> Sample | None:
    """The image with its truth, where it is on this machine."""
    if selection.problem is not None:
        return None
    try:
        return cache.sample(selection.spec, choices.SPLIT, key)
    except KeyError:  # an image of another data set, or no longer there
        return None


def _grey_like(mask: np.ndarray | None) -> np.ndarray:
    """An image without anything, of a mask (H, W)."""
    assert mask is not None
    return np.full((*mask.shape, 3), GREY, np.uint8)


def snapshot_masks(
    run: Run, snapshots: dict[int, Any], epoch: int
) -> tuple[dict[str, np.ndarray], int]:
    """Key -> predicted mask after the epoch, or after the run's last one before it."""
    at = max((known for known in snapshots if known <= epoch), default=min(snapshots))
    return read_masks(run, snapshots[at]), at
