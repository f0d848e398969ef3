"""Who did what, and when: a line of JSON for each action of an admin, in artifacts/audit.jsonl."""

import json
import os

import msgspec

from segcore import runs, settings
from segcore.errors import UnreadableError
from segcore.files.reading import Moment, Plain, Text, parse_json, typed
from segcore.files.writing import storage_error, tail

LONGEST = 500
"""Characters of a sentence that are kept."""


def record(by: str, what: str) -> None:
    """Appends a line; one write, so that lines of several processes do not mix.

    Raises:
        StorageError: artifacts/ cannot be written.
    """
    path = settings.audit_path()
    line = json.dumps({"at": runs.now(), "by": by, "what": what[:LONGEST]}) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, line.encode())
        finally:
            os.close(handle)
    except OSError as error:
        raise storage_error(path.parent, error) from error


class Entry(msgspec.Struct, frozen=True):
    """What was done."""

    at: Moment
    by: Plain
    what: Text


def latest(count: int = 200) -> list[Entry]:
    """The last entries, newest first; a line that is none, as a crash leaves, is left out."""
    entries = []
    for line in reversed(tail(settings.audit_path(), count)):
        try:
            entries.append(typed(parse_json(line), Entry))
        except UnreadableError:
            continue
    return entries
