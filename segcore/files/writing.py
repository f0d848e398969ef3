"""Files that survive a crash and a full disk."""

import errno
import hashlib
import json
import os
import shutil
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from segcore.errors import StorageError
from segcore.files.locks import NOT_SUPPORTED, FolderLock

DAMAGED = (
    OSError, EOFError, ValueError, KeyError, TypeError, zlib.error, zipfile.BadZipFile,
    SyntaxError, tokenize.TokenError, RecursionError,
)  # fmt: skip
"""What reading a file of arrays raises that was cut off, overwritten, or is another one's.

NumPy reads an array's header as Python, so that it can fail in as many ways.
"""

LEAST_ROOM = 1 << 20
"""Bytes; a disk with less is full."""


def write_atomically(path: Path, data: bytes) -> None:
    """Replaces `path` by `data`, or leaves it as it was: written beside, flushed, renamed.

    Raises:
        StorageError: the disk is full, or the folder cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    write_flushed(temporary, data)
    try:
        os.replace(temporary, path)
    except OSError as error:  # such as a folder of that name
        temporary.unlink(missing_ok=True)
        raise storage_error(path, error) from error
    flush_folder(path.parent)


def write_flushed(path: Path, data: bytes) -> None:
    """Writes `data` to `path` and waits until it is on the disk; no partial file is left behind.

    Raises:
        StorageError: the disk is full, or the folder cannot be written.
    """
    try:
        with open(path, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        with suppress(OSError):  # a disk that cannot be written removes nothing either
            path.unlink(missing_ok=True)
        raise storage_error(path.parent, error) from error


def storage_error(folder: Path, error: OSError) -> StorageError:
    """The one line to say about a failed write."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageError(f"{folder}: no room left on the disk; free some space and try again")
    if isinstance(error, FileNotFoundError) and not folder.exists():
        return StorageError(f"{folder}: is not there any more; it was deleted while it was in use")
    if error.errno in (*NOT_SUPPORTED, errno.ENODEV):
        return StorageError(
            f"{folder}: its file system lacks what is needed here ({error.strerror}); "
            "set SEGCORE_ARTIFACTS to a folder on a local disk"
        )
    return StorageError(f"{folder}: cannot be written ({error.strerror}); check its permissions")


def sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def to_json(value: Any) -> bytes:
    return (json.dumps(value, indent=2, allow_nan=False) + "\n").encode()


def tail(path: Path, lines: int) -> list[str]:
    """The last lines of a text file; none where it cannot be read."""
    try:
        with open(path, "rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 400 * lines))
            return file.read().decode(errors="replace").splitlines()[-lines:]
    except OSError:
        return []


def free_bytes(folder: Path) -> int:
    """Room on the disk that holds the folder, which need not be there yet."""
    folder = folder.absolute()
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    return shutil.disk_usage(existing).free


def is_full(folder: Path) -> bool:
    """Whether the disk that holds the folder is full: some libraries do not say it, or not so."""
    return free_bytes(folder) < LEAST_ROOM


def flush_folder(folder: Path) -> None:
    """Waits until the names in the folder are on the disk, where its file system can do that.

    Many network and FUSE file systems cannot. What was renamed is in place all the same, so that to
    fail here would deny what has happened.
    """
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Makes the folder and waits until no other process or thread is inside for it.

    Raises:
        StorageError: the folder cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FolderLock(folder)
    except OSError as error:
        raise storage_error(folder, error) from error
    with lock:
        try:
            lock.take(wait=True)
        except OSError as error:
            raise storage_error(folder, error) from error
        yield
