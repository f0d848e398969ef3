"""What the data set holds and which classes are rare; samples, health."""

import streamlit as st

from segcore.presentation import findings
from studio import cache, choices, state
from studio.dataset import counting, data_health, imbalance, one_class, sample_browser
from studio.dataset.imbalance import Splits
from studio.errors import errors_told
from studio.state import Selection
from studio.widgets import guards
from studio.widgets.parts import ask_part

IMBALANCE, EFFECT, ONE_CLASS = "Imbalance", "Effect on scores", "One class"
PICTURES, HEALTH = "Pictures", "Health"


def counted_splits(selection: Selection) -> Splits:
    """The splits that have masks and are counted; empty before the first count."""
    found = {
        split: cache.counted(selection.spec, split) for split in cache.masked_splits(selection.spec)
    }
    return {split: counts for split, counts in found.items() if counts is not None}


def show_counted(selection: Selection, splits: Splits) -> None:
    train = next(iter(splits.values())).statistics
    counts = ", ".join(f"{len(split.keys)} {name}" for name, split in splits.items())
    st.title(findings.imbalance(train, selection.space), anchor=False)
    st.caption(
        f"{selection.data.name}: {counts} images; shares are of all labelled "
        "pixels at the masks' own resolution, counted once."
    )
    part = ask_part([IMBALANCE, EFFECT, ONE_CLASS, PICTURES, HEALTH])
    if part == IMBALANCE:
        imbalance.show_imbalance(splits, selection.space)
        imbalance.show_numbers(splits, selection.space)
    elif part == EFFECT:
        imbalance.show_errors_explained(selection, train)
    elif part == ONE_CLASS:
        one_class.show_class(splits, selection.space)
    elif part == PICTURES:
        sample_browser.show_browser(selection, splits)
        for split in cache.splits(selection.spec):
            if split not in cache.masked_splits(selection.spec):
                with st.expander(f"Images of {split}, which have no masks"):
                    sample_browser.show_unlabelled(selection, split)
    else:
        data_health.show_health(splits)
        if selection.pair is not None and choices.SPLIT in splits:
            data_health.show_suspects(selection)


def show_unlabelled(selection: Selection) -> None:
    st.title("This data set has no masks: there is nothing to count", anchor=False)
    for split in cache.splits(selection.spec):
        st.header(f"{split.capitalize()} images", anchor=False)
        sample_browser.show_unlabelled(selection, split)


def main() -> None:
    selection = state.selection()
    if selection.problem is not None:
        st.title(f"{selection.data.name} is not on this machine", anchor=False)
    guards.require_pictures(selection)
    masked = cache.masked_splits(selection.spec)
    splits = counted_splits(selection)
    if not masked:
        show_unlabelled(selection)
    elif masked[0] not in splits:
        counting.show_counting(selection)
    else:
        show_counted(selection, splits)


with errors_told():
    main()
