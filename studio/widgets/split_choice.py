"""Which split a page scores and compares on: validation, or test, whose images chose nothing."""

from dataclasses import replace

import streamlit as st

from studio import cache, choices
from studio.state import SPLIT, Selection

NAMES = {choices.SPLIT: "Validation", "test": "Test"}


def on_chosen_split(selection: Selection) -> Selection:
    """The selection on the split that the address names, else on validation."""
    named = st.query_params.get(SPLIT)
    return replace(selection, split=named) if named in _offered(selection) else selection


def ask_split(selection: Selection) -> None:
    """Asks for the split, where there is a choice."""
    offered = _offered(selection)
    if len(offered) < 2:
        return
    st.session_state[SPLIT] = selection.split
    st.segmented_control(
        "Split",
        offered,
        format_func=NAMES.__getitem__,
        required=True,
        key=SPLIT,
        on_change=_write_address,
        help="On the validation images the best epoch of each training was chosen; the test images "
        "chose nothing.",
    )


def _offered(selection: Selection) -> list[str]:
    """The splits that have masks, and predictions of all sides."""
    if selection.problem is not None:
        return [choices.SPLIT]
    masked = cache.masked_splits(selection.spec)
    of_masks = [side.run for side in selection.sides if not side.run.has_network]
    return [
        split
        for split in NAMES
        if split in masked and all(run.manifest.split == split for run in of_masks)
    ]


def _write_address() -> None:
    st.query_params[SPLIT] = st.session_state[SPLIT]
