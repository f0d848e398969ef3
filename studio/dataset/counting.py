"""A data set that is not counted on this machine yet: counting it, and a few of its images."""

import streamlit as st

from segcore.data.preparation.counting import count_split
from segcore.images import overlay
from segcore.system.progress import Progress
from studio import cache
from studio.background import Asked, offer
from studio.state import Selection

PREVIEWED = 4
COUNTED_UNASKED = 1000
"""Images whose masks are counted in seconds, so that nobody need ask for it."""


def show_counting(selection: Selection) -> None:
    name = selection.data.name
    st.title(f"{name} is not counted on this machine yet", anchor=False)
    st.markdown(
        "Counting reads every mask once and keeps what they hold, so that this page opens at once "
        "from then on. It takes seconds for a few hundred masks, a minute for thousands; scenes "
        "that are rendered take a minute or two."
    )
    splits = cache.masked_splits(selection.spec)
    pictures = sum(len(cache.samples(selection.spec, split)) for split in splits)
    offer(
        "Count now",
        [_counting(selection.spec, split) for split in splits],
        unasked=pictures <= COUNTED_UNASKED,
    )
    st.caption("A training prepares its data set by itself; from the command line:")
    st.code(f"python -m segcore prepare --data {selection.data.argument}", language=None)
    show_preview(selection)


def _counting(spec: str, split: str) -> Asked:
    def count(progress: Progress) -> None:
        count_split(spec, split, progress)

    key = "count", spec, split, cache.fingerprint(spec, split)
    return Asked(key, f"{split}, masks counted", count, needs_network=False)


def show_preview(selection: Selection) -> None:
    """A few samples straight from the source."""
    split = cache.splits(selection.spec)[0]
    samples = cache.samples(selection.spec, split)
    st.header("A first look", anchor=False)
    with st.grid(4, min_column_width=150):
        for index in range(0, len(samples), max(1, len(samples) // PREVIEWED))[:PREVIEWED]:
            sample = cache.sample(selection.spec, split, samples.keys[index])
            picture = sample.image
            if sample.mask is not None:
                picture = overlay(picture, sample.mask, 0.55, selection.space)
            st.image(
                picture,
                caption=sample.key,
                width="stretch",
                output_format="JPEG",
                alt=f"Image {sample.key}",
            )
