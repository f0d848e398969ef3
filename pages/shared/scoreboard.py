"""Which run is better: the scores beside each other, and how sure the difference is."""

from typing import Any

import pandas as pd
import streamlit as st

from pages.shared import mistake_gallery, wording
from pages.shared.charts import show_chart, show_clickable
from pages.shared.encoding import swatch
from pages.shared.scored import Pair, Report
from pages.shared.state import Selection
from segcore import figures, findings
from segcore.labels import CATEGORIES, IDS, NAMES
from segcore.mistakes import Mistake

TASM_NOTE = (
    "The TASM IoU score is only for comparing with figures published with that library: it rewards "
    "classes that are neither there nor predicted. It is no mean IoU."
)
DEFINITIONS = {
    "mean_iou": ("Mean IoU", "IoU per class, averaged over the classes in the truth"),
    "pixel_accuracy": ("Pixel accuracy", "Share of the scored pixels labelled right"),
    "mean_accuracy": ("Mean accuracy", "Share labelled right of each class, averaged"),
    "frequency_weighted_iou": ("Frequency-weighted IoU", "IoU weighted by each class's pixels"),
    "mean_category_iou": ("Mean category IoU", "IoU of Cityscapes' 7 categories, averaged"),
    "mean_boundary_iou": ("Mean boundary IoU", "IoU of the bands along the outlines only"),
    "ece": ("Calibration error (ECE)", "Confidence against accuracy; lower is better"),
    "tasm_iou_score": ("TASM IoU score", "For published figures only: no mean IoU"),
}
LOWER_IS_BETTER = {"ece"}
VERDICTS = {"a": "A better", "b": "B better", "undecided": "undecided"}

THREE_DIGITS = st.column_config.NumberColumn(format="%.3f")
SIGNED = st.column_config.NumberColumn(format="%+.3f")


def policy_line(report: Report, selection: Selection) -> str:
    present = sum(row["pixels"] > 0 for row in report["per_class"].values())
    return (
        f"{wording.data_name(selection.dataset)}, {report['split']} split, {report['images']} "
        f"images at {report['resolution']}, policy `{report['policy']}`: mean over the {present} "
        "of 19 evaluated classes in the truth, unlabelled pixels left out."
    )


def per_class_iou(report: Report) -> dict[str, float | None]:
    return {name: row["iou"] for name, row in report["per_class"].items()}


def show_pictures(pair: Pair, comparison: Report | None) -> None:
    scores = [(side.name, side.color, per_class_iou(side.report)) for side in pair]

    def ask(point: dict[str, Any]) -> None:
        side = pair[int(point["curve_number"])]
        mistake_gallery.ask(side, Mistake(IDS[str(point["y"])]))

    with st.grid(2, min_column_width=340, gap="medium"):
        with st.container():
            st.subheader("IoU of each class", anchor=False)
            show_clickable(
                figures.class_iou(scores), "IoU of each class for both runs", "class iou", ask
            )
            st.caption("A click on a bar opens the pictures with most mistakes of that class.")
        if comparison is not None:
            with st.container():
                st.subheader("Difference A − B, 95 % interval", anchor=False)
                show_chart(
                    figures.class_differences(comparison["per_class"], pair[0].name, pair[1].name),
                    "Difference of the IoU of each class, with its interval",
                )


def show_headline(pair: Pair, comparison: Report | None) -> None:
    with st.grid(3, min_column_width=190):
        for side in pair:
            st.metric(
                f"{side.square} {side.name}, mean IoU",
                wording.score(side.report["mean_iou"]),
                help=DEFINITIONS["mean_iou"][1],
                border=True,
                height="stretch",
            )
        if comparison is not None:
            low, high = comparison["ci95"]
            st.metric(
                "Difference A − B",
                wording.difference(comparison["delta"]),
                delta=f"{wording.difference(low)} to {wording.difference(high)}",
                delta_color="off",
                delta_arrow="off",
                help="With the interval that holds 95 % of the resamples, drawn alike for both.",
                border=True,
                height="stretch",
            )
    if comparison is not None:
        a, b = (side.name for side in pair)
        st.markdown(findings.verdict(comparison, a, b))
        st.caption(findings.resampling(comparison))


def show_scoreboard(pair: Pair) -> None:
    rows = []
    for key, (title, definition) in DEFINITIONS.items():
        a, b = (side.report[key] for side in pair)
        known = a is not None and b is not None
        better = "–"
        if known and key != "tasm_iou_score" and a != b:
            better = "A" if (a < b) == (key in LOWER_IS_BETTER) else "B"
        rows.append(
            {
                "Score": title,
                pair[0].title: a,
                pair[1].title: b,
                "A − B": a - b if known else None,
                "Ahead": better,
                "What it is": definition,
            }
        )
    st.subheader("Scoreboard", anchor=False)
    st.caption(
        "Who is ahead here is not yet who is better: only the intervals above tell that apart. "
        f"Boundaries are bands of {pair[0].report['boundary_width_px']} pixels. {TASM_NOTE}"
    )
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        column_config={
            **{side.title: THREE_DIGITS for side in pair},
            "A − B": SIGNED,
            "What it is": st.column_config.TextColumn(width=360),
        },
    )


def show_classes(pair: Pair, comparison: Report | None) -> None:
    a, b = (side.report["per_class"] for side in pair)
    total = sum(row["pixels"] for row in a.values())
    rows = []
    for class_ in a:
        if a[class_]["iou"] is None:
            continue
        row = {
            "": swatch(IDS[class_]),
            "Class": class_,
            "Pixels, %": a[class_]["pixels"] / max(total, 1) * 100,
            pair[0].title: a[class_]["iou"],
            pair[1].title: b[class_]["iou"],
        }
        if comparison is not None:
            tested = comparison["per_class"][class_]
            low, high = tested["ci95"]
            row |= {
                "A − B": tested["delta"],
                "95 % interval": f"{wording.difference(low)} to {wording.difference(high)}",
                "Verdict": VERDICTS[tested["verdict"]],
            }
        row |= {"Boundary A": a[class_]["boundary_iou"], "Boundary B": b[class_]["boundary_iou"]}
        rows.append(row)
    st.subheader("Class by class", anchor=False)
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        height="content",
        column_config={
            "": st.column_config.ImageColumn(width=40),
            "Pixels, %": st.column_config.NumberColumn(format="%.2f"),
            **_bars(pair),
            "A − B": SIGNED,
            "Boundary A": THREE_DIGITS,
            "Boundary B": THREE_DIGITS,
        },
    )
    absent = [class_ for class_ in a if a[class_]["iou"] is None]
    if absent:
        st.caption(f"Not in the truth, so without a score: {', '.join(absent)}.")


def show_categories(pair: Pair) -> None:
    a, b = (side.report["per_category"] for side in pair)
    rows = [
        {
            "Category": category,
            pair[0].title: a[category]["iou"],
            pair[1].title: b[category]["iou"],
            "A − B": a[category]["iou"] - b[category]["iou"],
            "Its classes": ", ".join(NAMES[id_] for id_ in ids),
        }
        for category, ids in CATEGORIES.items()
        if a[category]["iou"] is not None
    ]
    st.subheader("Category by category", anchor=False)
    st.caption("Cityscapes' categories: a class called another of its own category is right here.")
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        height="content",
        column_config={**_bars(pair), "A − B": SIGNED},
    )


def _bars(pair: Pair) -> dict[str, Any]:
    return {
        side.title: st.column_config.ProgressColumn(
            format="%.3f", min_value=0, max_value=1, color=side.color
        )
        for side in pair
    }
