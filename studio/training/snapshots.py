"""Watching models learn: the masks of the same images after each epoch, and each class's IoU."""

from typing import Any

import numpy as np
import streamlit as st

from segcore.images import resize_labels
from segcore.labels import LabelSpace
from segcore.presentation import figures, findings
from segcore.presentation.sides import Pair, Side
from segcore.runs import Run
from segcore.runs.snapshots import read_masks
from studio import cache, choices, wording
from studio.errors import fragment
from studio.state import Selection
from studio.widgets.charts import show_chart

PICTURE_WIDTH = 480


def show_classes_learnt(pair: Pair[Side]) -> None:
    """Which classes each run learnt when, side by side."""
    tables = [(side, cache.class_iou(side.run)) for side in pair]
    if not any(rows for _, rows in tables):
        st.info("The IoU of each class was not kept when these two were trained.")
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
                    figure = cache.drawn(figures.classes_over_epochs, rows, color, run.best_epoch)
                    show_chart(figure, f"IoU of each class of {name} over its epochs")
                else:
                    st.markdown(f"{name}: not kept when it was trained.")


@fragment
def show_learning(selection: Selection, pair: Pair[Side]) -> None:
    """One slider of epochs moves the predicted masks of the same validation images."""
    watched = [(side, side.run.snapshots()) for side in pair if side.run.snapshot_index()]
    watched = [(side, snapshots) for side, snapshots in watched if snapshots]
    if not watched:
        st.info("No masks were kept while these two were trained.")
        return
    last = max(max(snapshots) for _, snapshots in watched)
    epoch = st.slider("Epoch", 1, last, last) if last > 1 else 1
    strips = [(side, *snapshot_masks(side.run, snapshots, epoch)) for side, snapshots in watched]
    stages = "; ".join(stage_of(side.run, side.name, snaps, epoch) for side, snaps in watched)
    keys = list(dict.fromkeys(key for _, masks, _ in strips for key in masks))
    are_same = all(key in masks for key in keys for _, masks, _ in strips)
    whose = "the same" if are_same else "each run's own"
    st.markdown(f"Masks of {whose} validation images, {stages}.")
    with st.grid(2 + len(strips), min_column_width=140, gap="small"):
        for key in keys:
            shape = show_sample(selection, key)
            for side, masks, at in strips:
                if key in masks:
                    title, space = f"{side.title}, epoch {at}", side.run.label_space
                    show_mask(masks[key], shape, title, space)


def snapshot_masks(
    run: Run, snapshots: dict[int, Any], epoch: int
) -> tuple[dict[str, np.ndarray], int]:
    """Key -> predicted mask after the epoch, or after the run's last one before it."""
    at = max((known for known in snapshots if known <= epoch), default=min(snapshots))
    return read_masks(run, snapshots[at]), at


def stage_of(run: Run, name: str, snapshots: dict[int, Any], epoch: int) -> str:
    at = max((known for known in snapshots if known <= epoch), default=min(snapshots))
    iou = {int(row["epoch"]): row["val_mean_iou"] for row in cache.history(run)}
    return f"{name} after epoch {at}: mean IoU {wording.score(iou.get(at))}"


def show_sample(selection: Selection, key: str) -> tuple[int, int] | None:
    """The image and its truth where they are on this machine; their height and width."""
    if selection.problem is not None:
        return None
    try:
        sample = cache.sample(selection.spec, choices.SPLIT, key)
    except KeyError:  # an image of another data set, or no longer there
        return None
    st.image(sample.image, caption=f"Image {key}", width="stretch", output_format="JPEG", alt=key)
    if sample.mask is not None:
        show_mask(sample.mask, None, "Truth", selection.space)
    height, width = sample.image.shape[:2]
    return height, width


def show_mask(
    mask: np.ndarray, shape: tuple[int, int] | None, caption: str, space: LabelSpace
) -> None:
    """The mask in the proportions of its image; lossless."""
    height, width = shape or mask.shape
    size = (round(height * PICTURE_WIDTH / width), PICTURE_WIDTH)
    st.image(
        space.colorize(resize_labels(np.asarray(mask), size)),
        caption=caption,
        width="stretch",
        output_format="PNG",
        alt=caption,
    )
