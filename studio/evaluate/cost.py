"""What runs cost on this machine, and what one gets for it."""

import html
from collections.abc import Sequence

import streamlit as st

from segcore.evaluation.cost import is_measured_here, measure_apart
from segcore.presentation import figures, tables
from segcore.presentation.figures import Candidate
from segcore.presentation.report.measured import COST, candidate
from segcore.presentation.sides import Side
from segcore.runs import Run
from segcore.system.progress import Progress
from studio import cache, choices, wording
from studio.background import Asked, offer
from studio.evaluate.scored import Scored
from studio.state import Selection
from studio.widgets import guards
from studio.widgets.charts import show_chart
from studio.widgets.tabular import show_table


def show_costs(sides: Sequence[Side]) -> None:
    """Size, operations, latency and memory of each run, and a button that measures them."""
    listed = [(side.title, side.run, cache.cost(side.run)) for side in sides]
    st.header("What they cost", anchor=False)
    show_table(tables.costs(listed))
    measured = [(title, cost) for title, _, cost in listed if cost is not None]
    if measured:
        machines = sorted(
            {f"{cost.machine}, on {wording.moment(cost.measured)}" for _, cost in measured}
        )
        st.caption(f"Measured on {'; '.join(machines)}. {COST}")
        with st.expander("By batch and resolution", expanded=True):
            show_table(tables.timings(measured))
    guards.able(sides, "be measured")
    missing = [(run, title) for title, run, cost in listed if cost is None and run.has_network]
    if missing:
        what = " and ".join(title for _, title in missing)
        st.info(
            f"Latency and memory of {what} are not measured on this machine yet. It takes "
            "minutes for each, in a process of its own.",
            icon=":material/timer:",
        )
        offer("Measure them", [_work(run, title) for run, title in missing])
    away = [(run, title) for title, run, cost in listed if cost and not is_measured_here(run)]
    if away and not missing:
        works = [_work(run, title) for run, title in away]
        offer("Measure on this machine", works, again=True)


def show_all_runs(selection: Selection, sides: Sequence[Scored]) -> None:
    """Accuracy against latency of every run that is scored on the data set."""
    st.header("Accuracy against latency", anchor=False)
    points: list[Candidate] = []
    missing: list[tuple[Run, str]] = []
    chosen = {side.run.name: side for side in sides}
    runs = choices.comparable_runs(selection.data)
    labels = wording.run_labels(runs.values())
    for run in runs.values():
        found, cost = cache.stored_evaluation(run, selection.data, selection.split), cache.cost(run)
        if found is None:
            continue
        side = chosen.get(run.name)
        name = side.title if side else labels[run.name]
        if not run.has_network:
            continue
        if cost is None:
            missing.append((run, name))
        elif side is not None:
            points.append(candidate(side, html.escape(name, quote=False), cost))
        elif found.scores.mean_iou is not None:
            timing = cost.typical
            shown = html.escape(name, quote=False)
            points.append(Candidate(shown, found.scores.mean_iou, timing.p50_ms, timing.p95_ms))
    if points:
        st.caption(
            "Every run that is scored on this split and measured: mean IoU over the time for one "
            "image at the size that the run was trained at. Left and high is good."
        )
        show_chart(
            cache.drawn(figures.accuracy_against_latency, points),
            "Mean IoU against latency of all runs",
        )
    else:
        st.caption("Appears once a run has been measured.")
    others = [(run, name) for run, name in missing if run.name not in chosen]
    if others:
        _offer_others(others)


def _offer_others(others: Sequence[tuple[Run, str]]) -> None:
    st.markdown(f"Scored, but not measured yet: {', '.join(name for _, name in others)}.")
    offer("Measure the others", [_work(run, name) for run, name in others], again=True)


def _work(run: Run, name: str) -> Asked:
    def measure(progress: Progress) -> None:
        measure_apart(run, progress)

    return Asked(("cost", run.name, run.weights_hash), f"{name}, sizes measured", measure)
