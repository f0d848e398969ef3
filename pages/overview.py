"""The two champions: who is better, on one live picture, and where to look further."""

from typing import Any

import streamlit as st

from pages.shared import cache, guards, labelling, state, wording
from pages.shared.labelling import Names
from pages.shared.viewer import Panel, label_layer, show_panels
from segcore.errors import SegcoreError
from segcore.runs import Run

MEAN_IOU_HELP = (
    "Intersection over union of prediction and truth, per class, over all pixels of the split, "
    "then averaged over those of Cityscapes' 19 evaluation classes that occur in the truth. "
    "Unlabelled pixels are left out. 1 is perfect."
)
DIFFERENCE_HELP = (
    "Mean IoU of run A minus run B. The interval holds 95 % of 2,000 resamples of the split, "
    "both runs on the same draw; where it holds 0 the comparison is undecided."
)


def show_scores(
    names: Names,
    reports: tuple[dict[str, Any] | None, dict[str, Any] | None],
    comparison: dict[str, Any] | None,
) -> None:
    sides = ((":blue[●]", names.a), (":orange[●]", names.b))
    with st.grid(4, min_column_width=190):
        for (square, name), report in zip(sides, reports, strict=True):
            st.metric(
                f"{square} {name}, mean IoU",
                wording.score(report and report["mean_iou"]),
                help=MEAN_IOU_HELP,
                border=True,
                height="stretch",
            )
        low, high = comparison["ci95"] if comparison else (None, None)
        st.metric(
            "Difference A − B",
            wording.difference(comparison and comparison["delta"]),
            delta=f"{wording.difference(low)} to {wording.difference(high)}",
            delta_color="off",
            delta_arrow="off",
            help=DIFFERENCE_HELP,
            border=True,
            height="stretch",
        )
        accuracies = [wording.score(report and report["pixel_accuracy"]) for report in reports]
        st.metric(
            "Pixel accuracy, A and B",
            " · ".join(accuracies),
            help="Share of the scored pixels that are labelled right: mostly the large classes.",
            border=True,
            height="stretch",
        )


def policy_line(report: dict[str, Any], selection: state.Selection) -> str:
    return (
        f"{wording.data_name(selection.dataset)}, {report['split']} split, "
        f"{report['images']} images at {report['resolution']}, policy `{report['policy']}`"
    )


@st.fragment
def show_live_picture(selection: state.Selection, runs: tuple[Run, Run], names: Names) -> None:
    keys = cache.samples(selection.spec, state.SPLIT).keys
    picture = st.session_state.setdefault("overview_picture", 0) % len(keys)
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        st.subheader("The same street, labelled now", anchor=False)
        if st.button("Another picture", icon=":material/shuffle:"):
            picture = (picture + max(1, len(keys) // 7)) % len(keys)
            st.session_state["overview_picture"] = picture
    sample = cache.sample(selection.spec, state.SPLIT, keys[picture])
    layer = None if sample.mask is None else label_layer(sample.mask)
    known = [Panel("photo", "Photograph", note=sample.key), Panel("truth", "Truth", layer)]
    sentence, pictures = st.empty(), st.empty()
    with pictures.container():
        show_panels(sample.image, known + labelling.prediction_panels(names, None), 0.75)
    pair = labelling.predict_pair(runs, sample.image)
    if pair is None:
        return
    sentence.markdown(
        wording.difference_on_picture(names.a, names.b, pair[0].labels, pair[1].labels)
    )
    with pictures.container():
        show_panels(sample.image, known + labelling.prediction_panels(names, pair), 0.75)


def show_facts(runs: tuple[Run, Run]) -> None:
    st.subheader("How they were made", anchor=False)
    with st.grid(2, min_column_width=300):
        for square, run in zip(("blue", "orange"), runs, strict=True):
            seconds = sum(row["seconds"] for row in cache.history(run))
            height, width = run.manifest["preprocessing"]["size"]
            with st.container(border=True):
                st.markdown(
                    f"**:{square}[●] {wording.model_name(run)}** `{run.name}`"
                )
                st.markdown(
                    f"{wording.count(run.parameters)} parameters, recipe `{run.recipe}`, trained "
                    f"{wording.duration(seconds)} on {run.manifest.get('device', 'CPU')}, best of "
                    f"{run.manifest['epochs']} epochs: {run.best_epoch}; sees pictures at "
                    f"{width}x{height}."
                )


def show_ways_on() -> None:
    st.subheader("Look further", anchor=False)
    with st.grid(4, min_column_width=200):
        for page, label, icon in (
            ("pages/compare.py", "Compare picture by picture", ":material/compare:"),
            ("pages/upload.py", "Label your own photo", ":material/add_a_photo:"),
            ("pages/training.py", "See how they learned", ":material/show_chart:"),
            ("pages/dataset.py", "See what the data starves", ":material/photo_library:"),
        ):
            with st.container(border=True):
                st.page_link(page, label=label, icon=icon, width="stretch")


def main() -> None:
    selection = state.selection()
    runs = guards.require_runs(selection)
    names = Names.of(*runs)
    reports = tuple(cache.report(run, selection.dataset, state.SPLIT) for run in runs)
    try:
        comparison = cache.comparison_report(*runs, selection.dataset, state.SPLIT)
    except SegcoreError as error:
        comparison = None
        st.error(str(error))
    if comparison is not None:
        st.title(wording.headline(comparison, names.a, names.b), anchor=False)
    else:
        st.title(f"{names.a} and {names.b} label the same street", anchor=False)
    scored = next((report for report in reports if report is not None), None)
    if scored is not None:
        st.caption(policy_line(scored, selection))
        show_scores(names, (reports[0], reports[1]), comparison)
    if comparison is None:
        st.page_link(
            "pages/evaluate.py",
            label="Not both are scored on these images yet: evaluate them",
            icon=":material/scoreboard:",
        )
    if selection.problem is not None:
        guards.offer_streets(selection)
    else:
        try:
            show_live_picture(selection, runs, names)
        except SegcoreError as error:
            st.error(str(error))
    show_facts(runs)
    show_ways_on()


main()
