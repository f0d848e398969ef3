"""Where a run that comes from outside is unpacked before it becomes one of ours.

An interrupted import leaves nothing behind: by Ctrl-C or SIGTERM the folder goes at once, and what
a kill or a power cut left is removed by the next import. The kernel's lock on the folder tells
it from one that is still in use.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from segcore import settings
from segcore.errors import RunError
from segcore.runs import run_lock

PREFIX = ".import-"


@contextmanager
def staging_folder() -> Iterator[Path]:
    """An empty folder beside the runs, gone at the end; what was renamed out of it stays.

    Raises:
        OSError: it cannot be made.
    """
    _remove_interrupted()
    settings.runs_dir().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=settings.runs_dir()) as name:
        folder = Path(name)
        with run_lock.hold(folder):
            yield folder


def _remove_interrupted() -> None:
    """Removes what imports left that were killed; what cannot be removed is left for next time."""
    for folder in settings.runs_dir().glob(f"{PREFIX}*"):
        with suppress(RunError, OSError), run_lock.hold(folder):
            shutil.rmtree(folder)
