"""Files of weights from anywhere: looked through before they are read, refused unless plain.

An HDF5 file can point at other files, declare arrays far larger than itself or pack them so. A file
of weights needs none of that: it is groups, arrays of numbers as long as their place in the file,
and names.
"""

import subprocess
import sys
from pathlib import Path

import h5py

from segcore import settings
from segcore.errors import RunError
from segcore.errors.plain import printable
from segcore.models.weight_check import MAX_BYTES, UNREADABLE, problems

PATIENCE_SECONDS = 120.0


class UnsafeWeightsError(RunError):
    """A file of weights that holds more than groups, arrays of numbers and names."""


def require_plain(path: Path) -> None:
    """Reads the file's structure, none of its arrays.

    Raises:
        UnsafeWeightsError: no HDF5 file, truncated, over 1 GiB, or not plain.
    """
    _require_small(path)
    try:
        with h5py.File(path, "r") as file:
            for name, problem in problems(file):
                raise UnsafeWeightsError(f"{path}: {name or '/'} {problem}; weights hold no such")
    except UNREADABLE as error:
        raise UnsafeWeightsError(f"{path}: is no whole HDF5 file of weights") from error


def require_plain_apart(path: Path) -> None:
    """As `require_plain`, for a file from elsewhere: in a process that is thrown away.

    What a hostile file breaks in the library that reads it is that process. Its arrays are read
    there, too.
    """
    _require_small(path)
    command = [sys.executable, "-m", "segcore.models.weight_check", str(path.absolute())]
    try:
        checked = subprocess.run(
            command, cwd=settings.ROOT, stdin=subprocess.DEVNULL, capture_output=True,
            timeout=PATIENCE_SECONDS,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise UnsafeWeightsError(f"{path}: takes too long to look through") from error
    if checked.returncode:
        said = printable(checked.stdout.decode(errors="replace").strip())[:400]
        problem = f"{said}; weights hold no such" if said else "is no whole HDF5 file of weights"
        raise UnsafeWeightsError(f"{path}: {problem}")


def _require_small(path: Path) -> None:
    if path.stat().st_size > MAX_BYTES:
        raise UnsafeWeightsError(f"{path}: is over {MAX_BYTES >> 30} GiB, too large for weights")
