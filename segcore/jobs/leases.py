"""The workers' side of the queue: claiming a job, keeping it, and ending it.

A job is claimed with a lease, which its worker renews by heartbeats. A job whose lease has run out
is claimed again by the next worker that asks, under a higher attempt number; whatever the former
worker reports from then on carries the old number and is refused (`LeaseLostError`).
"""

import os
import sqlite3
import time
from typing import Any

from segcore import runs, settings
from segcore.jobs import Job, State, clocks, from_row
from segcore.jobs.database import connection, transaction
from segcore.jobs.queue import NEXT_FIRST

LEASE_SECONDS = 30.0
AUTOMATIC_RETRIES = 2
DEVICE = "local"
"""A device runs one job at a time; this name stands for the whole machine."""


class LeaseLostError(Exception):
    """The job was claimed again, cancelled for good or deleted; this attempt may not report."""


def claim(worker: str, device: str = DEVICE, lease: float = LEASE_SECONDS) -> Job | None:
    """The next job for this worker: one whose worker died, else the first of the queue.

    None where the queue is empty or the device is at work already. A job taken over has one
    more of its `retries`, and may be `cancelling`.
    """
    with transaction() as database:
        _add_functions(database)
        if database.execute(
            "SELECT 1 FROM jobs WHERE device = ? AND state IN ('running', 'cancelling')"
            " AND lease_holds(lease_until, lease_mark)",
            (device,),
        ).fetchone():
            return None
        row = database.execute(
            f"""
            UPDATE jobs SET
                retries = retries + (state != 'queued'),
                state = CASE state WHEN 'queued' THEN 'running' ELSE state END,
                attempt = attempt + 1, worker = ?, device = ?, lease_until = ?, lease_mark = ?,
                started = coalesce(started, ?)
            WHERE id = (
                SELECT id FROM jobs
                WHERE state = 'queued' OR (
                    state IN ('running', 'cancelling') AND NOT lease_holds(lease_until, lease_mark)
                )
                ORDER BY {NEXT_FIRST} LIMIT 1
            )
            RETURNING *
            """,
            (worker, device, time.time() + lease, clocks.mark(lease), runs.now()),
        ).fetchone()
    return from_row(row) if row else None


def heartbeat(job: Job, lease: float = LEASE_SECONDS) -> State:
    """Renews the lease and tells whether the job is to go on or is `cancelling`.

    Raises:
        LeaseLostError: it belongs to another attempt by now.
    """
    renewed = time.time() + lease, clocks.mark(lease)
    state = _report(job, "lease_until = ?, lease_mark = ?", renewed)
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
        "state = ?, reason = ?, finished = ?,"
        " lease_until = NULL, lease_mark = NULL, process_group = NULL",
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
        "finished = CASE state WHEN 'cancelling' THEN ? END,"
        " state = CASE state WHEN 'running' THEN 'queued' ELSE 'cancelled' END,"
        " retries = retries + ?, reason = ?,"
        " lease_until = NULL, lease_mark = NULL, process_group = NULL",
        (runs.now(), retries, reason),
    )


def register_worker(worker: str) -> None:
    """The worker, which is this process, lives."""
    with transaction() as database:
        database.execute(
            "INSERT OR REPLACE INTO workers (id, pid, heartbeat, mark) VALUES (?, ?, ?, ?)",
            (worker, os.getpid(), time.time(), clocks.mark()),
        )


def register_first_worker(worker: str) -> bool:
    """Registers a worker that is about to start if none lives, and tells whether it did."""
    with transaction() as database:
        _add_functions(database)
        database.execute("DELETE FROM workers WHERE NOT lives(heartbeat, mark, pid)")
        return bool(
            database.execute(
                "INSERT INTO workers (id, pid, heartbeat, mark)"
                " SELECT ?, NULL, ?, ? WHERE NOT EXISTS (SELECT 1 FROM workers)",
                (worker, time.time(), clocks.mark()),
            ).rowcount
        )


def living_workers() -> dict[str, int | None]:
    """Worker -> its process id, None for one that is about to start."""
    if not settings.jobs_path().exists():
        return {}
    with connection() as database:
        _add_functions(database)
        rows = database.execute(
            "SELECT id, pid FROM workers WHERE lives(heartbeat, mark, pid)"
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


def _add_functions(database: sqlite3.Connection) -> None:
    """What SQL asks the clocks."""

    def lease_holds(until: float | None, mark: str | None) -> bool:
        return clocks.lease_holds(until, mark, LEASE_SECONDS)

    def lives(heartbeat: float, mark: str | None, pid: int | None) -> bool:
        return clocks.heartbeat_is_fresh(heartbeat, mark, LEASE_SECONDS, pid is not None)

    database.create_function("lease_holds", 2, lease_holds)
    database.create_function("lives", 3, lives)


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
