"""File systems that lack what a local disk has: all works that can, the rest is one line."""

import errno
import fcntl
import os
import stat
from pathlib import Path

import numpy as np
import pytest

from segcore import jobs
from segcore.errors import RunError, StorageError
from segcore.files.locks import FolderLock
from segcore.files.writing import locked, write_atomically
from segcore.jobs import database
from segcore.jobs.admission import Admission
from segcore.jobs.tasks import Preparation
from segcore.prediction.engines.openvino_library import read_network
from segcore.runs import run_lock


@pytest.mark.parametrize("answer", [errno.EINVAL, errno.EOPNOTSUPP, errno.EBADF, errno.EACCES])
def test_a_folder_that_cannot_be_flushed_fails_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answer: int
) -> None:
    real = os.fsync

    def fsync(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(answer, os.strerror(answer))
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    write_atomically(tmp_path / "file", b"content")
    assert (tmp_path / "file").read_bytes() == b"content"


@pytest.fixture(params=[errno.ENOSYS, errno.ENOLCK])
def _no_locks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders cannot be locked; files of the temporary folder can."""
    real = fcntl.flock

    def flock(handle: int, how: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(request.param, os.strerror(request.param))
        real(handle, how)

    monkeypatch.setattr(fcntl, "flock", flock)


@pytest.mark.usefixtures("_no_locks")
def test_something_stands_in_for_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_lock, "PATIENCE", 0.0)
    with locked(tmp_path), FolderLock(tmp_path) as other:
        assert not other.take()
    with run_lock.hold(tmp_path):
        assert run_lock.is_held(tmp_path)
        with pytest.raises(RunError, match="another process trains it"), run_lock.hold(tmp_path):
            pass
    assert not run_lock.is_held(tmp_path)


def test_the_queue_needs_no_links(monkeypatch: pytest.MonkeyPatch, admin: Admission) -> None:
    def link(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)
    assert jobs.enqueue(Preparation("streets"), admin).id == 1


def test_arrays_are_read_where_no_file_can_be_mapped(
    monkeypatch: pytest.MonkeyPatch, camvid: Path
) -> None:
    from segcore.data.preparation import load_prepared, prepare

    prepare(f"camvid:{camvid}")

    def mapped(*_: object, **__: object) -> None:
        raise OSError(errno.ENODEV, "No such device")

    monkeypatch.setattr(np, "memmap", mapped)
    monkeypatch.setattr(np.lib.format, "open_memmap", mapped)
    prepared = load_prepared(f"camvid:{camvid}")
    assert prepared is not None and len(prepared.splits["val"].images) == 3


def test_a_queue_without_locks_names_the_file_system(
    monkeypatch: pytest.MonkeyPatch, admin: Admission
) -> None:
    def lockf(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    jobs.enqueue(Preparation("streets"), admin)
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.0)
    with database.transaction():  # SQLite is told the same where there are no locks: busy
        with pytest.raises(StorageError, match="try again"):
            jobs.enqueue(Preparation("streets"), admin)
        monkeypatch.setattr(fcntl, "lockf", lockf)
        with pytest.raises(StorageError, match="has no locks: set SEGCORE_ARTIFACTS"):
            jobs.enqueue(Preparation("streets"), admin)


def test_a_network_is_read_where_no_file_can_be_mapped(tmp_path: Path) -> None:
    class Core:
        mapped = True

        def set_property(self, properties: dict[str, bool]) -> None:
            self.mapped = properties["ENABLE_MMAP"]

        def read_model(self, path: Path) -> Path:
            if self.mapped:
                raise RuntimeError("Can not mmap")
            return path

    assert read_network(Core(), tmp_path / "network.xml") == tmp_path / "network.xml"
