"""What the data set holds and what it starves: class imbalance, samples, health."""

import streamlit as st

from pages.shared import cache, guards, state, wording
from pages.shared.background import Asked, offer
from pages.shared.dataset import data_health, imbalance, one_class, sample_browser
from pages.shared.dataset.imbalance import Splits
from pages.shared.parts import ask_part
from pages.shared.state import Selection
from segcore import findings
from segcore.errors import SegcoreError
from segcore.images import overlay
from segcore.preparation.counting import count_split
from segcore.progress import Progress

IMBALANCE, EFFECT, ONE_CLASS = "Imbalance", "Effect on scores", "One class"
PICTURES, HEALTH = "Pictures", "Health"
PREVIEWED = 4


def counted_splits(selection: Selection) -> Splits:
    """The splits that have masks and are counted; empty before the first count."""
    found = {
        split: cache.counted(selection.spec, split) for split in cache.masked_splits(selection.spec)
    }
    return {split: counts for split, counts in found.items() if counts is not None}


# --- a data set that is not counted yet ----------------------------------------------------------


def show_counting(selection: Selection) -> None:
    name = wording.data_name(selection.dataset)
    st.title(f"{name} is not counted on this machine", anchor=False)
    st.markdown(
        "Counting reads every mask once and keeps what they hold, so that this page opens at once "
        "from then on. It takes seconds for a few hundred masks, a minute for Cityscapes; scenes "
        "that are rendered take a minute or two."
    )
    splits = cache.masked_splits(selection.spec)
    offer("Count now", [_counting(selection.spec, split) for split in splits])
    st.caption("A training prepares its data set by itself; from the command line:")
    st.code(f"python -m segcore prepare --data {selection.spec}", language="bash")
    show_preview(selection)


def _counting(spec: str, split: str) -> Asked:
    def count(progress: Progress) -> None:
        count_split(spec, split, progress)

    return Asked(("count", spec, split), f"{split}, masks counted", count, needs_network=False)


def show_preview(selection: Selection) -> None:
    """A few samples straight from the source."""
    split = cache.splits(selection.spec)[0]
    samples = cache.samples(selection.spec, split)
    st.subheader("A first look", anchor=False)
    with st.grid(4, min_column_width=150):
        for index in range(0, len(samples), max(1, len(samples) // PREVIEWED))[:PREVIEWED]:
            sample = cache.sample(selection.spec, split, samples.keys[index])
            picture = sample.image
            if sample.mask is not None:
                picture = overlay(picture, sample.mask, 0.55)
            st.image(picture, caption=sample.key, width="stretch", output_format="JPEG")


# --- page ----------------------------------------------------------------------------------------


def show_counted(selection: Selection, splits: Splits) -> None:
    train = next(iter(splits.values())).statistics
    counts = ", ".join(f"{len(split.keys)} {name}" for name, split in splits.items())
    st.title(findings.imbalance(train), anchor=False)
    st.caption(
        f"{wording.data_name(selection.dataset)}: {counts} images; shares are of all labelled "
        "pixels at the masks' own resolution, counted once."
    )
    part = ask_part([IMBALANCE, EFFECT, ONE_CLASS, PICTURES, HEALTH])
    if part == IMBALANCE:
        imbalance.show_imbalance(splits)
        imbalance.show_numbers(splits)
    elif part == EFFECT:
        imbalance.show_errors_explained(selection, train)
    elif part == ONE_CLASS:
        one_class.show_class(splits)
    elif part == PICTURES:
        sample_browser.show_browser(selection, splits)
        for split in cache.splits(selection.spec):
            if split not in cache.masked_splits(selection.spec):
                with st.expander(f"Pictures of {split}, which have no masks"):
                    sample_browser.show_unlabelled(selection, split)
    else:
        data_health.show_health(splits)
        if selection.runs is not None and state.SPLIT in splits:
            data_health.show_suspects(selection)


def show_unlabelled(selection: Selection) -> None:
    st.title("This data set has no masks: there is nothing to count", anchor=False)
    for split in cache.splits(selection.spec):
        st.subheader(f"{split.capitalize()} pictures", anchor=False)
        sample_browser.show_unlabelled(selection, split)


def main() -> None:
    selection = state.selection()
    if selection.problem is not None:
        st.title(f"{wording.data_name(selection.dataset)} is not on this machine", anchor=False)
    guards.require_pictures(selection)
    try:
        masked = cache.masked_splits(selection.spec)
        splits = counted_splits(selection)
        if not masked:
            show_unlabelled(selection)
        elif masked[0] not in splits:
            show_counting(selection)
        else:
            show_counted(selection, splits)
    except SegcoreError as error:
        st.error(str(error))


main()
