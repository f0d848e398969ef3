"""The scores of a run, or of two beside each other and how sure their difference is."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from segcore.evaluation import Evaluation
from segcore.evaluation.comparison import Comparison
from segcore.evaluation.mistakes import Mistake
from segcore.presentation import figures, findings, tables
from segcore.presentation.sides import names_of
from studio import cache, wording
from studio.evaluate import mistake_gallery
from studio.evaluate.scored import Scored
from studio.widgets.charts import show_chart, show_clickable
from studio.widgets.many_classes import SHOWN, asks_for_all
from studio.widgets.tabular import show_table

TASM_NOTE = (
    "The TASM IoU score is only for comparing with figures published with that library: it rewards "
    "classes that are neither present nor predicted. It is not a mean IoU."
)


def policy_line(evaluation: Evaluation) -> str:
    per_class = evaluation.scores.per_class
    present = sum(score.pixels > 0 for score in per_class.values())
    return (
        f"{evaluation.spec}, {evaluation.split} split, {evaluation.images} "
        f"images at {evaluation.resolution}, policy `{evaluation.policy}`: mean over the {present} "
        f"of {len(per_class)} evaluated classes in the truth, unlabelled pixels left out."
    )


def show_pictures(sides: Sequence[Scored], comparison: Comparison | None) -> None:
    shown = _telling_classes(sides)
    scores = [
        (side.name, side.color, {name: side.scores.class_iou[name] for name in shown})
        for side in sides
    ]

    def ask(point: dict[str, Any]) -> None:
        side = sides[int(point["curve_number"])]
        mistake_gallery.ask(side, Mistake(side.evaluation.space.ids[str(point["y"])]))

    with st.grid(2, min_column_width=340, gap="medium"):
        with st.container():
            st.header("IoU of each class", anchor=False)
            show_clickable(
                cache.drawn(figures.class_iou, scores),
                "IoU of each class",
                "class iou",
                ask,
            )
            st.caption("A click on a bar opens the images with most mistakes of that class.")
        if comparison is not None:
            with st.container():
                st.header("Difference A − B of each class", anchor=False)
                show_chart(
                    cache.drawn(
                        figures.class_differences,
                        {name: comparison.per_class[name] for name in shown},
                        *names_of(sides),
                    ),
                    "Difference of the IoU of each class, with its interval",
                )
                st.caption(
                    "The 95 % intervals hold jointly for all classes. A point is hollow where "
                    "its interval contains 0, or where there is none."
                )


def _telling_classes(sides: Sequence[Scored]) -> list[str]:
    """The classes that are shown: all, or those of very many that tell most.

    These are the ones on which two runs differ most, the worst ones of a run alone.
    """
    each = [side.scores.class_iou for side in sides]
    telling = "on which the two differ most" if len(each) == 2 else "of the lowest IoU"
    if asks_for_all(len(each[0]), telling, "all scored classes"):
        return list(each[0])

    def tells(name: str) -> float:
        known = [iou[name] for iou in each]
        values = [value for value in known if value is not None]
        if len(values) < len(known):
            return -1.0
        return max(values) - min(values) if len(values) == 2 else 1.0 - values[0]

    kept = set(sorted(each[0], key=tells, reverse=True)[:SHOWN])
    return [name for name in each[0] if name in kept]


def show_headline(sides: Sequence[Scored], comparison: Comparison | None) -> None:
    with st.grid(3, min_column_width=190):
        for side in sides:
            st.metric(
                f"{side.square} {side.name}, mean IoU",
                wording.score(side.scores.mean_iou),
                help=tables.DEFINITIONS["mean_iou"][1],
                border=True,
                height="stretch",
            )
        if comparison is not None:
            st.metric(
                "Difference A − B",
                wording.difference(comparison.mean_iou.delta),
                delta=wording.interval(comparison.mean_iou),
                delta_color="off",
                delta_arrow="off",
                help=f"Of the mean IoU. {findings.resampling(comparison)}",
                border=True,
                height="stretch",
            )
    if comparison is not None:
        st.markdown(findings.verdict(comparison, *names_of(sides)))
        st.caption(findings.resampling(comparison))


def show_scoreboard(sides: Sequence[Scored], comparison: Comparison | None) -> None:
    st.header("Scoreboard", anchor=False)
    caution = "A higher score is not yet a better model: that takes an interval without 0. "
    st.caption(
        f"{caution if len(sides) == 2 else ''}"
        f"Boundaries are bands of {sides[0].evaluation.boundary_width} pixels. {TASM_NOTE}"
    )
    show_table(
        tables.scores(sides, comparison),
        {"What it is": st.column_config.TextColumn(width=360)},
    )


def show_classes(sides: Sequence[Scored], comparison: Comparison | None) -> None:
    table = tables.classes(sides, comparison)
    st.header(table.title, anchor=False)
    show_table(table, _bars(sides), swatches=sides[0].evaluation.space)
    if table.note:
        st.caption(table.note)


def show_categories(sides: Sequence[Scored], comparison: Comparison | None) -> None:
    for table in tables.categories(sides, comparison):
        st.header(table.title, anchor=False)
        st.caption(table.note)
        show_table(table, _bars(sides))


def _bars(sides: Sequence[Scored]) -> dict[str, Any]:
    return {
        side.title: st.column_config.ProgressColumn(
            format="%.3f", min_value=0, max_value=1, color=side.color
        )
        for side in sides
    }
