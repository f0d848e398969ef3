"""The index of runs: what lists need of each run.json, read again where the file has changed.

In a process it is kept in memory; with many runs also in a file of artifacts/, so that a command
does not open a thousand manifests to name ten. A file is the same while its time, size and inode
are: each version of run.json is a file of its own that is moved into place.
"""

import hashlib
import os
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import msgspec

from segcore import settings
from segcore.errors import RunError, StorageError, UnreadableError
from segcore.files.reading import read_bytes
from segcore.files.writing import write_atomically
from segcore.runs.listing import Listing
from segcore.runs.run import MANIFEST, Run, read_run

MANY = 50
"""Runs of which the index is kept in a file; fewer are read in less than 50 ms."""

MAX_BYTES = 1 << 28
VERSION = 2
DIGEST_BYTES = 32
"""The file begins with the SHA-256 of the rest: one that is damaged counts as none."""

Stamp = tuple[int, int, int]
"""Modification time of a file in nanoseconds, its size and inode."""


class StoredIndex(msgspec.Struct):
    """Attributes:
    version: of what a listing holds.
    runs: name of the run's folder -> stamp of its run.json, and what that said.
    """

    version: int
    runs: dict[str, tuple[Stamp, Listing]]


@dataclass(frozen=True)
class Unreadable:
    """A run folder that is there and cannot be read; `problem` is the line to say about it."""

    path: Path
    problem: str


@dataclass(frozen=True)
class Found:
    """What there is at a time.

    Attributes:
        version: another one whenever anything has changed; of this process.
        runs: newest first.
        unreadable: by name.
    """

    version: int = 0
    runs: tuple[Run, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()


@dataclass
class _Index:
    """The index of the folder at `folder`."""

    folder: Path | None = None
    stamps: dict[str, Stamp] = field(default_factory=dict)
    entries: dict[str, Run | Unreadable] = field(default_factory=dict)
    found: Found = Found()
    lock: threading.Lock = field(default_factory=threading.Lock)

    def look(self) -> Found:
        folder = settings.runs_dir().absolute()
        with self.lock:
            stamps = _stamps(folder)
            if folder != self.folder:
                self._begin(folder, stamps)
            elif stamps != self.stamps:
                self._update(stamps)
            return self.found

    def _begin(self, folder: Path, stamps: dict[str, Stamp]) -> None:
        stored = _stored() if len(stamps) >= MANY else {}
        self.folder = folder
        self.stamps = {name: stamp for name, (stamp, _) in stored.items()}
        self.entries = {name: Run(folder / name, listing) for name, (_, listing) in stored.items()}
        self._update(stamps)

    def _update(self, stamps: dict[str, Stamp]) -> None:
        assert self.folder is not None
        changed = [name for name, stamp in stamps.items() if self.stamps.get(name) != stamp]
        kept = {name: entry for name, entry in self.entries.items() if name in stamps}
        self.entries = kept | {name: _read(self.folder / name) for name in changed}
        self.stamps = stamps
        entries = [self.entries[name] for name in sorted(stamps)]
        found = [entry for entry in entries if isinstance(entry, Run)]
        found.sort(key=lambda run: (datetime.fromisoformat(run.created), run.name), reverse=True)
        unreadable = tuple(entry for entry in entries if isinstance(entry, Unreadable))
        self.found = Found(self.found.version + 1, tuple(found), unreadable)
        if changed and len(found) >= MANY:
            _store({run.name: (stamps[run.name], run.listing) for run in found})


_INDEX = _Index()


def look() -> Found:
    """What there is now; a stat for each run, and what has changed is read."""
    return _INDEX.look()


def list_runs() -> list[Run]:
    """Every run with a readable manifest, newest first."""
    return list(look().runs)


def unreadable_runs() -> list[Unreadable]:
    """Every run folder that `list_runs` leaves out, by name."""
    return list(look().unreadable)


def _stamps(folder: Path) -> dict[str, Stamp]:
    found = {}
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):  # no run, or gone in this moment
                status = os.stat(f"{entry.path}/{MANIFEST}")
                found[entry.name] = (status.st_mtime_ns, status.st_size, status.st_ino)
    return found


def _read(path: Path) -> Run | Unreadable:
    try:
        return Run(path, read_run(path).listing)
    except RunError as error:
        return Unreadable(path, str(error))


def _stored() -> dict[str, tuple[Stamp, Listing]]:
    with suppress(UnreadableError, msgspec.MsgspecError, ValueError):
        data = read_bytes(settings.run_index_path(), MAX_BYTES)
        digest, data = data[:DIGEST_BYTES], data[DIGEST_BYTES:]
        if digest == hashlib.sha256(data).digest():
            stored = msgspec.msgpack.decode(data, type=StoredIndex)
            return stored.runs if stored.version == VERSION else {}
    return {}


def _store(runs: dict[str, tuple[Stamp, Listing]]) -> None:
    with suppress(StorageError):  # of a full or read-only disk: it is read again next time
        data = msgspec.msgpack.encode(StoredIndex(VERSION, runs))
        write_atomically(settings.run_index_path(), hashlib.sha256(data).digest() + data)
