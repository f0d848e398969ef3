"""The queue of retrains: a table in SQLite that any number of processes may use at once.

A job is claimed with a lease, which its worker renews by heartbeats. A job whose lease has run out
is claimed again by the next worker that asks, under a higher attempt number; whatever the former
worker reports from then on carries the old number and is refused (`LeaseLostError`).
"""

import json
import os
import sqlite3
import time
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from segcore import runs, settings
from segcore.errors import SegcoreError
from segcore.jobs_database import connection, transaction
from segcore.recipes import get_recipe
from segcore.sources import open_source

LEASE_SECONDS = 30.0
AUTOMATIC_RETRIES = 2
DEVICE = "local"  # trainings on one device run one after another


class JobError(SegcoreError):
    """A job that is not there, or not in a state for what was asked."""


class LeaseLostError(Exception):
    """The job was claimed again, cancelled for good or deleted; this attempt may not report."""


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


@dataclass(frozen=True)
class Parameters:
    """What to train; None leaves the choice to the recipe.

    Attributes:
        recipe, data: names a recipe and a data spec; not needed with `resume`.
        start_from: a run whose best weights are the starting point.
        resume: an interrupted run that goes on, by its own recipe and data.
    """

    recipe: str | None = None
    data: str | None = None
    epochs: int | None = None
    batch_size: int | None = None
    seed: int | None = None
    backbone_weights: str | None = None
    start_from: str | None = None
    resume: str | None = None


@dataclass(frozen=True)
class Job:
    """A row of the queue as it was when read."""

    id: int
    state: State
    priority: int
    parameters: Parameters
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
    def log_path(self) -> Path:
        """All that its trainings printed, one attempt after another."""
        return settings.artifacts_dir() / "jobs" / f"{self.id}.log"


# --- what a person does --------------------------------------------------------------------------


def enqueue(parameters: Parameters, priority: int = 0) -> Job:
    """Puts a training at the end of the queue, after those of higher or the same priority.

    Raises:
        SegcoreError: the recipe, data, run or a number cannot be used; nothing is queued.
    """
    parameters = _checked(parameters)
    with transaction() as database:
        if (
            parameters.resume
            and database.execute(
                "SELECT 1 FROM jobs WHERE run = ? AND state IN ('queued', 'running', 'cancelling')",
                (parameters.resume,),
            ).fetchone()
        ):
            raise JobError(f"{parameters.resume}: is already in the queue; wait for it to end")
        row = database.execute(
            "INSERT INTO jobs (priority, parameters, run, created) VALUES (?, ?, ?, ?) RETURNING *",
            (priority, json.dumps(asdict(parameters)), parameters.resume, runs.now()),
        ).fetchone()
    return _job(row)


def list_jobs() -> list[Job]:
    """The active jobs, the queued ones in the order they will run, then the ended, newest first."""
    if not settings.jobs_path().exists():
        return []
    with connection() as database:
        rows = database.execute(
            """
            SELECT *, CASE state WHEN 'running' THEN 0 WHEN 'cancelling' THEN 0
                                 WHEN 'queued' THEN 1 ELSE 2 END AS place
            FROM jobs ORDER BY place, CASE WHEN place < 2 THEN -priority END,
                                      CASE WHEN place < 2 THEN id ELSE -id END
            """
        ).fetchall()
    return [_job(row) for row in rows]


def get_job(job_id: int) -> Job:
    """The job of that number.

    Raises:
        JobError: there is none.
    """
    with connection() as database:
        row = database.execute("SELECT * FROM jobs WHERE id = ?", (job_id,)).fetchone()
    if row is None:
        raise JobError(f"job {job_id}: no such job; it may have been deleted")
    return _job(row)


def cancel(job_id: int) -> Job:
    """Takes a queued job out at once; asks the worker of a running one to stop it.

    Raises:
        JobError: no such job, or it has ended.
    """
    return _change(
        job_id,
        "cancelled",
        "SET finished = CASE state WHEN 'queued' THEN ? END,"
        " state = CASE state WHEN 'queued' THEN 'cancelled' ELSE 'cancelling' END",
        (runs.now(),),
        (State.QUEUED, State.RUNNING, State.CANCELLING),
    )


def retry(job_id: int) -> Job:
    """Queues an ended job again; it goes on after the last epoch of its run where there is one.

    Raises:
        JobError: no such job, or it is not one that failed or was cancelled.
    """
    return _change(
        job_id,
        "run again",
        "SET state = 'queued', retries = 0, reason = NULL, finished = NULL",
        (),
        (State.FAILED, State.CANCELLED),
    )


def delete(job_id: int) -> None:
    """Forgets a job and its log; the run that it trained stays.

    Raises:
        JobError: no such job, or a worker is on it.
    """
    job = get_job(job_id)
    with transaction() as database:
        if not database.execute(
            "DELETE FROM jobs WHERE id = ? AND state NOT IN ('running', 'cancelling')", (job_id,)
        ).rowcount:
            raise JobError(f"job {job_id}: is {job.state}; cancel it first")
    job.log_path.unlink(missing_ok=True)


def expected_seconds(recipe: str, data: str, epochs: int) -> float | None:
    """How long that training takes by the newest run of the recipe on the data; None without one.

    The first epoch compiles the network, so the median of the epochs counts.
    """
    for run in runs.list_runs():
        if run.recipe == recipe and data in (run.spec, run.dataset):
            seconds = sorted(row["seconds"] for row in run.history())
            if seconds:
                return seconds[len(seconds) // 2] * epochs
    return None


def _checked(parameters: Parameters) -> Parameters:
    """The parameters, paths in them made absolute: a worker runs in a folder of its own."""
    for name, least in (("epochs", 1), ("batch_size", 1), ("seed", 0)):
        value = getattr(parameters, name)
        if value is not None and value < least:
            raise JobError(f"{name.replace('_', ' ')} {value}: must be {least} or more")
    if parameters.resume is not None:
        run = runs.get_run(parameters.resume)
        if run.status == "finished":
            raise JobError(f"{run.name}: is finished; train a new run instead of resuming it")
        return Parameters(resume=run.name, recipe=run.recipe, data=run.spec)
    if parameters.recipe is None or parameters.data is None:
        raise JobError("A training needs a recipe and data; name both, or a run to resume")
    get_recipe(parameters.recipe)
    if parameters.start_from is not None:
        runs.verified_weights(runs.get_run(parameters.start_from))
    weights = parameters.backbone_weights
    if weights not in (None, "none", "imagenet"):
        weights = str(Path(str(weights)).absolute())
    return replace(parameters, data=open_source(parameters.data).spec, backbone_weights=weights)


# --- what a worker does --------------------------------------------------------------------------


def claim(worker: str, device: str = DEVICE, lease: float = LEASE_SECONDS) -> Job | None:
    """The next job for this worker: one whose worker died, else the first of the queue.

    None where the queue is empty or the device has a training already. A job taken over has one
    more of its `retries`, and may be `cancelling`.
    """
    now = time.time()
    with transaction() as database:
        if database.execute(
            "SELECT 1 FROM jobs WHERE device = ? AND state IN ('running', 'cancelling')"
            " AND lease_until > ?",
            (device, now),
        ).fetchone():
            return None
        row = database.execute(
            """
            UPDATE jobs SET
                retries = retries + (state != 'queued'),
                state = CASE state WHEN 'queued' THEN 'running' ELSE state END,
                attempt = attempt + 1, worker = ?, device = ?, lease_until = ?,
                started = coalesce(started, ?)
            WHERE id = (
                SELECT id FROM jobs
                WHERE state = 'queued' OR (state IN ('running', 'cancelling') AND lease_until <= ?)
                ORDER BY state = 'queued', priority DESC, id LIMIT 1
            )
            RETURNING *
            """,
            (worker, device, now + lease, runs.now(), now),
        ).fetchone()
    return _job(row) if row else None


def heartbeat(job: Job, lease: float = LEASE_SECONDS) -> State:
    """Renews the lease and tells whether the job is to go on or is `cancelling`.

    Raises:
        LeaseLostError: it belongs to another attempt by now.
    """
    now = time.time()
    state = _report(job, "lease_until = ?", (now + lease,))
    register_worker(str(job.worker))
    return state


def record(job: Job, *, run: str | None = None, process_group: int | None = None) -> None:
    """Keeps what a later attempt needs: the run to resume, the processes to end.

    Raises:
        LeaseLostError: it belongs to another attempt by now.
    """
    _report(
        job,
        "run = coalesce(?, run), process_group = coalesce(?, process_group)",
        (run, process_group),
    )


def finish(job: Job, state: State, reason: str | None = None) -> None:
    """Ends the job as done, failed or cancelled.

    Raises:
        LeaseLostError: it belongs to another attempt by now.
    """
    _report(
        job,
        "state = ?, reason = ?, finished = ?, lease_until = NULL, process_group = NULL",
        (state, reason, runs.now()),
    )


def give_back(job: Job, reason: str | None = None, retries: int = 0) -> None:
    """Queues the job again, to be resumed: after a crash (one of its retries), or a stop of ours.

    A job that is to be cancelled is cancelled.

    Raises:
        LeaseLostError: it belongs to another attempt by now.
    """
    _report(
        job,
        "state = CASE state WHEN 'running' THEN 'queued' ELSE 'cancelled' END,"
        " retries = retries + ?, reason = ?, lease_until = NULL, process_group = NULL",
        (retries, reason),
    )


def register_worker(worker: str) -> None:
    """The worker, which is this process, lives."""
    with transaction() as database:
        database.execute(
            "INSERT OR REPLACE INTO workers VALUES (?, ?, ?)", (worker, os.getpid(), time.time())
        )


def register_first_worker(worker: str) -> bool:
    """Registers a worker that is about to start if none lives, and tells whether it did."""
    with transaction() as database:
        database.execute("DELETE FROM workers WHERE heartbeat <= ?", (time.time() - LEASE_SECONDS,))
        return bool(
            database.execute(
                "INSERT INTO workers SELECT ?, NULL, ? WHERE NOT EXISTS (SELECT 1 FROM workers)",
                (worker, time.time()),
            ).rowcount
        )


def living_workers() -> dict[str, int | None]:
    """Worker -> its process id, None for one that is about to start."""
    if not settings.jobs_path().exists():
        return {}
    with connection() as database:
        rows = database.execute(
            "SELECT id, pid FROM workers WHERE heartbeat > ?", (time.time() - LEASE_SECONDS,)
        ).fetchall()
    return {row["id"]: row["pid"] for row in rows}


def retire_worker(worker: str, *, only_idle: bool = False) -> bool:
    """Signs the worker off, with `only_idle` unless there is work; tells whether it did.

    One transaction, so a job queued at this moment finds either a worker or none, never one that
    is about to go.
    """
    with transaction() as database:
        return bool(
            database.execute(
                "DELETE FROM workers WHERE id = ? AND NOT (? AND EXISTS (SELECT 1 FROM jobs"
                " WHERE state IN ('queued', 'running', 'cancelling')))",
                (worker, only_idle),
            ).rowcount
        )


# --- rows --------------------------------------------------------------------------------


def _job(row: sqlite3.Row) -> Job:
    values: dict[str, Any] = {key: row[key] for key in Job.__dataclass_fields__}
    values["state"] = State(values["state"])
    values["parameters"] = Parameters(**json.loads(values["parameters"]))
    return Job(**values)


def _change(
    job_id: int, done: str, assignments: str, values: tuple[Any, ...], states: tuple[State, ...]
) -> Job:
    """Updates the job if it is in one of `states`; `done` is the participle for the message."""
    with transaction() as database:
        row = database.execute(
            f"UPDATE jobs {assignments} WHERE id = ?"
            f" AND state IN ({', '.join('?' * len(states))}) RETURNING *",
            (*values, job_id, *states),
        ).fetchone()
    if row is None:
        raise JobError(f"job {job_id}: is {get_job(job_id).state}; it cannot be {done}")
    return _job(row)


def _report(job: Job, assignments: str, values: tuple[Any, ...]) -> State:
    """Updates an active job, if this attempt still is the one that runs it; returns its state."""
    with transaction() as database:
        row = database.execute(
            f"UPDATE jobs SET {assignments} WHERE id = ? AND attempt = ?"
            " AND state IN ('running', 'cancelling') RETURNING state",
            (*values, job.id, job.attempt),
        ).fetchone()
    if row is None:
        raise LeaseLostError(f"job {job.id}: attempt {job.attempt} was superseded")
    return State(row["state"])
