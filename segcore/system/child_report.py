"""What a process reports to the one that started it: the run that it trains, how it failed.

Who starts it names a file by `SEGCORE_REPORT`.
"""

import os
from contextlib import suppress
from pathlib import Path

import msgspec

from segcore.errors import SegcoreError, UnreadableError
from segcore.files.reading import Text, Word, read_json
from segcore.files.writing import to_json, write_atomically

VARIABLE = "SEGCORE_REPORT"


OUT_OF_MEMORY = "out-of-memory"
"""The kind of an error that a smaller network or batch would not meet."""


class ChildReport(msgspec.Struct, frozen=True):
    """The run that is trained; the sentence that tells why it failed, or the kind of failure."""

    run: Word | None = None
    error: Text | None = None
    kind: Word | None = None


def report(**facts: str) -> None:
    """Adds to the report of this process; does nothing where nobody asked for one.

    Args:
        facts: fields of `ChildReport`.
    """
    if named := os.environ.get(VARIABLE):
        path = Path(named)
        with suppress(SegcoreError):  # the work goes on where nobody can follow it
            write_atomically(path, to_json(msgspec.structs.asdict(read_report(path)) | facts))


def read_report(path: Path) -> ChildReport:
    """What a child reported; nothing where it did not, or what it wrote cannot be read."""
    try:
        return read_json(path, ChildReport)
    except UnreadableError:
        return ChildReport()
