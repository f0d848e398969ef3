"""What people say of runs: a note and labels, kept beside the runs, since a finished one never
changes and a shipped one is part of the program."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from segcore import settings
from segcore.errors import RunError, UnreadableError
from segcore.files.reading import Plain, Text, read_json
from segcore.files.writing import locked, to_json, write_atomically
from segcore.runs.run import Run

LONGEST_NOTE = 500
LONGEST_LABEL = 30
MOST_LABELS = 12


class RunNote(msgspec.Struct, frozen=True):
    """What is said of a run."""

    note: Text = Text("")
    labels: tuple[Plain, ...] = ()


NOTHING = RunNote()


def notes() -> Mapping[str, RunNote]:
    """Name of each run -> what is said of it, where something is; nothing of a damaged file."""
    try:
        return _notes()
    except RunError:
        return {}


def keep_note(run: Run, note: str) -> None:
    """Says something of a run, in place of what was said; empty text takes it back.

    Raises:
        RunError: it is too long, or the file of notes is damaged.
        StorageError: artifacts/ cannot be written.
    """
    note = " ".join(note.split())
    if len(note) > LONGEST_NOTE or not note.isprintable():
        raise RunError(f"{run.name}: a note is one line of up to {LONGEST_NOTE} characters")
    _change(run, note=note)


def keep_labels(run: Run, labels: Iterable[str]) -> None:
    """Gives a run these labels in place of those that it had.

    Raises:
        RunError: one is empty or too long, they are too many, or the file of notes is damaged.
        StorageError: artifacts/ cannot be written.
    """
    wanted = list(dict.fromkeys(" ".join(label.split()) for label in labels))
    for label in wanted:
        if not label or len(label) > LONGEST_LABEL or not label.isprintable():
            raise RunError(
                f"{label!r} cannot be a label: give 1 to {LONGEST_LABEL} printable characters"
            )
    if len(wanted) > MOST_LABELS:
        raise RunError(f"{run.name}: {len(wanted)} labels; give {MOST_LABELS} at most")
    _change(run, labels=tuple(wanted))


def forget(name: str) -> None:
    """Forgets what was said of a run that is removed; no damaged file is touched."""
    with locked(settings.artifacts_dir()):
        found = dict(notes())
        if found.pop(name, None) is not None:
            _write(found)


def _change(run: Run, **said: Any) -> None:
    with locked(settings.artifacts_dir()):
        found = _notes()
        found[run.name] = replace(found.get(run.name, NOTHING), **said)
        _write(found)


def _write(found: Mapping[str, RunNote]) -> None:
    plain = {
        name: {"note": str(said.note), "labels": list(map(str, said.labels))}
        for name, said in found.items()
        if said != NOTHING
    }
    write_atomically(settings.run_notes_path(), to_json(plain))


def _notes() -> dict[str, RunNote]:
    """Raises RunError."""
    path = settings.run_notes_path()
    if not path.exists():
        return {}
    try:
        return {str(name): said for name, said in read_json(path, dict[Plain, RunNote]).items()}
    except UnreadableError as error:
        raise RunError(f"{path}: cannot be read: {error}; restore it or delete it") from error
