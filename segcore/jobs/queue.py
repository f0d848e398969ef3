"""The queue of retrains: a table in SQLite that any number of processes may use at once."""

import shutil
import sqlite3
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from segcore import runs, settings
from segcore.errors import SegcoreError, UnreadableError
from segcore.files.reading import Count, Moment, Number, Plain, Text, read_json, typed
from segcore.files.writing import storage_error
from segcore.jobs import tasks
from segcore.jobs.admission import ADMISSIONS, Admission
from segcore.jobs.database import connection, transaction
from segcore.jobs.tasks import Task
from segcore.system.progress import StepProgress


class JobError(SegcoreError):
    """A job that is not there, or not in a state for what was asked."""


class State(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    FAILED = "failed"
    DONE = "done"


ACTIVE = (State.RUNNING, State.CANCELLING)
"""A worker is on it."""
ENDED = (State.CANCELLED, State.FAILED, State.DONE)
UNFINISHED = "state IN ('queued', 'running', 'cancelling')"
"""Condition for jobs that have not ended, in SQL."""
NEXT_FIRST = "state = 'queued', priority DESC, id"
"""The order in which workers take jobs and lists show them, in SQL."""


@dataclass(frozen=True)
class Job:
    """A row of the queue as it was when read."""

    id: int
    state: State
    priority: int
    task: Task
    run: str | None
    reason: str | None
    attempt: int
    retries: int
    device: str | None
    worker: str | None
    lease_until: float | None
    process_group: int | None
    created: str
    started: str | None
    finished: str | None

    @property
    def is_active(self) -> bool:
        return self.state in ACTIVE

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED

    @property
    def folder(self) -> Path:
        """What belongs to this job alone."""
        return settings.jobs_dir() / str(self.id)

    @property
    def log_path(self) -> Path:
        """All that its processes printed, one attempt after another."""
        return self.folder / "log.txt"

    @property
    def progress_path(self) -> Path:
        """Where an evaluation or a preparation says how far it is."""
        return self.folder / "progress.json"

    @property
    def report_path(self) -> Path:
        """Where its process reports its run and its error."""
        return self.folder / "report.json"

    def progress(self) -> StepProgress | None:
        """How far an evaluation or a preparation is that runs, or None."""
        try:
            return read_json(self.progress_path, StepProgress)
        except UnreadableError:
            return None


_COLUMNS: dict[str, Any] = {
    "id": int,
    "state": State,
    "priority": int,
    "run": Plain | None,
    "reason": Text | None,
    "attempt": Count,
    "retries": Count,
    "device": Plain | None,
    "worker": Plain | None,
    "lease_until": Number | None,
    "process_group": Count | None,
    "created": Moment,
    "started": Moment | None,
    "finished": Moment | None,
}
_UNKNOWN: dict[str, Any] = {
    "state": State.FAILED,
    "priority": 0,
    "attempt": 0,
    "retries": 0,
    "created": "1970-01-01T00:00:00+00:00",
}
"""What stands for a column that cannot be read; None for the others."""


def enqueue(task: Task, admission: Admission | None, priority: int | None = None) -> Job:
    """Puts a task into the queue, after those of higher or the same priority.

    Raises:
        AdmissionError: the pass does not hold.
        SegcoreError: the recipe, data or run cannot be used; nothing is queued.
    """
    ADMISSIONS.check(admission)
    task = task.checked()
    with transaction() as database:
        if (
            task.run
            and database.execute(
                f"SELECT 1 FROM jobs WHERE run = ? AND {UNFINISHED}",
                (task.run,),
            ).fetchone()
        ):
            raise JobError(f"{task.run}: is already in the queue; wait for it to end")
        row = database.execute(
            "INSERT INTO jobs (priority, task, run, created) VALUES (?, ?, ?, ?) RETURNING *",
            (
                tasks.PRIORITY[task.kind] if priority is None else priority,
                tasks.dump(task),
                task.run,
                runs.now(),
            ),
        ).fetchone()
    return from_row(row)


def list_jobs(ended: int | None = None) -> list[Job]:
    """The active jobs, the queued ones in the order they will run, then the ended, newest first.

    Args:
        ended: how many of the ended ones at most; None for all.
    """
    if not settings.jobs_path().exists():
        return []
    with connection() as database:
        rows = database.execute(
            f"SELECT * FROM jobs WHERE {UNFINISHED} ORDER BY {NEXT_FIRST}"
        ).fetchall()
        rows += database.execute(
            f"SELECT * FROM jobs WHERE NOT {UNFINISHED} ORDER BY id DESC LIMIT ?",
            (-1 if ended is None else ended,),
        ).fetchall()
    return [from_row(row) for row in rows]


def unfinished_jobs() -> list[Job]:
    """Those of `list_jobs` that run or wait."""
    return list_jobs(ended=0)


def count_ended() -> int:
    """How many jobs have ended and were not deleted."""
    if not settings.jobs_path().exists():
        return 0
    with connection() as database:
        (count,) = database.execute(f"SELECT COUNT(*) FROM jobs WHERE NOT {UNFINISHED}").fetchone()
    return int(count)


def runs_of_jobs() -> set[str]:
    """Names of the runs of all jobs that were not deleted."""
    if not settings.jobs_path().exists():
        return set()
    with connection() as database:
        rows = database.execute("SELECT DISTINCT run FROM jobs WHERE run IS NOT NULL").fetchall()
    return {str(run) for (run,) in rows}


def get_job(job_id: int) -> Job:
    """The job of that number.

    Raises:
        JobError: there is none.
    """
    with connection() as database:
        row = database.execute("SELECT * FROM jobs WHERE id = ?", (job_id,)).fetchone()
    if row is None:
        raise JobError(f"job {job_id}: no such job; it may have been deleted")
    return from_row(row)


def cancel(job_id: int, admission: Admission | None) -> Job:
    """Takes a queued job out at once; asks the worker of a running one to stop it.

    Raises:
        AdmissionError: the pass does not hold.
        JobError: no such job, or it has ended.
    """
    return _change(
        job_id,
        admission,
        "cancelled",
        "SET finished = CASE state WHEN 'queued' THEN ? END,"
        " state = CASE state WHEN 'queued' THEN 'cancelled' ELSE 'cancelling' END",
        (runs.now(),),
        (State.QUEUED, State.RUNNING, State.CANCELLING),
    )


def retry(job_id: int, admission: Admission | None) -> Job:
    """Queues an ended job again; it goes on after the last epoch of its run where there is one.

    Raises:
        AdmissionError: the pass does not hold.
        JobError: no such job, or it is not one that failed or was cancelled.
    """
    return _change(
        job_id,
        admission,
        "run again",
        "SET state = 'queued', retries = 0, reason = NULL, finished = NULL",
        (),
        (State.FAILED, State.CANCELLED),
    )


def prioritize(job_id: int, admission: Admission | None) -> Job:
    """Puts a queued job before all others that wait.

    Raises:
        AdmissionError: the pass does not hold.
        JobError: no such job, or it does not wait.
    """
    return _change(
        job_id,
        admission,
        "moved to the front",
        "SET priority = 1 + (SELECT max(priority) FROM jobs WHERE state = 'queued')",
        (),
        (State.QUEUED,),
    )


def delete(job_id: int, admission: Admission | None) -> None:
    """Forgets a job and its log; the run that it trained stays.

    Raises:
        AdmissionError: the pass does not hold.
        JobError: no such job, or a worker is on it.
    """
    ADMISSIONS.check(admission)
    job = get_job(job_id)
    with transaction() as database:
        if not database.execute(
            "DELETE FROM jobs WHERE id = ? AND state NOT IN ('running', 'cancelling')", (job_id,)
        ).rowcount:
            raise JobError(f"job {job_id}: is {job.state}; cancel it first")
    try:
        shutil.rmtree(job.folder)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise storage_error(job.folder, error) from error


def runs_in_use() -> set[str]:
    """Runs that a job waits to go on with, or trains, or scores, or starts from."""
    names: set[str] = set()
    for job in unfinished_jobs():
        wanted = (getattr(job.task, name, None) for name in ("scored", "start_from", "resume"))
        names |= {str(name) for name in (job.run, *wanted) if name}
    return names


def from_row(row: sqlite3.Row) -> Job:
    """The job that a row holds; the row is untrusted.

    What another version of this program wrote, or somebody by hand, and this one does not
    understand, is a task that fails when its turn comes, never an error of who reads the queue.
    """
    known: dict[str, Any] = {key: row[key] for key in Job.__dataclass_fields__}
    task = tasks.load(known.pop("task"))
    for key, value in known.items():
        try:
            known[key] = typed(value, _COLUMNS[key])
        except UnreadableError as error:
            known[key] = _UNKNOWN.get(key)
            task = tasks.Unknown(f"its {key} in the queue cannot be read: {error}")
    return Job(task=task, **known)


def _change(
    job_id: int,
    admission: Admission | None,
    done: str,
    assignments: str,
    values: tuple[Any, ...],
    states: tuple[State, ...],
) -> Job:
    """Updates the job if it is in one of `states`; `done` is the participle for the message."""
    ADMISSIONS.check(admission)
    with transaction() as database:
        row = database.execute(
            f"UPDATE jobs {assignments} WHERE id = ?"
            f" AND state IN ({', '.join('?' * len(states))}) RETURNING *",
            (*values, job_id, *states),
        ).fetchone()
    if row is None:
        raise JobError(f"job {job_id}: is {get_job(job_id).state}; it cannot be {done}")
    return from_row(row)
