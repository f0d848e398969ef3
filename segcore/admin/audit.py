"""Who did what, and when: a line of JSON for each action of an admin, in artifacts/audit.jsonl."""

import json
import os
from collections import deque

from segcore import runs, settings
from segcore.files import storage_error

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


def latest(count: int = 200) -> list[dict[str, str]]:
    """The last entries {at, by, what}, newest first; a torn line of a crash is left out."""
    try:
        with open(settings.audit_path(), encoding="utf-8", errors="replace") as file:
            lines = deque(file, maxlen=count)
    except FileNotFoundError:
        return []
    entries = []
    for line in reversed(lines):
        try:
            entry = json.loads(line)
            entries.append({key: str(entry[key]) for key in ("at", "by", "what")})
        except (ValueError, KeyError, TypeError):
            continue
    return entries
