"""The samples of a split as thumbnails: filtered, sorted, a page at a time, and one closely."""

from collections.abc import Mapping

import numpy as np
import streamlit as st

from pages.shared import cache, predicting, state, wording
from pages.shared.gallery import LegendEntry, show_gallery
from pages.shared.imbalance import Splits, shown_classes
from pages.shared.labelling import Names
from pages.shared.linked_viewer import Linked, show_linked
from pages.shared.state import Selection
from pages.shared.viewer import DIFFERENCES
from segcore import metrics, statistics
from segcore.browsing import Query, by_score, class_share, matching, rarity, shuffled
from segcore.counting import CountedSplit
from segcore.labels import IDS, IGNORED_IDS, LABELS, NAMES

PAGE_SIZE = 12
ANY_CLASS, ANYWHERE = "any class", "everywhere"
MIXED, MOST, RARE, DIFFERING = (
    "Mixed",
    "Most of the class",
    "Rare classes first",
    "Where A and B differ most",
)


@st.fragment
def show_browser(selection: Selection, splits: Splits) -> None:
    """Thumbnails of the samples that are asked for; `splits` are those with masks."""
    st.subheader("Samples", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        name = st.segmented_control(
            "Split", list(splits), default=next(iter(splits)), required=True, key="browser_split"
        )
        split = splits[name]
        query = _ask_query(splits, split, name)
        order = _ask_order(selection, split, name, query)
    if order is None:
        return
    if not len(order):
        st.info("No sample holds that: widen the range or choose another class.")
        return
    pages = -(-len(order) // PAGE_SIZE)
    st.caption(f"{len(order)} of {len(split.keys)} samples; point at one to name its classes.")
    page = st.pagination(pages, key=f"samples_{selection.dataset}_{name}_{query}")
    _show_page(selection, split, name, query, order[(page - 1) * PAGE_SIZE : page * PAGE_SIZE])


def show_unlabelled(selection: Selection, name: str) -> None:
    """Thumbnails of a split without masks: nothing to filter by."""
    keys = cache.samples(selection.spec, name).keys
    page = st.pagination(-(-len(keys) // PAGE_SIZE), key=f"plain_{selection.dataset}_{name}")
    shown = keys[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    thumbnails = [cache.thumbnail(selection.spec, name, key) for key in shown]
    opened = show_gallery(f"plain gallery {name}", thumbnails, shown, [])
    if opened is not None:
        look_closer(selection, name, opened)


def _ask_query(splits: Splits, split: CountedSplit, name: str) -> Query:
    holding = split.statistics.images_with
    ids = [id_ for id_ in shown_classes(splits) if holding[id_]]
    chosen = st.selectbox(
        "Holds the class",
        [ANY_CLASS, *(NAMES[id_] for id_ in ids)],
        format_func=lambda class_: (
            class_ if class_ == ANY_CLASS else f"{class_} ({holding[IDS[class_]]} images)"
        ),
        width=220,
    )
    sequences = sorted(set(split.sequences))
    sequence = ANYWHERE
    if len(sequences) > 1:
        sequence = st.selectbox("City or film", [ANYWHERE, *sequences], width=180)
    place = None if sequence == ANYWHERE else sequence
    if chosen == ANY_CLASS:
        return Query(sequence=place)
    label = IDS[chosen]
    highest = float(100 * class_share(split.statistics, label).max())
    lowest, most = st.slider(
        "Its share of the picture",
        0.0,
        highest,
        (0.0, highest),
        format="%.2f %%",
        width=220,
        key=f"share_{name}_{label}",
    )
    # The ends of the slider are rounded: they stand for no limit.
    return Query(label, (lowest / 100, 1.0 if most >= highest else most / 100), place)


def _ask_order(
    selection: Selection, split: CountedSplit, name: str, query: Query
) -> np.ndarray | None:
    """The wanted samples in the order asked for; None while that order is not known yet."""
    counted = split.statistics
    scores = _scores(selection, split, name)
    first = [MIXED] if query.label is None else [MOST, MIXED]
    can_differ = name == state.SPLIT and selection.runs is not None
    options = [*first, RARE, *scores, *([DIFFERING] if can_differ else [])]
    sort = st.selectbox("Sorted by", options, width=220)
    found = matching(counted, split.sequences, query)
    if sort == MOST and query.label is not None:
        return by_score(found, class_share(counted, query.label))
    if sort == RARE:
        return by_score(found, rarity(counted))
    if sort == DIFFERING:
        differing = predicting.differing(selection)
        if differing is None:
            return None
        known = np.array([differing.get(key, np.nan) for key in split.keys])
        return by_score(found, known)
    if sort in scores:
        return by_score(found, scores[sort])
    return shuffled(found)


def _scores(selection: Selection, split: CountedSplit, name: str) -> Mapping[str, np.ndarray]:
    """What the samples can be sorted by -> (N,), highest first: the worst of each scored run."""
    if selection.runs is None or name != state.SPLIT:
        return {}
    names = Names.of(*selection.runs)
    scores = {}
    for run, side in zip(selection.runs, (names.a, names.b), strict=True):
        evaluation = cache.stored_evaluation(run, selection.dataset, name)
        if evaluation is not None:
            iou = {
                key: metrics.mean_iou(matrix)
                for key, matrix in zip(evaluation.keys, evaluation.matrices, strict=True)
            }
            worst = np.array([-iou.get(key, np.nan) for key in split.keys])
            scores[f"Lowest mean IoU of {side}"] = worst
    return scores


def _show_page(
    selection: Selection, split: CountedSplit, name: str, query: Query, on_page: np.ndarray
) -> None:
    keys = [split.keys[index] for index in on_page]
    thumbnails = [cache.thumbnail(selection.spec, name, key) for key in keys]
    captions = keys
    if query.label is not None:
        share = class_share(split.statistics, query.label)[on_page]
        captions = [f"{wording.share(s)} · {key}" for s, key in zip(share, keys, strict=True)]
    share = statistics.pixel_share(split.statistics.counts[on_page].sum(axis=0))
    ids = [id_ for id_ in np.argsort(-share) if share[id_] and id_ not in IGNORED_IDS]
    legend = [
        LegendEntry(int(id_), NAMES[id_], LABELS[id_].hex_color, wording.share(share[id_]))
        for id_ in ids
    ]
    opened = show_gallery("gallery", thumbnails, captions, legend)
    if opened is not None:
        look_closer(selection, name, opened)


@st.dialog("A closer look", width="large")
def look_closer(selection: Selection, split: str, key: str) -> None:
    """The sample at its own size, photograph and mask linked."""
    sample = cache.sample(selection.spec, split, key)
    height, width = sample.image.shape[:2]
    st.caption(f"`{key}` of {split}, {sample.sequence}, {width} x {height} pixels")
    panels = [Linked("photo", "Photograph")]
    if sample.mask is not None:
        panels.append(Linked("truth", "Truth", sample.mask))
    show_linked(f"closer {key}", sample.image, panels, DIFFERENCES)
    if split == state.SPLIT and st.button(
        "See what both models say", icon=":material/compare:", type="primary"
    ):
        st.session_state["image"] = key
        st.switch_page("pages/compare.py")
