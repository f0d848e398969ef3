"""A progress bar on standard error, where that is a terminal.

Where `SEGCORE_PROGRESS` names a file, it holds how far the work is, for those who follow it from
another process.
"""

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from segcore.files.writing import to_json

if TYPE_CHECKING:
    from tqdm import tqdm

INTERVAL = 0.5  # seconds between two writes of the file


class ProgressBar:
    """One bar after another: another total, or a step back, begins the next one."""

    def __init__(self) -> None:
        self.bar: tqdm | None = None
        self.file = os.environ.get("SEGCORE_PROGRESS")
        self.written = 0.0

    def __enter__(self) -> "ProgressBar":
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.close()

    def update(self, label: str, done: int, total: int) -> None:
        """Shows `done` of `total` steps of what `label` names."""
        from tqdm import tqdm  # not before there is something to show

        if self.bar is None or done < self.bar.n or total != self.bar.total:
            if self.bar is not None:
                self.bar.close()
            self.bar = tqdm(total=total, disable=None, leave=False)  # None: off without a terminal
        self.bar.set_description(label, refresh=False)
        self.bar.update(done - self.bar.n)
        if self.file and (done == total or time.monotonic() - self.written > INTERVAL):
            self.written = time.monotonic()
            temporary = Path(f"{self.file}.tmp")
            with suppress(OSError):  # the work goes on where nobody can follow it
                temporary.write_bytes(to_json({"label": label, "done": done, "total": total}))
                temporary.replace(self.file)
