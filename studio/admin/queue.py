"""Admin, the queue: what runs, live, what waits, and how the last jobs ended."""

from functools import partial

import streamlit as st

from segcore import jobs
from segcore.errors import SegcoreError
from segcore.files.writing import tail
from segcore.jobs import Job, State, worker
from segcore.jobs.admission import Admission
from segcore.jobs.tasks import Training, run_of
from segcore.presentation import figures
from segcore.presentation.run_colors import MORE_RUNS
from segcore.runs import Run
from studio import cache, choices, wording
from studio.admin import actions, gate
from studio.errors import fragment
from studio.widgets.charts import show_chart

REFRESH_SECONDS = 2.0
LOG_LINES = 14
SHOWN_ENDED = 5
MORE_ENDED = 20
ENDED = "ended jobs"
"""Key of the session: how many are shown."""


def listed_jobs() -> list[Job]:
    """What is active and waits, and as many ended jobs as this visit asked for.

    Raises SegcoreError where the queue cannot be read.
    """
    return jobs.list_jobs(ended=st.session_state.get(ENDED, SHOWN_ENDED))


def title_of(job: Job) -> str:
    """What the job does, with the name of its data set."""
    return job.task.title(choices.name_at(job.task.data or ""))


def headline(queue: list[Job]) -> str:
    active = [job for job in queue if job.is_active]
    waiting = sum(job.state == State.QUEUED for job in queue)
    if active:
        others = f", {waiting} more wait" if waiting else ""
        return f"{title_of(active[0])} {active[0].task.doing}{others}"
    if waiting:
        return f"{waiting} in the queue, about to start"
    return "Retrain, watch, promote"


def show(queue: list[Job]) -> None:
    busy = any(not job.has_ended for job in queue)
    # Fragments look again by themselves only as long as something can change.
    fragment(_show_unfinished, run_every=REFRESH_SECONDS if busy else None)(
        [(job.id, job.state) for job in queue]
    )
    ended = [job for job in queue if job.has_ended]
    for job in ended:
        _show_ended(job)
    older = jobs.count_ended() - len(ended)
    if older > 0:
        more = min(older, MORE_ENDED)
        st.button(
            f"Show {more} more of {older} older jobs",
            key="older jobs",
            icon=":material/expand_more:",
            on_click=lambda: st.session_state.update({ENDED: len(ended) + more}),
        )


def show_strip(queue: list[Job]) -> None:
    """What runs, in a line each, for the other rooms; they are redrawn when it ends."""
    if any(not job.has_ended for job in queue):
        fragment(_show_strip, run_every=REFRESH_SECONDS)([(job.id, job.state) for job in queue])


def _show_strip(shown: list[tuple[int, State]]) -> None:
    queue = _look(shown)
    for job in queue:
        if job.is_active:
            fraction, words = _progress(job, run_of(job.run))
            st.progress(fraction, f"{title_of(job)}: {words}")


def _look(shown: list[tuple[int, State]]) -> list[Job]:
    """The queue as it is now, with a worker on it; redraws the page where a state changed."""
    try:
        queue = listed_jobs()
        if any(not job.has_ended for job in queue):
            worker.ensure_worker()
    except SegcoreError as error:
        st.error(wording.sentence(str(error)), icon=":material/error:")
        return []
    if [(job.id, job.state) for job in queue] != shown or not gate.is_signed_in():
        st.rerun()
    return queue


def _show_unfinished(shown: list[tuple[int, State]]) -> None:
    queue = _look(shown)
    st.header("Queue", anchor=False)
    for job in queue:
        if job.is_active:
            _show_active(job)
    waiting = [job for job in queue if job.state == State.QUEUED]
    for place, job in enumerate(waiting, 1):
        with actions.row(f"**{place}.** {title_of(job)}", job.reason or "waiting"):
            if place > 1 and st.button(
                "First", key=f"first {job.id}", icon=":material/vertical_align_top:"
            ):
                actions.act(partial(jobs.prioritize, job.id), f"{title_of(job)} is next")
            if st.button("Remove", key=f"remove {job.id}", icon=":material/close:"):
                actions.act(partial(jobs.cancel, job.id), f"{title_of(job)} is out of the queue")
    if not any(not job.has_ended for job in queue):
        st.caption("Nothing is running and nothing is waiting.")


def _show_active(job: Job) -> None:
    run = run_of(job.run)
    with st.container(border=True):
        with st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        ):
            again = f" · attempt {job.attempt}" if job.retries else ""
            st.markdown(f"**{title_of(job)}**{again}")
            if job.state == State.CANCELLING:
                st.badge("stopping", icon=":material/hourglass_top:", color="orange")
            elif st.button("Cancel", key=f"cancel {job.id}", icon=":material/stop:"):
                kept = ", its last epoch is kept" if isinstance(job.task, Training) else ""
                actions.act(partial(jobs.cancel, job.id), f"{title_of(job)} stops{kept}")
        fraction, words = _progress(job, run)
        st.progress(fraction, words)
        history = cache.history(run) if run else []
        if run and history:
            _show_curves(run, history, job)
        with st.expander("Log", expanded=not history):
            noted = tail(run.path / "train.log", LOG_LINES) if run else []
            log = "\n".join([*tail(job.log_path, LOG_LINES), *noted][-LOG_LINES:])
            st.code(log or "No output yet.", language=None, wrap_lines=True)


def _show_curves(run: Run, history: list[dict[str, float]], job: Job) -> None:
    curve = figures.Curve(run.name, MORE_RUNS[0], history, run.best_epoch)
    with st.grid(2, min_column_width=260, gap="medium"):
        for metric, name in (("loss", "Loss"), ("mean_iou", "Mean IoU")):
            with st.container(gap="xsmall"):
                st.markdown(f"{name}, train dashed, validation solid")
                figure = figures.learning_curves([curve], metric)
                figure.update_layout(height=240, showlegend=False)
                show_chart(figure, f"{name} over the epochs so far", key=f"{metric} {job.id}")


def _progress(job: Job, run: Run | None) -> tuple[float, str]:
    """Share done and where it is, in words."""
    if not isinstance(job.task, Training):
        return _counted(job, "Starting")
    at = run.progress() if run else None
    if run is None:
        name = choices.name_at(job.task.data or "")
        return _counted(job, f"Getting {name} ready; the first time this takes a minute or two")
    if at is not None:
        return wording.training_progress(at)
    if run.status == "finished":
        return 1.0, f"All {run.epochs} epochs are done; the job ends"
    return 0.0, "Building the network"


def _counted(job: Job, before: str) -> tuple[float, str]:
    at = job.progress()
    if at is None or not at.total:
        return 0.0, before
    return min(at.done / at.total, 1.0), f"{at.label}: {at.done} of {at.total}"


def _show_ended(job: Job) -> None:
    title = title_of(job)
    with actions.row(f"**{title}** {_ending(job)}", _detail(job)):
        if job.state in (State.FAILED, State.CANCELLED):
            run = run_of(job.run)
            label = "Resume" if run and cache.history(run) else "Run again"
            if st.button(label, key=f"retry {job.id}", icon=":material/replay:"):
                actions.act(partial(_retry, job.id), f"{title}: queued again")
        with st.popover("Log", icon=":material/notes:", key=f"log {job.id}"):
            log = "\n".join(tail(job.log_path, 3 * LOG_LINES))
            st.code(log or "It left no output.", language=None, wrap_lines=True)
        actions.button_with_question(
            "Delete",
            f"Forget job {job.id} and its log? A run that it trained stays.",
            partial(jobs.delete, job.id),
            f"Job {job.id}, {title}, is deleted",
            key=f"delete {job.id}",
            icon=":material/delete:",
        )


def _retry(job_id: int, admission: Admission) -> None:
    jobs.retry(job_id, admission)
    worker.ensure_worker()


def _ending(job: Job) -> str:
    words = {State.DONE: job.task.done, State.FAILED: "failed", State.CANCELLED: "was cancelled"}
    return words[job.state]


def _detail(job: Job) -> str:
    ended = f"{wording.moment(job.finished)} · " if job.finished else ""
    run = run_of(job.run)
    if not isinstance(job.task, Training):
        return ended + (job.reason or ("by hand" if job.state == State.CANCELLED else "no problem"))
    done = len(cache.history(run)) if run else 0
    if job.state == State.DONE and run:
        return (
            f"{ended}best validation mean IoU {wording.score(run.best_mean_iou)} in epoch "
            f"{run.best_epoch} of {done}; score and promote it under Runs and champions"
        )
    kept = f"{done} finished epoch{'s' * (done != 1)} kept" if done else "no epoch was finished"
    return f"{ended}{job.reason or 'by hand'}; {kept}"
