"""One run at two of its epochs: the masks that its training kept of a few validation images."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from segcore.images import resize_labels
from segcore.presentation.sides import Pair, Side, runs_of
from segcore.runs import Run
from studio import wording
from studio.training.snapshots import snapshot_masks

Masks = tuple[np.ndarray, np.ndarray]

NOTE = (
    "The same run on both sides: compared at two of its epochs, by the masks that its training "
    "kept of these validation images, at the training's own resolution."
)


def watched_keys(sides: Sequence[Side]) -> list[str]:
    """The images that a run can be compared with itself on; none for a run alone
    or two different ones."""
    runs = runs_of(sides)
    if len(runs) < 2 or runs[0].name != runs[1].name or len(runs[0].snapshots()) < 2:
        return []
    index = runs[0].snapshot_index()
    return index.keys if index else []


def choose_epochs(run: Run) -> tuple[int, int]:
    """Asks for the two epochs: at first the first one and the one whose weights were kept."""
    kept = sorted(run.snapshots())
    later = run.best_epoch if run.best_epoch in kept[1:] else kept[-1]
    st.caption(NOTE)
    with st.container(horizontal=True, gap="medium"):
        a = st.select_slider(
            ":blue[●] Epoch of A", kept, kept[0], key="epoch_a", bind="query-params", width=320
        )
        b = st.select_slider(
            ":orange[●] Epoch of B", kept, later, key="epoch_b", bind="query-params", width=320
        )
    return int(a), int(b)


def sides_of(run: Run, epochs: tuple[int, int]) -> Pair[Side]:
    """The run on both sides, named by its epochs."""
    name_a, name_b = (f"{wording.model_name(run)} after epoch {epoch}" for epoch in epochs)
    return Pair(Side("A", run, name_a), Side("B", run, name_b))


def masks_of(run: Run, epochs: tuple[int, int], key: str, size: tuple[int, int]) -> Masks:
    """The masks after both epochs, (H, W) uint8 at the image's size."""
    a, b = (snapshot_masks(run, run.snapshots(), epoch)[0][key] for epoch in epochs)
    return resize_labels(a, size), resize_labels(b, size)
