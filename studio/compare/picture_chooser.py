"""Which image is compared: thumbnails to choose it by, and what it comes before and after."""

import streamlit as st

from segcore.evaluation.image_search import Query
from segcore.presentation.sides import runs_of
from studio import address, cache, state
from studio.state import Selection
from studio.widgets import image_search
from studio.widgets.gallery import LegendEntry, show_gallery
from studio.widgets.image_search import Found, Searched
from studio.widgets.split_choice import ask_split

PAGE_SIZE = 12


def searched(selection: Selection) -> Searched:
    """The split that is compared on, with the counts of its masks or of an evaluation's truth."""
    samples = cache.samples(selection.spec, selection.split)
    counted = cache.counted(selection.spec, selection.split)
    if counted is not None:
        return Searched(selection.split, counted.keys, counted.sequences, counted.statistics.counts)
    for run in runs_of(selection.sides):
        scored = cache.stored_evaluation(run, selection.data, selection.split)
        is_of_data = scored is not None and scored.space.has_classes_of(selection.space)
        if scored is not None and is_of_data and scored.keys == samples.keys:
            counts = scored.matrices.sum(axis=2)
            return Searched(selection.split, scored.keys, scored.sequences, counts)
    return Searched(selection.split, samples.keys, [""] * len(samples), None)


def ask_pictures(selection: Selection, split: Searched) -> Found:
    """Asks which images to choose from; all of them where none is found, or not yet."""
    st.header("Choose the image", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        ask_split(selection)
        found = image_search.ask(selection, split, in_address=True)
    if found is not None and found.keys:
        return found
    if found is not None:
        st.info("No image matches: widen the range or choose another class.")
    return Found(split.keys, split.keys.__getitem__, Query(), "all")


def show_thumbnails(selection: Selection, split: Searched, found: Found, shown: str) -> None:
    """The images found, a page of them at a time; click one to see it labelled."""
    st.caption(f"{len(found.keys)} of {len(split.keys)} images; click one to see it labelled.")
    # In the data's order, the page that holds this image; another order starts on its first page.
    at = found.keys.index(shown) // PAGE_SIZE + 1 if found.keys == split.keys else 1
    pages = -(-len(found.keys) // PAGE_SIZE)
    page = st.pagination(
        pages, default=at, key=f"pictures_{selection.data.slug}_{split.name}_{found.asked}"
    )
    on_page = slice((page - 1) * PAGE_SIZE, page * PAGE_SIZE)
    thumbnails = [
        cache.thumbnail(selection.spec, selection.split, key) for key in found.keys[on_page]
    ]
    lit = []
    if found.query.label is not None:
        label = selection.space.by_id[found.query.label]
        lit = [LegendEntry(label.id, label.name, label.hex_color, "")]
    opened = show_gallery("pictures", thumbnails, found.captions(on_page), lit, chosen=shown)
    if opened is not None:
        choose(opened)
        st.rerun()


def chosen_picture(split: Searched, found: Found) -> str:
    """The image of the address, else the one looked at last, else the first one found."""
    named, last = st.query_params.get(state.IMAGE), st.session_state.get(state.IMAGE)
    for key in (named, last):
        if key in split.keys:
            choose(str(key))
            return str(key)
    if named is not None and named != last:  # by a link, not by changing the data set
        address.say_what_is_missing(f"Image {named}")
    choose(found.keys[0])
    return found.keys[0]


def choose(key: str) -> None:
    """Has the page compare on this image."""
    st.session_state[state.IMAGE] = key
    if st.query_params.get(state.IMAGE) != key:
        st.query_params[state.IMAGE] = key


def neighbour(key: str, order: list[str], step: int) -> str:
    """The image that comes so many after this one; the first where this one is not among them."""
    return order[(order.index(key) + step) % len(order)] if key in order else order[0]
