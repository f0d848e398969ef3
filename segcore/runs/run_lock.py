"""Who trains a run: its folder is locked by the kernel for as long as the training's process lives.

So no two trainings ever write to one run, and a training that was killed does not look alive.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from segcore.errors import RunError

PATIENCE = 1.0  # seconds: someone who asks `is_held` has the lock for an instant


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Locks the run's folder.

    Raises:
        RunError: another process trains it.
    """
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        deadline = time.monotonic() + PATIENCE
        while not _locks(handle, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                raise RunError(f"{folder.name}: another process trains it; wait for it to end")
            time.sleep(0.05)
        yield
    finally:
        os.close(handle)


def is_held(folder: Path) -> bool:
    """Whether a living process trains the run."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:  # deleted, or not ours to look into
        return False
    try:
        return not _locks(handle, fcntl.LOCK_SH)
    finally:
        os.close(handle)


def _locks(handle: int, how: int) -> bool:
    try:
        fcntl.flock(handle, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
