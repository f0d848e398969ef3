"""One attempt at a job: its command in a process group of its own, watched to its end.

The log of a job is also its lock: the worker locks the open file and hands it to the training as
its output, so the lock is held for exactly as long as any process of the training lives. An
attempt begins, and a job ends, only under that lock; so no two trainings ever write to one run,
not even after a worker was killed and its training went on without it.
"""

import signal
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import BinaryIO

from segcore import runs, settings
from segcore.errors import RunError, SegcoreError, StorageError
from segcore.files.writing import is_full, storage_error
from segcore.jobs import Job, State, leases
from segcore.jobs.job_lock import end_processes, locked_log
from segcore.jobs.leases import LeaseLostError
from segcore.jobs.tasks import run_of
from segcore.runs import run_lock
from segcore.runs.writer import RunWriter
from segcore.system.child_report import OUT_OF_MEMORY, read_report

WATCH_SECONDS = 1.0  # between looks at the training, the queue and the request to stop
GRACE_SECONDS = 6.0  # between asking a training to stop and killing it
NICE = 10  # the demo goes first

# Waits for a line before it becomes the training: if the worker dies before it has recorded the
# process group, the line never comes, so no training runs that nobody could end. And Linux gives
# each session an equal share of the cores, however nice its processes are, unless that is told of
# the session too (autogroup).
LAUNCHER = (
    'read -r go && { { echo "$0" >/proc/self/autogroup; } 2>/dev/null; '
    'exec nice -n "$0" "$@" </dev/null; }'
)

Command = Callable[[Job], list[str]]
"""Gives the command of a job."""


class Attempt:
    """A claimed job, from the start of its training to the end or to what interrupts it."""

    def __init__(self, job: Job, command: Command, stop: threading.Event, lease: float) -> None:
        self.job, self.command, self.stop, self.lease = job, command, stop, lease
        self.run_name = job.run
        self.log_start = 0  # where this attempt's output begins

    def run(self) -> None:
        """To the end of the job, or of this attempt at it.

        Raises:
            LeaseLostError, StorageError, OSError: another attempt follows, when the lease is over.
        """
        end_processes(self.job, self.job.process_group, GRACE_SECONDS)
        try:
            with locked_log(self.job) as log:
                self._find_run()  # the former worker may have died before it could record it
                if self._is_over():
                    return
                process = self._launch(log)
        except SegcoreError as error:
            self.finish(State.FAILED, str(error))
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
            self.finish(State.DONE)
        elif job.state == State.CANCELLING:
            self.finish(State.CANCELLED)
        elif job.retries > leases.AUTOMATIC_RETRIES:
            self.finish(State.FAILED, f"it was interrupted {job.retries} times; given up")
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
            env=environment(
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
                process.wait(WATCH_SECONDS)
        return False

    def _conclude(self, status: int, stopped: bool) -> None:
        run = run_of(self.run_name)
        if status == 0 or (run is not None and run.status == "finished"):
            self.finish(State.DONE)
        elif leases.heartbeat(self.job, self.lease) == State.CANCELLING:
            self.finish(State.CANCELLED)
        elif stopped:
            leases.give_back(self.job)
        elif status < 0:
            reason = f"it was killed ({signal.Signals(-status).name})"
            if status == -signal.SIGKILL:
                reason += "; the machine may have run out of memory: a smaller batch needs less"
            if self.job.retries < leases.AUTOMATIC_RETRIES:
                leases.give_back(self.job, reason, retries=1)
            else:
                self.finish(State.FAILED, f"{reason}; given up after {self.job.retries} retries")
        else:
            self.finish(State.FAILED, self._error(status))

    def finish(self, state: State, reason: str | None = None) -> None:
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
        if is_full(self.job.folder):  # no room for what it said either
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


def environment(**more: str) -> dict[str, str]:
    """That of a worker and its trainings: ours, with output that is not held back.

    TensorFlow takes of a GPU's memory only what it needs, so that the server finds some too.
    """
    ours = settings.environment(PYTHONUNBUFFERED="1", **more)
    return {"TF_FORCE_GPU_ALLOW_GROWTH": "true", **ours}
