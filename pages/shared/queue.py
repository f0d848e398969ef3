"""The queue of retrains on the admin page: what runs, live, what waits, and what was stopped."""

from functools import partial

import streamlit as st

from pages.shared import actions, gate, wording
from segcore import figures, jobs, runs, worker
from segcore.colors import MORE_RUNS
from segcore.errors import SegcoreError
from segcore.jobs import Job, State
from segcore.runs import Run

REFRESH_SECONDS = 2.0
LOG_LINES = 14
SHOWN_ENDED = 5


def headline(queue: list[Job]) -> str:
    active = [job for job in queue if job.is_active]
    waiting = sum(job.state == State.QUEUED for job in queue)
    if active:
        others = f", {waiting} more wait" if waiting else ""
        return f"{title(active[0])} is training{others}"
    if waiting:
        return f"{waiting} in the queue, about to start"
    return "Retrain, watch, promote"


def show(queue: list[Job]) -> None:
    busy = any(not job.has_ended for job in queue)
    # Fragments look again by themselves only as long as something can change.
    st.fragment(_show_unfinished, run_every=REFRESH_SECONDS if busy else None)(
        [(job.id, job.state) for job in queue]
    )
    stopped = [job for job in queue if job.state in (State.FAILED, State.CANCELLED)]
    for job in stopped[:SHOWN_ENDED]:
        _show_stopped(job)


def _show_unfinished(shown: list[tuple[int, State]]) -> None:
    try:
        queue = jobs.list_jobs()
        if any(not job.has_ended for job in queue):
            worker.ensure_worker()
    except SegcoreError as error:
        st.error(str(error), icon=":material/error:")
        return
    if [(job.id, job.state) for job in queue] != shown or not gate.is_signed_in():
        st.rerun()
    st.subheader("Queue", anchor=False)
    for job in queue:
        if job.is_active:
            _show_active(job)
    for place, job in enumerate([job for job in queue if job.state == State.QUEUED], 1):
        with actions.row(f"**{place}.** {title(job)}", job.reason or "waits for its turn"):
            if st.button("Remove", key=f"remove {job.id}", icon=":material/close:"):
                actions.act(partial(jobs.cancel, job.id), f"{title(job)} is out of the queue")
    if not any(not job.has_ended for job in queue):
        st.caption("Nothing is running, nothing waits.")


def _show_active(job: Job) -> None:
    run = _run(job)
    with st.container(border=True):
        with st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        ):
            st.markdown(f"**{title(job)}**")
            if job.state == State.CANCELLING:
                st.badge("stopping", icon=":material/hourglass_top:", color="orange")
            elif st.button("Cancel", key=f"cancel {job.id}", icon=":material/stop:"):
                actions.act(partial(jobs.cancel, job.id), "It stops, and keeps its last epoch")
        fraction, words = _progress(run)
        st.progress(fraction, words)
        history = run.history() if run else []
        if run and history:
            curve = figures.Curve(run.name, MORE_RUNS[0], history, run.best_epoch)
            for column, (metric, name) in zip(
                st.columns(2), (("loss", "Loss"), ("mean_iou", "Mean IoU")), strict=True
            ):
                column.markdown(f"{name}, train dashed, validation solid")
                column.plotly_chart(
                    figures.learning_curves([curve], metric).update_layout(
                        height=240, showlegend=False
                    ),
                    key=f"{metric} {job.id}",
                )
        with st.expander("Log", expanded=not history):
            st.code(_log_tail(job) or "Nothing is printed yet.", language=None, wrap_lines=True)


def _progress(run: Run | None) -> tuple[float, str]:
    """Share done and where it is, in words."""
    at = run.progress() if run else None
    if run is None:
        return 0.0, "Getting the data ready; the first time this takes a minute or two"
    if at is None:
        return 0.0, "Building the network"
    fraction = (at["epoch"] - 1 + at["step"] / at["steps"]) / at["epochs"]
    where = f"Epoch {at['epoch']} of {at['epochs']}, "
    where += "validating" if at["step"] == at["steps"] else f"step {at['step']} of {at['steps']}"
    where += f" · loss {at['loss']:.3f}"
    if at["seconds_left"] is not None:
        where += f" · {wording.duration(at['seconds_left'])} left"
    return min(fraction, 1.0), where


def _show_stopped(job: Job) -> None:
    what = "failed" if job.state == State.FAILED else "was cancelled"
    run = _run(job)
    done = len(run.history()) if run else 0
    kept = f"{done} finished epoch{'s' * (done != 1)} kept" if done else "no epoch was finished"
    with actions.row(f"**{title(job)}** {what}", f"{job.reason or 'By hand'}; {kept}."):
        if st.button(
            "Resume" if done else "Run again", key=f"retry {job.id}", icon=":material/replay:"
        ):
            actions.act(partial(jobs.retry, job.id), f"{title(job)} is in the queue again")
        actions.button_with_question(
            "Delete",
            f"Forget job {job.id} and its log? A run that it trained stays.",
            partial(jobs.delete, job.id),
            f"Job {job.id} is deleted",
            key=f"delete {job.id}",
            icon=":material/delete:",
        )


def title(job: Job) -> str:
    return f"{job.parameters.recipe} on {str(job.parameters.data).partition(':')[0]}"


def _run(job: Job) -> Run | None:
    try:
        return runs.get_run(job.run) if job.run else None
    except SegcoreError:
        return None  # deleted since


def _log_tail(job: Job) -> str:
    try:
        lines = job.log_path.read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return ""
    return "\n".join(lines[-LOG_LINES:])
