"""The samples of a split as thumbnails: filtered, sorted, a page at a time, and one closely."""

from functools import partial

import numpy as np
import streamlit as st

from segcore.data import counts
from segcore.data.preparation.counting import CountedSplit
from studio import cache, state, wording
from studio.dataset.imbalance import Splits
from studio.errors import fragment
from studio.state import Selection
from studio.viewer import Panel, show_viewer
from studio.widgets import dialogs, image_search
from studio.widgets.gallery import LegendEntry, show_gallery
from studio.widgets.image_search import Found, Searched
from studio.widgets.split_choice import NAMES

PAGE_SIZE = 12


@fragment
def show_browser(selection: Selection, splits: Splits) -> None:
    """Thumbnails of the samples that are asked for; `splits` are those with masks."""
    st.header("Samples", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        name = st.segmented_control(
            "Split", list(splits), default=next(iter(splits)), required=True, key="browser_split"
        )
        split = splits[name]
        searched = Searched(name, split.keys, split.sequences, split.statistics.counts)
        found = image_search.ask(selection, searched)
    if found is None:
        return
    if not found.keys:
        st.info("No sample matches: widen the range or choose another class.")
        return
    pages = -(-len(found.keys) // PAGE_SIZE)
    st.caption(f"{len(found.keys)} of {len(split.keys)} samples; point at one to name its classes.")
    page = st.pagination(pages, key=f"samples_{selection.data.slug}_{name}_{found.query}")
    on_page = slice((page - 1) * PAGE_SIZE, page * PAGE_SIZE)
    _show_page(selection, split, name, found, on_page)


def show_unlabelled(selection: Selection, name: str) -> None:
    """Thumbnails of a split without masks: nothing to filter by."""
    keys = cache.samples(selection.spec, name).keys
    page = st.pagination(-(-len(keys) // PAGE_SIZE), key=f"plain_{selection.data.slug}_{name}")
    shown = keys[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    thumbnails = [cache.thumbnail(selection.spec, name, key) for key in shown]
    gallery = f"plain gallery {name}"
    offer_closer_look(selection, name, gallery, show_gallery(gallery, thumbnails, shown, []))


def _show_page(
    selection: Selection, split: CountedSplit, name: str, found: Found, on_page: slice
) -> None:
    keys = found.keys[on_page]
    thumbnails = [cache.thumbnail(selection.spec, name, key) for key in keys]
    rows = [split.keys.index(key) for key in keys]
    share = counts.pixel_share(split.statistics.counts[rows].sum(axis=0))
    space = selection.space
    ids = [id_ for id_ in np.argsort(-share) if share[id_] and id_ not in space.void_ids]
    legend = [
        LegendEntry(
            int(id_), space.names[id_], space.by_id[id_].hex_color, wording.share(share[id_])
        )
        for id_ in ids
    ]
    opened = show_gallery("gallery", thumbnails, found.captions(on_page), legend)
    offer_closer_look(selection, name, "gallery", opened)


def offer_closer_look(selection: Selection, split: str, gallery: str, opened: str | None) -> None:
    """Shows the sample that was clicked in a gallery at its own size, image and mask linked.

    Args:
        opened: its key, if it was just clicked.
    """
    name = f"{gallery} of {selection.data.slug}"
    if opened is not None:
        dialogs.ask_for(name, split, opened)
    dialogs.show(name, "A closer look", partial(_look_closer, selection), width="large")


def _look_closer(selection: Selection, split: str, key: str) -> None:
    sample = cache.sample(selection.spec, split, key)
    height, width = sample.image.shape[:2]
    st.caption(f"`{key}` of {split}, {sample.sequence}, {width} x {height} pixels")
    panels = [Panel("photo", "Image")]
    if sample.mask is not None:
        panels.append(Panel("truth", "Truth", sample.mask))
    show_viewer(f"closer {key}", sample.image, panels, selection.space)
    if split in NAMES and st.button(
        "See what the models say", icon=":material/compare:", type="primary"
    ):
        state.compare_on(key, split)
