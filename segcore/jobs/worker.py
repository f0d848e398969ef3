"""The process that does the queued jobs, each as a command in a process group of its own."""

import os
import secrets
import signal
import subprocess
import sys
import threading
import time
import traceback
from contextlib import suppress

from segcore import jobs, runs, settings
from segcore.errors import SegcoreError, StorageError, error_number
from segcore.jobs import Job, State, leases
from segcore.jobs.attempt import Attempt, Command, environment
from segcore.jobs.job_lock import make_log
from segcore.jobs.leases import LeaseLostError
from segcore.jobs.tasks import run_of

POLL_SECONDS = 1.0
IDLE_SECONDS = 600.0
LOOK_SECONDS = 15.0  # between looks whether work waits for a worker; with the lease under a minute

WORKER = (sys.executable, "-m", "segcore.jobs.worker")
"""The command of a worker that `ensure_worker` starts; its id follows."""


def command_of(job: Job) -> list[str]:
    """`python -m segcore ...` for the job; a training resumes its run where there is one."""
    return job.task.command(job.folder, job.run if run_of(job.run) is not None else None)


def ensure_worker() -> None:
    """Starts a worker that outlives this process, unless one lives.

    It ends by itself after ten minutes without a job.

    Raises:
        StorageError: artifacts/ cannot be written.
    """
    worker = secrets.token_hex(8)
    if not leases.register_first_worker(worker):
        return
    log = settings.jobs_dir().absolute() / "worker.log"
    make_log(log)
    # The shell ends at once and leaves the worker to init, so nobody here need wait for it.
    subprocess.run(
        [
            *("/bin/sh", "-c", '"$@" >>"$0" 2>&1 &', str(log)),
            *WORKER,
            worker,
        ],
        cwd=settings.ROOT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        check=True,
    )


def watch_queue(stop: threading.Event) -> None:
    """Starts a worker whenever there is work and none lives, until `stop` is set."""
    said = ""
    while not stop.wait(LOOK_SECONDS):
        try:
            if jobs.unfinished_jobs():
                ensure_worker()
            said = ""
        except Exception as error:  # any: without this thread no worker is started
            if str(error) != said:  # once, not every fifteen seconds
                said = str(error)
                _note(error)


def main(worker: str | None = None, device: str = leases.DEVICE) -> None:
    """A worker in the foreground until SIGTERM or Ctrl-C; its job then goes back to the queue.

    Args:
        worker: the id that `ensure_worker` registered; such a worker ends when it has been idle.
        device: what its jobs run on: `gpu:N` is that GPU alone.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if device.startswith("gpu:"):
        os.environ["CUDA_VISIBLE_DEVICES"] = device.removeprefix("gpu:")
    _leave_a_core_to_the_server()
    work(stop, worker=worker, idle_seconds=IDLE_SECONDS if worker else None, device=device)


def work(
    stop: threading.Event,
    *,
    worker: str | None = None,
    idle_seconds: float | None = None,
    command: Command = command_of,
    lease: float = leases.LEASE_SECONDS,
    device: str = leases.DEVICE,
) -> None:
    """Runs jobs until `stop` is set, or until there was none for `idle_seconds`.

    Args:
        command: gives the command of a job.
        lease: seconds of silence after which another worker may take a job over.
    """
    worker = worker or secrets.token_hex(8)
    busy = time.monotonic()
    try:
        while not stop.is_set():
            try:
                leases.register_worker(worker)
                job = leases.claim(worker, device, lease)
                if job is not None:
                    _go_through(Attempt(job, command, stop, lease))
                    busy = time.monotonic()
                    continue
                idle = idle_seconds is not None and time.monotonic() - busy > idle_seconds
                if idle and leases.retire_worker(worker, only_idle=True):
                    return
            except (SegcoreError, LeaseLostError, OSError) as error:
                _note(error)
            stop.wait(POLL_SECONDS)
    finally:
        with suppress(StorageError):
            leases.retire_worker(worker)


def _go_through(attempt: Attempt) -> None:
    """A bug fails this job, so that whoever waits for it is told, and no other job."""
    try:
        attempt.run()
    except (SegcoreError, LeaseLostError, OSError):
        raise
    except Exception as error:  # logged under its number; the worker lives for the next job
        number = error_number()
        _note(error, number)
        said = f"a bug in this program, error {number}; the worker's log has the details"
        attempt.finish(State.FAILED, said)


def _note(error: Exception, number: str = "") -> None:
    """Writes a line to the log; for a bug, its number and traceback as well."""
    print(f"{runs.now()} error{number and f' {number}'}: {error}", file=sys.stderr, flush=True)
    if not isinstance(error, SegcoreError | LeaseLostError):
        traceback.print_exception(error)


def _leave_a_core_to_the_server() -> None:
    """Keeps this worker and all that it starts off one core, where there are two or more."""
    if hasattr(os, "sched_getaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) > 1:
            os.sched_setaffinity(0, cores[1:])


if __name__ == "__main__":
    main(*sys.argv[1:2])
