"""The log of a job as its lock: held for exactly as long as any process of the job lives."""

import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from segcore.errors import StorageError
from segcore.files.writing import storage_error
from segcore.jobs import Job
from segcore.jobs.leases import LeaseLostError


@contextmanager
def locked_log(job: Job) -> Iterator[BinaryIO]:
    """The job's log, open at its end and locked; the lock passes on to who inherits the file.

    Raises:
        LeaseLostError: some process of another attempt still has it.
        StorageError: it cannot be written.
    """
    make_log(job.log_path)
    with open(job.log_path, "ab") as log:
        if not _lock(log):
            raise LeaseLostError(f"job {job.id}: another attempt still runs")
        yield log


def _lock(log: BinaryIO) -> bool:
    try:
        fcntl.flock(log, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:  # no process could inherit what stands in for such a lock
        raise storage_error(Path(log.name).parent, error) from error
    return True


def make_log(log: Path) -> None:
    """Makes the log and its folder where they are not there. Raises StorageError."""
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with open(log, "ab"):
            pass
    except OSError as error:
        raise storage_error(log.parent, error) from error


def end_processes(
    job: Job,
    group: int | None,
    grace: float,
    process: subprocess.Popen[bytes] | None = None,
) -> None:
    """Ends what is left of the job's processes: asks first, kills after `grace` seconds.

    Args:
        group: their process group.
        process: the first of them where it is ours: it tells that it lives even where somebody
            deleted the log that it holds.
    """
    for number, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, 1.0)):
        deadline = time.monotonic() + patience
        if _is_alive(job, process) and group is not None:
            with suppress(ProcessLookupError):
                os.killpg(group, number)
        while _is_alive(job, process) and time.monotonic() < deadline:
            time.sleep(0.05)


def _is_alive(job: Job, process: subprocess.Popen[bytes] | None = None) -> bool:
    """Whether any process of the job lives: then the lock on its log is held."""
    if process is not None and process.poll() is None:
        return True
    try:
        with open(job.log_path, "rb") as log:
            return not _lock(log)
    except (OSError, StorageError):
        return False
