"""Class imbalance: shares of pixels, how splits differ, and what that does to the scores."""

from collections.abc import Mapping

import numpy as np
import streamlit as st

from segcore.data import counts
from segcore.data.counts import SplitStatistics
from segcore.data.preparation.counting import CountedSplit
from segcore.labels import LabelSpace
from segcore.presentation import figures, findings
from segcore.presentation.sides import runs_of
from studio import cache, choices
from studio.state import Selection
from studio.widgets.charts import show_chart
from studio.widgets.many_classes import asks_for_all, ends_of

Splits = Mapping[str, CountedSplit]

RATIO_HELP = "Pixels of the commonest class over those of the rarest that occurs, in training."
EFFECTIVE_HELP = (
    "How many equally common classes would be as diverse: exp of the entropy of the pixel shares "
    "(Hill number of order 1), over the evaluated classes."
)
DRIFT_HELP = (
    "Jensen-Shannon divergence of the evaluated classes' pixel shares, in bits: 0 where two splits "
    "hold the same, 1 where they have nothing in common."
)


def shown_classes(splits: Splits, space: LabelSpace) -> list[int]:
    """The classes that occur in any split, void left out, commonest in the first split first."""
    total = np.sum([split.statistics.pixels for split in splits.values()], axis=0)
    first = next(iter(splits.values())).statistics.pixels
    ids = [label.id for label in space.labels if total[label.id] and not label.is_void]
    return sorted(ids, key=lambda id_: (-first[id_], -total[id_]))


def show_imbalance(splits: Splits, space: LabelSpace) -> None:
    ids = shown_classes(splits, space)
    if not asks_for_all(len(ids), "commonest and rarest", "all shares"):
        ids = ends_of(ids)
    pixels = {name: counts.pixel_share(s.statistics.pixels) for name, s in splits.items()}
    images = {name: s.statistics.image_share for name, s in splits.items()}
    # Captions of one line each, at most: the two charts' rows are to be level.
    with st.grid(2, min_column_width=340, gap="medium"):
        with st.container():
            st.header("Share of pixels", anchor=False)
            st.caption("Log scale, so that a class of a thousandth is seen at all.")
            show_chart(
                cache.drawn(figures.pixel_shares, pixels, ids, space),
                "Share of pixels of each class",
            )
        with st.container():
            st.header("Share of images that hold the class", anchor=False)
            st.caption("A class in few images is learnt from few scenes.")
            show_chart(
                cache.drawn(figures.image_shares, images, ids, space),
                "Share of images holding each class",
            )


def show_numbers(splits: Splits, space: LabelSpace) -> None:
    train = next(iter(splits.values())).statistics
    val = splits["val"].statistics if "val" in splits else None
    evaluated = list(space.evaluated_ids)
    ratio = counts.imbalance_ratio(train.pixels, space)
    present = int((train.pixels[evaluated] > 0).sum())
    with st.grid(4, min_column_width=150):
        st.metric(
            "Imbalance ratio", f"{ratio:,.0f} : 1" if ratio else "–", help=RATIO_HELP, border=True
        )
        st.metric(
            "Effective classes",
            f"{counts.effective_number(train.pixels, space):.1f}",
            help=EFFECTIVE_HELP,
            border=True,
        )
        st.metric(
            "Classes present",
            f"{present} of {len(evaluated)}",
            help="Of the classes that are scored, those that occur in training.",
            border=True,
        )
        if val is not None and val.pixels.any():
            drift = counts.js_divergence(train.pixels[evaluated], val.pixels[evaluated])
            st.metric("Drift train to val", f"{drift:.4f} bits", help=DRIFT_HELP, border=True)
    st.markdown("\n".join(f"- {line}" for line in findings.data_findings(train, val, space)))


def show_errors_explained(selection: Selection, train: SplitStatistics) -> None:
    """Pixel share against IoU, where the chosen runs are scored on this data set."""
    if not selection.sides:
        st.info("A trained run is needed to see it: choose one in the sidebar.")
        return
    scores = []
    shown = runs_of(selection.sides)
    evaluations = cache.compared_evaluations(shown, selection.data, choices.SPLIT)
    for side, found in zip(selection.sides, evaluations, strict=True):
        if found is not None:
            scores.append((side.name, side.color, found.scores.class_iou))
    if not scores:
        st.info("No chosen run is scored on this data set yet.")
        st.page_link("pages/evaluate.py", label="Score", icon=":material/leaderboard:")
        return
    share, space = counts.pixel_share(selection.classes.counts(train.pixels)), selection.compared
    by_name = [(name, iou) for name, _, iou in scores]
    st.header("Does imbalance explain the errors?", anchor=False)
    st.markdown(findings.share_and_iou(share, by_name, space))
    show_chart(
        cache.drawn(figures.share_against_iou, share, scores, space),
        "Pixel share against IoU of each class",
    )
