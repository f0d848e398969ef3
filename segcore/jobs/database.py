"""The SQLite file behind the queue of retrains: its tables, and transactions on them."""

import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from segcore import settings
from segcore.errors import StorageError
from segcore.files.locks import has_record_locks
from segcore.files.writing import locked, storage_error

BUSY_SECONDS = 20.0
VERSION = 3  # of the tables below

SCHEMA = """
CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    state TEXT NOT NULL DEFAULT 'queued'
        CHECK (state IN ('queued', 'running', 'cancelling', 'cancelled', 'failed', 'done')),
    priority INTEGER NOT NULL DEFAULT 0,
    task TEXT NOT NULL,                  -- JSON of a segcore.jobs.tasks.Task
    run TEXT,                            -- folder of the training, once it is known
    reason TEXT,                         -- of the last failure, in plain words
    attempt INTEGER NOT NULL DEFAULT 0,  -- counts claims: the fence
    retries INTEGER NOT NULL DEFAULT 0,  -- automatic ones since a person last asked for the job
    device TEXT,
    worker TEXT,
    lease_until REAL,
    lease_mark TEXT,                     -- the same by the clock of this start: `clocks`
    process_group INTEGER,
    created TEXT NOT NULL,
    started TEXT,
    finished TEXT
);
CREATE TABLE workers (
    id TEXT PRIMARY KEY,
    pid INTEGER,  -- NULL while it starts
    heartbeat REAL NOT NULL,
    mark TEXT     -- the same by the clock of this start
);
"""
UPGRADES = {
    2: ("ALTER TABLE jobs ADD COLUMN lease_mark TEXT", "ALTER TABLE workers ADD COLUMN mark TEXT"),
}
"""Version -> what makes the next one of it."""


@contextmanager
def transaction() -> Iterator[sqlite3.Connection]:
    """A transaction that holds the only write lock from its start; rolled back on an error."""
    with connection() as database:
        database.execute("BEGIN IMMEDIATE")
        with database:
            yield database


@contextmanager
def connection() -> Iterator[sqlite3.Connection]:
    """A connection of the caller's own; the database is made if it is not there.

    Raises:
        StorageError: it cannot be read or written, is damaged, or stays locked.
    """
    path = settings.jobs_path().absolute()
    try:
        if not path.exists():
            _create(path)
        with closing(
            sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, timeout=BUSY_SECONDS)
        ) as database:
            database.row_factory = sqlite3.Row
            database.isolation_level = None
            if _version(database) in UPGRADES:
                _upgrade(database)
            if _version(database) != VERSION:
                raise StorageError(
                    f"{path}: the queue is of another version of this program; move the file away"
                )
            yield database
    except sqlite3.DatabaseError as error:
        remedy = _remedy(error, path.parent)
        raise StorageError(f"{path}: the queue cannot be used; {remedy}") from error
    except OSError as error:
        raise storage_error(path.parent, error) from error


def _version(database: sqlite3.Connection) -> int:
    return int(database.execute("PRAGMA user_version").fetchone()[0])


def _upgrade(database: sqlite3.Connection) -> None:
    """Brings older tables up to date; all that they hold stays."""
    database.execute("BEGIN IMMEDIATE")
    with database:
        for version in range(_version(database), VERSION):  # another process may have come first
            for statement in UPGRADES[version]:
                database.execute(statement)
        database.execute(f"PRAGMA user_version = {VERSION}")


def _remedy(error: sqlite3.DatabaseError, folder: Path) -> str:
    """What is wrong in plain words, and the way out."""
    local_disk = "set SEGCORE_ARTIFACTS to a folder on a local disk"
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_BUSY if not has_record_locks(folder):  # what SQLite makes of that
            return f"its file system has no locks: {local_disk}"
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return f"another process keeps it locked for {BUSY_SECONDS:g} s: try again"
        case sqlite3.SQLITE_FULL:
            return "no room left on the disk: free some space and try again"
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return "it cannot be written: check the permissions of the folder and the file"
        case sqlite3.SQLITE_IOERR | sqlite3.SQLITE_PROTOCOL | sqlite3.SQLITE_NOLFS:
            return f"{error}: its file system may lack locks or shared memory: {local_disk}"
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return "it is damaged: move it away, the runs are kept"
    return f"{error}: check the disk and its permissions"


def _create(path: Path) -> None:
    """Makes the database beside and renames it into place; of many creators one at a time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    with locked(path.parent):
        if path.exists():
            return
        _write(temporary)
        os.replace(temporary, path)


def _write(temporary: Path) -> None:
    try:
        with closing(sqlite3.connect(temporary)) as database:
            database.execute("PRAGMA journal_mode = WAL")
            database.executescript(SCHEMA)
            database.execute(f"PRAGMA user_version = {VERSION}")
    except sqlite3.DatabaseError:
        temporary.unlink(missing_ok=True)
        raise
