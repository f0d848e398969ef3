"""Which classes are confused, and where the errors lie."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st

from segcore.evaluation.error_breakdown import SIZE_NAMES, RegionRecall, small_classes
from segcore.evaluation.mistakes import Mistake
from segcore.labels import metrics
from segcore.presentation import figures, findings
from studio import cache, wording
from studio.evaluate import mistake_gallery
from studio.evaluate.scored import Scored, scope
from studio.widgets.charts import show_chart, show_clickable
from studio.widgets.many_classes import SHOWN, asks_for_all

BY_CLASS, BY_ALL = "Share of the class", "Share of all pixels"
PAIRS = 6


def show_confusions(sides: Sequence[Scored]) -> None:
    st.header("Which classes are confused", anchor=False)
    unit = st.segmented_control(
        "Cells show", [BY_CLASS, BY_ALL], default=BY_CLASS, key="confusion_unit"
    )
    by_row = unit != BY_ALL
    whole = (
        "each row adds up to 100 %"
        if by_row
        else ("all cells add up to 100 %, coloured by their order of magnitude")
    )
    st.caption(
        f"Rows are the truth, columns the prediction, {whole}; {scope(sides[0].evaluation)}, "
        "unlabelled pixels left out. A click on a cell opens the images where it happens."
    )
    present = np.flatnonzero(metrics.present_classes(sides[0].evaluation.matrix)).tolist()
    if not asks_for_all(len(present), "of which most pixels are missed", "all confused classes"):
        matrix = np.sum([side.evaluation.matrix for side in sides], axis=0)
        missed = matrix.sum(axis=1) - np.diag(matrix)
        present = sorted(sorted(present, key=lambda id_: -missed[id_])[:SHOWN])
    with st.grid(2, min_column_width=560, gap="medium"):  # wide enough to be read
        for side in sides:
            with st.container():
                st.markdown(f"**{side.square} {side.name}**")
                _show_matrix(side, present, by_row)
                _show_pairs(side, by_row)


def _show_matrix(side: Scored, present: Sequence[int], by_row: bool) -> None:
    space = side.evaluation.space
    others = tuple(id_ for id_ in range(space.num_classes) if id_ not in present)

    def ask(point: dict[str, Any]) -> None:
        called = str(point["x"])
        predicted = others if called == figures.OTHER else (space.ids[called],)
        mistake_gallery.ask(side, Mistake(space.ids[str(point["y"])], predicted))

    show_clickable(
        cache.drawn(
            figures.confusion,
            side.evaluation.matrix,
            side.color,
            present,
            space.names,
            by_row,
        ),
        f"Confusion matrix of {side.name}",
        f"confusion {side.letter}",
        ask,
    )


def _show_pairs(side: Scored, by_row: bool) -> None:
    """The most confused pairs, for those who cannot click on a cell as well."""
    pairs = findings.confused_pairs(side.evaluation.matrix, PAIRS, by_row)
    names = side.evaluation.space.names
    shares = {(truth, predicted): share for truth, predicted, share in pairs}
    key = f"confused pairs {side.letter}"

    def ask() -> None:
        chosen = st.session_state[key]
        st.session_state[key] = None
        if chosen is not None:
            mistake_gallery.ask(side, Mistake(chosen[0], (chosen[1],)))

    st.pills(
        "Most confused",
        list(shares),
        format_func=lambda cell: (
            f"{names[cell[0]]} → {names[cell[1]]} {wording.share(shares[cell])}"
        ),
        key=key,
        on_change=ask,
    )


def show_bands(sides: Sequence[Scored]) -> None:
    """Errors along the outlines against errors inside regions."""
    d = sides[0].evaluation.boundary_width
    st.header("Errors at boundaries and inside regions", anchor=False)
    shares = [(side.name, side.color, side.anatomy.shares) for side in sides if side.anatomy]
    st.markdown("\n".join(f"- {findings.error_bands(name, found, d)}" for name, _, found in shares))
    st.caption(
        f"Share of the scored pixels labelled wrong; {scope(sides[0].evaluation)}. Near is within "
        f"{d} pixels (0.5 % of the diagonal) of where the truth changes its label, unlabelled "
        "pixels included; the image's edge is no boundary."
    )
    show_chart(
        cache.drawn(figures.error_bands, shares, d),
        "Error rate near boundaries and inside regions",
    )


def show_sizes(sides: Sequence[Scored]) -> None:
    """Recall of small things by the size of their regions."""
    st.header("Small objects by size", anchor=False)
    st.caption(
        "Share of the pixels labelled right, by the pixels of the region they are in; "
        f"{scope(sides[0].evaluation)}. A region is pixels of one class that touch: two "
        "objects side by side are one. A click on a bar opens the images with most missed pixels."
    )
    space = sides[0].evaluation.space
    recall = {
        label: [
            (side.name, side.color, side.anatomy.region_recall(label))
            for side in sides
            if side.anatomy is not None
        ]
        for label in small_classes(space, sides[0].evaluation.anatomy)
    }
    with st.grid(2, min_column_width=340, gap="medium"):
        for label, runs in recall.items():
            if any(row.regions for row in runs[0][2]):
                with st.container():
                    regions = sum(row.regions for row in runs[0][2])
                    st.markdown(f"**{space.names[label].capitalize()}**, {regions:,} regions")
                    _show_recall(sides, label, runs)


def _show_recall(
    sides: Sequence[Scored], label: int, runs: Sequence[tuple[str, str, Sequence[RegionRecall]]]
) -> None:
    def ask(point: dict[str, Any]) -> None:
        side = sides[int(point["curve_number"])]
        size = SIZE_NAMES.index(str(point["x"]))
        mistake_gallery.ask(side, Mistake(label, size=size))

    name = sides[0].evaluation.space.names[label]
    alt = f"Recall of {name} by the size of its regions"
    show_clickable(cache.drawn(figures.region_recall, runs), alt, f"recall {name}", ask)
