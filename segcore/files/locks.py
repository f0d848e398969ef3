"""Locks on folders, held by the kernel for as long as the process lives or the lock is open.

Some network and FUSE file systems have none (`flock`). A file in the machine's temporary folder
stands in for the folder there: this keeps processes of one machine apart, which is all that share
an artifacts/ folder.
"""

import errno
import fcntl
import hashlib
import os
import tempfile
from pathlib import Path
from typing import Self

NOT_SUPPORTED = frozenset({errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL})
"""What a file system answers that has no locks."""


class FolderLock:
    """The lock of a folder, not taken yet. Raises OSError where the folder cannot be opened."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        self._stands_in = False

    def take(self, *, shared: bool = False, wait: bool = False) -> bool:
        """Takes the lock and tells whether it could; with `wait`, waits until it can."""
        how = (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB)
        try:
            fcntl.flock(self._handle, how)
        except BlockingIOError:
            return False
        except OSError as error:
            if self._stands_in or error.errno not in NOT_SUPPORTED:
                raise
            self._stand_in()
            return self.take(shared=shared, wait=wait)
        return True

    def _stand_in(self) -> None:
        place = Path(tempfile.gettempdir()) / f"segcore-locks-{os.getuid()}"
        place.mkdir(mode=0o700, exist_ok=True)
        name = hashlib.sha256(os.fsencode(self._folder.resolve())).hexdigest()[:32]
        os.close(self._handle)
        self._handle = os.open(place / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._stands_in = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._handle)


def has_record_locks(folder: Path) -> bool:
    """Whether parts of files in the folder can be locked (`fcntl`), as SQLite does."""
    with tempfile.TemporaryFile(dir=folder) as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            return error.errno not in NOT_SUPPORTED
    return True
