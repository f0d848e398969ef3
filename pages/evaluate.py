"""The scoreboard: which run is better, on which classes, how sure that is, and what it costs."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from pages.shared import cache, engine, guards, state, wording
from pages.shared.charts import show_chart
from pages.shared.labelling import Names
from pages.shared.state import Selection
from pages.shared.viewer import swatch
from segcore import figures, findings, metrics
from segcore.colors import RUN_A, RUN_B
from segcore.errors import SegcoreError
from segcore.evaluation import Evaluation, evaluate
from segcore.labels import IDS
from segcore.runs import Run

Runs = tuple[Run, Run]
Report = dict[str, Any]

TASM_NOTE = (
    "The TASM IoU score is only for comparing with figures published with that library: it rewards "
    "classes that are neither there nor predicted. It is no mean IoU."
)
DEFINITIONS = {
    "mean_iou": ("Mean IoU", "IoU per class, averaged over the classes in the truth"),
    "pixel_accuracy": ("Pixel accuracy", "Share of the scored pixels labelled right"),
    "mean_accuracy": ("Mean accuracy", "Share labelled right of each class, averaged"),
    "frequency_weighted_iou": ("Frequency-weighted IoU", "IoU weighted by each class's pixels"),
    "mean_boundary_iou": ("Mean boundary IoU", "IoU of the bands along the outlines only"),
    "ece": ("Calibration error (ECE)", "Confidence against accuracy; lower is better"),
    "tasm_iou_score": ("TASM IoU score", "For published figures only: no mean IoU"),
}
LOWER_IS_BETTER = {"ece"}
VERDICTS = {"a": "A better", "b": "B better", "undecided": "undecided"}


# --- scores --------------------------------------------------------------------------------------


def policy_line(report: Report, selection: Selection) -> str:
    present = sum(row["pixels"] > 0 for row in report["per_class"].values())
    return (
        f"{wording.data_name(selection.dataset)}, {report['split']} split, {report['images']} "
        f"images at {report['resolution']}, policy `{report['policy']}`: mean over the {present} "
        "of 19 evaluated classes in the truth, unlabelled pixels left out."
    )


def per_class_iou(report: Report) -> dict[str, float | None]:
    return {name: row["iou"] for name, row in report["per_class"].items()}


def show_pictures(names: Names, reports: tuple[Report, Report], comparison: Report | None) -> None:
    scores = [
        (name, color, per_class_iou(report))
        for name, color, report in zip((names.a, names.b), (RUN_A, RUN_B), reports, strict=True)
    ]
    with st.grid(2, min_column_width=340, gap="medium"):
        with st.container():
            st.subheader("IoU of each class", anchor=False)
            show_chart(figures.class_iou(scores), "IoU of each class for both runs")
        if comparison is not None:
            with st.container():
                st.subheader("Difference A − B, 95 % interval", anchor=False)
                show_chart(
                    figures.class_differences(comparison["per_class"], names.a, names.b),
                    "Difference of the IoU of each class, with its interval",
                )


def show_headline(names: Names, reports: tuple[Report, Report], comparison: Report | None) -> None:
    with st.grid(3, min_column_width=190):
        for square, name, report in zip(
            (":blue[■]", ":orange[■]"), (names.a, names.b), reports, strict=True
        ):
            st.metric(
                f"{square} {name}, mean IoU",
                wording.score(report["mean_iou"]),
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
        st.markdown(
            f"- {findings.interval(comparison, names.a, names.b)}\n"
            f"- {findings.class_verdicts(comparison, names.a, names.b)}"
        )


def show_scoreboard(names: Names, reports: tuple[Report, Report]) -> None:
    rows = []
    for key, (title, definition) in DEFINITIONS.items():
        a, b = (report[key] for report in reports)
        known = a is not None and b is not None
        better = "–"
        if known and key != "tasm_iou_score":
            better = "A" if (a < b) == (key in LOWER_IS_BETTER) else "B"
        rows.append(
            {
                "Score": title,
                f"A · {names.a}": a,
                f"B · {names.b}": b,
                "A − B": a - b if known else None,
                "Ahead": better,
                "What it is": definition,
            }
        )
    st.subheader("Scoreboard", anchor=False)
    st.caption(
        "Who is ahead here is not yet who is better: only the intervals above tell that apart. "
        f"Boundaries are bands of {reports[0]['boundary_width_px']} pixels. {TASM_NOTE}"
    )
    number = st.column_config.NumberColumn(format="%.3f")
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        column_config={
            f"A · {names.a}": number,
            f"B · {names.b}": number,
            "A − B": st.column_config.NumberColumn(format="%+.3f"),
            "What it is": st.column_config.TextColumn(width=360),
        },
    )


def show_classes(names: Names, reports: tuple[Report, Report], comparison: Report | None) -> None:
    a, b = (report["per_class"] for report in reports)
    total = sum(row["pixels"] for row in a.values())
    rows = []
    for class_ in a:
        if a[class_]["iou"] is None:
            continue
        row = {
            "": swatch(IDS[class_]),
            "Class": class_,
            "Pixels, %": a[class_]["pixels"] / max(total, 1) * 100,
            f"A · {names.a}": a[class_]["iou"],
            f"B · {names.b}": b[class_]["iou"],
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
    bar_a, bar_b = (
        st.column_config.ProgressColumn(format="%.3f", min_value=0, max_value=1, color=color)
        for color in (RUN_A, RUN_B)
    )
    number = st.column_config.NumberColumn(format="%.3f")
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        height="content",
        column_config={
            "": st.column_config.ImageColumn(width=40),
            "Pixels, %": st.column_config.NumberColumn(format="%.2f"),
            f"A · {names.a}": bar_a,
            f"B · {names.b}": bar_b,
            "A − B": st.column_config.NumberColumn(format="%+.3f"),
            "Boundary A": number,
            "Boundary B": number,
        },
    )
    absent = [class_ for class_ in a if a[class_]["iou"] is None]
    if absent:
        st.caption(f"Not in the truth, so without a score: {', '.join(absent)}.")


# --- errors and trust ----------------------------------------------------------------------------


def show_confusions(names: Names, evaluations: tuple[Evaluation, Evaluation]) -> None:
    st.subheader("What is taken for what", anchor=False)
    st.caption("Rows are the truth and add up to 100 %; read along a row where its pixels went.")
    present = np.flatnonzero(metrics.present_classes(evaluations[0].matrix)).tolist()
    sides = zip((names.a, names.b), (RUN_A, RUN_B), evaluations, strict=True)
    with st.grid(2, min_column_width=340, gap="medium"):
        for square, (name, color, evaluation) in zip(
            (":blue[■]", ":orange[■]"), sides, strict=True
        ):
            with st.container():
                worst = "; ".join(findings.confusions(evaluation.matrix))
                st.markdown(f"**{square} {name}**: {worst}.")
                show_chart(
                    figures.confusion(evaluation.matrix, color, present),
                    f"Confusion matrix of {name}",
                    f"confusion_{evaluation.run}",
                )


def show_trust(
    names: Names, reports: tuple[Report, Report], evaluations: tuple[Evaluation, Evaluation]
) -> None:
    st.subheader("Can the confidence be trusted?", anchor=False)
    st.markdown(
        findings.calibration([(n, r["ece"]) for n, r in zip(pair(names), reports, strict=True)])
    )
    bins = [
        (name, color, of.calibration.pixels, of.calibration.correct, of.calibration.confidence)
        for name, color, of in zip(pair(names), (RUN_A, RUN_B), evaluations, strict=True)
    ]
    show_chart(figures.reliability(bins), "Accuracy of the predictions of each confidence")


def pair(names: Names) -> tuple[str, str]:
    return names.a, names.b


def show_cost(names: Names, runs: Runs) -> None:
    rows = []
    for name, run in zip((f"A · {names.a}", f"B · {names.b}"), runs, strict=True):
        weights = run.manifest["weights"].get("best.weights.h5", {})
        height, width = run.manifest["preprocessing"]["size"]
        rows.append(
            {
                "Run": name,
                "Parameters": wording.count(run.parameters),
                "On disk, MB": weights.get("bytes", 0) / 1e6,
                "Trained, minutes": sum(row["seconds"] for row in cache.history(run)) / 60,
                "Epochs": run.manifest["epochs"],
                "Input": f"{width}x{height}",
                "Trained on": run.manifest.get("device", "–"),
                "Name": run.name,
            }
        )
    st.subheader("What they cost", anchor=False)
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        column_config={
            "On disk, MB": st.column_config.NumberColumn(format="%.1f"),
            "Trained, minutes": st.column_config.NumberColumn(format="%.0f"),
        },
    )


# --- not scored yet ------------------------------------------------------------------------------


def show_missing(selection: Selection, missing: list[tuple[Run, str]]) -> None:
    """Which of the runs have no scores on this data set, and a button that makes them."""
    listed = " and ".join(f"{name} (`{run.name}`)" for run, name in missing)
    st.info(
        f"Not scored on {wording.data_name(selection.dataset)} {state.SPLIT} yet: {listed}. "
        "Every image is predicted once at its own resolution; the result is kept with the run.",
        icon=":material/scoreboard:",
    )
    if selection.problem is not None:
        guards.offer_streets(selection)
        return
    if st.button("Evaluate now", type="primary", icon=":material/play_arrow:"):
        run_evaluations(selection, missing)
    st.caption("Or from the command line:")
    commands = [
        f"python -m segcore evaluate --run {run.name} --data {selection.spec} --split {state.SPLIT}"
        for run, _ in missing
    ]
    st.code("\n".join(commands), language="bash")


def run_evaluations(selection: Selection, missing: list[tuple[Run, str]]) -> None:
    if not engine.wait():
        return
    for run, name in missing:
        bar = st.progress(0.0, f"{name}: loading its network…")

        def report(done: int, total: int, name: str = name, bar: Any = bar) -> None:
            bar.progress(done / total, f"{name}: {done} of {total} images. Stay on this page.")

        try:
            evaluate(run, selection.spec, state.SPLIT, progress=report)
        except SegcoreError as error:
            bar.empty()
            st.error(str(error))
            return
    st.rerun()


# --- page ----------------------------------------------------------------------------------------


def show_single(name: str, report: Report, color: str) -> None:
    """What is known of the one run that is scored."""
    st.metric(f"{name}, mean IoU", wording.score(report["mean_iou"]), border=True, width=280)
    show_chart(
        figures.class_iou([(name, color, per_class_iou(report))]), f"IoU of each class for {name}"
    )


def show_both(selection: Selection, runs: Runs, names: Names) -> None:
    dataset, split = selection.dataset, state.SPLIT
    evaluations = tuple(cache.stored_evaluation(run, dataset, split) for run in runs)
    reports = tuple(cache.report(run, dataset, split) for run in runs)
    a, b = evaluations
    report_a, report_b = reports
    if a is None or b is None or report_a is None or report_b is None:
        sides = zip(runs, pair(names), reports, (RUN_A, RUN_B), strict=True)
        missing = [(run, name) for run, name, report, _ in sides if report is None]
        st.title(f"{' and '.join(name for _, name in missing)}: not scored yet", anchor=False)
        show_missing(selection, missing)
        for name, report, color in zip(pair(names), reports, (RUN_A, RUN_B), strict=True):
            if report is not None:
                st.caption(policy_line(report, selection))
                show_single(name, report, color)
        show_cost(names, runs)
        return
    comparison, problem = None, None
    try:
        comparison = cache.comparison_report(*runs, dataset, split)
    except SegcoreError as error:
        problem = str(error)
    scored = (report_a, report_b)
    st.title(
        wording.headline(comparison, names.a, names.b)
        if comparison
        else f"{names.a} and {names.b} cannot be compared",
        anchor=False,
    )
    st.caption(policy_line(report_a, selection))
    if problem:
        st.error(problem)
    show_pictures(names, scored, comparison)
    show_headline(names, scored, comparison)
    show_scoreboard(names, scored)
    show_classes(names, scored, comparison)
    show_confusions(names, (a, b))
    show_trust(names, scored, (a, b))
    show_cost(names, runs)


def main() -> None:
    selection = state.selection()
    runs = guards.require_runs(selection)
    show_both(selection, runs, Names.of(*runs))


main()
