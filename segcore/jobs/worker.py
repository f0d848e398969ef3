"""The process that does the queued jobs, each as a command in a process group of its own.

The log of a job is also its lock: the worker locks the open file and hands it to the training as
its output, so the lock is held for exactly as long as any process of the training lives. An
attempt begins, and a job ends, only under that lock; so no two trainings ever write to one run,
not even after a worker was killed and its training went on without it.
"""

import os
import secrets
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import BinaryIO

from segcore import jobs, runs, settings
from segcore.errors import RunError, SegcoreError, StorageError, error_number
from segcore.files.writing import free_bytes, storage_error
from segcore.jobs import Job, State, leases
from segcore.jobs.job_lock import end_processes, locked_log, make_log
from segcore.jobs.leases import LeaseLostError
from segcore.jobs.tasks import run_of
from segcore.runs import run_lock
from segcore.runs.writer import RunWriter
from segcore.system.child_report import OUT_OF_MEMORY, read_report

POLL_SECONDS = 1.0
GRACE_SECONDS = 6.0  # between asking a training to stop and killing it
IDLE_SECONDS = 600.0
LOOK_SECONDS = 15.0  # between looks whether work waits for a worker; with the lease under a minute
NICE = 10  # the demo goes first
LEAST_ROOM = 1 << 20  # bytes; with less, the disk is full

WORKER = (sys.executable, "-m", "segcore.jobs.worker")
"""The command of a worker that `ensure_worker` starts; its id follows."""

# Waits for a line before it becomes the training: if the worker dies before it has recorded the
# process group, the line never comes, so no training runs that nobody could end.
LAUNCHER = 'read -r go && exec nice -n "$0" "$@" </dev/null'

Command = Callable[[Job], list[str]]


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
        env=_environment(),
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        check=True,
    )


def mind_the_queue(stop: threading.Event) -> None:
    """Starts a worker whenever there is work and none lives, until `stop` is set."""
    said = ""
    while not stop.wait(LOOK_SECONDS):
        try:
            if any(not job.has_ended for job in jobs.list_jobs()):
                ensure_worker()
            said = ""
        except Exception as error:  # whatever it is: without this thread nobody starts a worker
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
                    _Attempt(job, command, stop, lease).run()
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


# --- one attempt at a job ------------------------------------------------------------------------


class _Attempt:
    """A claimed job, from the start of its training to the end or to what interrupts it."""

    def __init__(self, job: Job, command: Command, stop: threading.Event, lease: float) -> None:
        self.job, self.command, self.stop, self.lease = job, command, stop, lease
        self.run_name = job.run
        self.log_start = 0  # where this attempt's output begins

    def run(self) -> None:
        """To the end of the job, or of this attempt at it.

        A defect of ours fails this job, so that who waits for it is told, and no other job.

        Raises:
            LeaseLostError, StorageError, OSError: another attempt follows, when the lease is over.
        """
        try:
            self._go_through()
        except (SegcoreError, LeaseLostError, OSError):
            raise
        except Exception as error:  # logged under its number; the worker lives for the next job
            number = error_number()
            _note(error, number)
            said = f"a defect of this program, error {number}; the worker's log has the details"
            self._finish(State.FAILED, said)

    def _go_through(self) -> None:
        end_processes(self.job, self.job.process_group, GRACE_SECONDS)
        try:
            with locked_log(self.job) as log:
                self._find_run()  # the former worker may have died before it could record it
                if self._is_over():
                    return
                process = self._launch(log)
        except SegcoreError as error:
            self._finish(State.FAILED, str(error))
            return
        try:
            stopped = self._watch(process)
        finally:
            end_processes(self.job, process.pid, GRACE_SECONDS, process)
            process.wait()
            self.job.progress_path.unlink(missing_ok=True)
        with locked_log(self.job):
            self._find_run()
            self._conclude(process.returncode, stopped)

    def _is_over(self) -> bool:
        """Whether there is nothing left to train: the former worker may have died at the end."""
        job, run = self.job, run_of(self.run_name)
        if run is not None and run.status == "finished":
            self._finish(State.DONE)
        elif job.state == State.CANCELLING:
            self._finish(State.CANCELLED)
        elif job.retries > leases.AUTOMATIC_RETRIES:
            self._finish(State.FAILED, f"its worker died {job.retries} times; given up")
        else:
            return False
        return True

    def _launch(self, log: BinaryIO) -> subprocess.Popen[bytes]:
        try:
            command = self.command(self.job)
            log.write(f"--- attempt {self.job.attempt}, {runs.now()}\n".encode())
            log.flush()
            self.job.report_path.unlink(missing_ok=True)  # of the attempt before
        except OSError as error:
            raise storage_error(self.job.folder, error) from error
        self.log_start = log.tell()
        process = subprocess.Popen(
            ["/bin/sh", "-c", LAUNCHER, str(NICE), *command],
            cwd=settings.ROOT,
            env=_environment(
                SEGCORE_PROGRESS=str(self.job.progress_path.absolute()),
                SEGCORE_REPORT=str(self.job.report_path.absolute()),
            ),
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        assert process.stdin is not None
        try:
            leases.record(self.job, process_group=process.pid)
            process.stdin.write(b"go\n")
        except (StorageError, LeaseLostError):
            process.stdin.close()  # and so the launcher gives up
            process.wait()
            raise
        process.stdin.close()
        return process

    def _watch(self, process: subprocess.Popen[bytes]) -> bool:
        """Keeps the lease while the training runs; True if it is to be stopped for our own end.

        Raises:
            LeaseLostError: the job may belong to another worker by now.
        """
        alive_until = time.monotonic() + self.lease
        while process.poll() is None:
            try:
                state = leases.heartbeat(self.job, self.lease)
                self._find_run()
                alive_until = time.monotonic() + self.lease
            except StorageError as error:
                if time.monotonic() > alive_until:
                    raise LeaseLostError(f"job {self.job.id}: no heartbeat for long") from error
                state = State.RUNNING
            if state == State.CANCELLING:
                return False
            if self.stop.is_set():
                return True
            with suppress(subprocess.TimeoutExpired):
                process.wait(POLL_SECONDS)
        return False

    def _conclude(self, status: int, stopped: bool) -> None:
        run = run_of(self.run_name)
        if status == 0 or (run is not None and run.status == "finished"):
            self._finish(State.DONE)
        elif leases.heartbeat(self.job, self.lease) == State.CANCELLING:
            self._finish(State.CANCELLED)
        elif stopped:
            leases.give_back(self.job)
        elif status < 0:
            reason = f"it was killed ({signal.Signals(-status).name})"
            if status == -signal.SIGKILL:
                reason += "; the machine may have run out of memory: a smaller batch needs less"
            if self.job.retries < leases.AUTOMATIC_RETRIES:
                leases.give_back(self.job, reason, retries=1)
            else:
                self._finish(State.FAILED, f"{reason}; given up after {self.job.retries} retries")
        else:
            self._finish(State.FAILED, self._error(status))

    def _finish(self, state: State, reason: str | None = None) -> None:
        leases.heartbeat(self.job, self.lease)  # refuses a superseded attempt before it writes
        run = run_of(self.run_name)
        if run is not None:
            # The queue must say how the job ended even where the run's folder cannot be written,
            # or where someone resumes the run by hand.
            with suppress(StorageError, RunError, OSError), run_lock.hold(run.path):
                self._close_run(runs.get_run(run.name), state, reason)
        leases.finish(self.job, state, reason)

    def _close_run(self, run: runs.Run, state: State, reason: str | None) -> None:
        """Writes the end of a training that could not do so itself, and keeps its log."""
        if run.manifest.status == "running":
            status = "stopped" if state == State.CANCELLED else "failed"
            reason = reason or "cancelled; `--resume` goes on after its last epoch"
            RunWriter.reopen(run).save_manifest(status=status, reason=reason)
        (run.path / "progress.json").unlink(missing_ok=True)
        with open(run.path / "train.log", "ab") as log:  # after what the training noted itself
            log.write(self._output().encode())

    def _find_run(self) -> None:
        """Takes the run's name from what the training reports."""
        name = read_report(self.job.report_path).run
        if name is not None and name != self.run_name:
            self.run_name = str(name)
            leases.record(self.job, run=self.run_name)
            self.job = replace(self.job, run=self.run_name)

    def _error(self, status: int) -> str:
        """What the command reports, else what can be told of how it ended."""
        reported = read_report(self.job.report_path)
        if reported.error is not None:
            return str(reported.error)
        if reported.kind == OUT_OF_MEMORY:
            return "out of memory: choose a smaller batch size, crop or network"
        if free_bytes(self.job.folder) < LEAST_ROOM:  # no room for what it said either
            return f"{self.job.folder}: no room left on the disk; free some space and try again"
        lines = [line for line in self._output().splitlines() if line.strip()]
        last = lines[-1].strip() if lines else "it said nothing"
        return f"it ended with status {status}: {last}"

    def _output(self) -> str:
        try:
            with open(self.job.log_path, "rb") as log:
                log.seek(self.log_start)
                return log.read().decode(errors="replace")
        except OSError:  # somebody removed the job's folder
            return ""


# --- parts ---------------------------------------------------------------------------------------


def _note(error: Exception, number: str = "") -> None:
    """Writes a line to the log; of a defect of ours its number and how it came about as well."""
    print(f"{runs.now()} error{number and f' {number}'}: {error}", file=sys.stderr, flush=True)
    if not isinstance(error, SegcoreError | LeaseLostError):
        traceback.print_exception(error)


def _leave_a_core_to_the_server() -> None:
    """Keeps this worker and all that it starts off one core, where there are two or more."""
    if hasattr(os, "sched_getaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) > 1:
            os.sched_setaffinity(0, cores[1:])


def _environment(**more: str) -> dict[str, str]:
    """Ours, with output that is not held back.

    TensorFlow takes of a GPU's memory only what it needs, so that the server finds some too.
    """
    ours = settings.environment(PYTHONUNBUFFERED="1", **more)
    return {"TF_FORCE_GPU_ALLOW_GROWTH": "true", **ours}


if __name__ == "__main__":
    main(*sys.argv[1:2])
