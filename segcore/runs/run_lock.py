"""Who trains a run: its folder is locked by the kernel for as long as the training's process lives.

So no two trainings ever write to one run, and a training that was killed does not look alive.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from segcore.errors import RunError
from segcore.files.locks import FolderLock

PATIENCE = 1.0  # seconds: someone who asks `is_held` has the lock for an instant


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Locks the run's folder.

    Raises:
        RunError: another process trains it.
    """
    with FolderLock(folder) as lock:
        deadline = time.monotonic() + PATIENCE
        while not lock.take():
            if time.monotonic() > deadline:
                raise RunError(f"{folder.name}: another process trains it; wait for it to end")
            time.sleep(0.05)
        yield


def is_held(folder: Path) -> bool:
    """Whether a living process trains the run."""
    try:
        with FolderLock(folder) as lock:
            return not lock.take(shared=True)
    except OSError:  # deleted, or not ours to look into
        return False
