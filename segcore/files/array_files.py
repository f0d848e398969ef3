"""Arrays in .npz files that others may have made: bounded in bytes and shapes before any is made.

Who reads says what the file holds, by name, and gets arrays of just that kind and shape. A ZIP
member or a header that declares more is refused before anything of that size is allocated.
"""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from segcore.errors import UnreadableError
from segcore.errors.plain import plain, printable
from segcore.files.reading import read_bytes
from segcore.files.writing import DAMAGED

LARGEST = 1 << 40
"""Pixels of a million images; sums of counts up to here do not overflow."""
LONGEST_TEXT = 2000

_DAMAGED = (*DAMAGED, RuntimeError)


@dataclass(frozen=True)
class Limits:
    """Limits of one file.

    Attributes:
        file_bytes: of the file as it lies on the disk.
        array_bytes: of all its arrays together; the default is 28,000 confusion matrices of 34
            classes, or 2,500 of 150 in half the bytes.
        rows: the least and the most of an axis whose length is not given.
    """

    file_bytes: int = 64 << 20
    array_bytes: int = 256 << 20
    rows: tuple[int, int] = (1, 20_000)


EVALUATION = Limits()
MAX_MEMBERS = 64
"""How many arrays a file may hold that the schema does not name."""


@dataclass(frozen=True)
class ArrayOf:
    """What an array must be.

    Attributes:
        kind: "count" (whole numbers from 0), "number" (finite), "state" (numbers of any value) or
            "text", which comes `printable`.
        shape: a length for each axis; a letter stands for the same length wherever it occurs.
        optional: it may be missing, in files from before it was kept.
        longest: characters of a text.
    """

    kind: str
    shape: tuple[int | str, ...] = ()
    optional: bool = False
    longest: int = LONGEST_TEXT


_KINDS = {"count": "iu", "number": "fiu", "state": "fiu", "text": "U"}


def read_arrays(
    path: Path, schema: Mapping[str, ArrayOf], limits: Limits = EVALUATION
) -> dict[str, np.ndarray]:
    """The arrays that the schema names; others are left unread.

    Raises:
        UnreadableError: the file is missing, too large, or holds something else.
    """
    data = read_bytes(path, limits.file_bytes)
    lengths: dict[str, int] = {}
    arrays = {}
    room = limits.array_bytes
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = {member.filename: member for member in archive.infolist()}
            if len(members) > len(schema) + MAX_MEMBERS:
                raise UnreadableError(f"holds {len(members)} arrays")
            for name, wanted in schema.items():
                member = members.get(f"{name}.npy")
                if member is None:
                    if wanted.optional:
                        continue
                    raise UnreadableError(f"has no array `{name}`")
                room -= member.file_size
                if room < 0:
                    raise UnreadableError(f"unpacks to more than {limits.array_bytes >> 20} MB")
                arrays[name] = _read(archive, member, wanted, lengths, limits.rows)
    except _DAMAGED as error:
        raise UnreadableError(f"is damaged ({plain(str(error), longest=100)})") from error
    return arrays


def _read(
    archive: zipfile.ZipFile,
    member: zipfile.ZipInfo,
    wanted: ArrayOf,
    lengths: dict[str, int],
    rows: tuple[int, int],
) -> np.ndarray:
    name = member.filename.removesuffix(".npy")
    with archive.open(member) as file:
        version = np.lib.format.read_magic(file)
        if version != (1, 0):  # what NumPy writes for anything that has plain types
            raise UnreadableError(f"`{name}` is of an unusual format")
        shape, in_columns, dtype = _header(file, name)
        if in_columns or dtype.kind not in _KINDS[wanted.kind]:
            raise UnreadableError(f"`{name}` is of {dtype}, not of kind {wanted.kind}")
        if dtype.itemsize > 4 * wanted.longest:
            raise UnreadableError(f"`{name}` has texts of over {wanted.longest} characters")
        _require_shape(name, shape, wanted.shape, lengths, rows)
        size = int(np.prod(shape, dtype=np.float64)) * dtype.itemsize
        if size > member.file_size:
            raise UnreadableError(f"`{name}` declares more than it holds")
        array = np.empty(shape, dtype)
        _fill(array, file, name)
    if wanted.kind == "text":
        return np.array([printable(text) for text in array.ravel().tolist()]).reshape(shape)
    if array.size and wanted.kind != "state" and not _is_plain(array, wanted.kind):
        raise UnreadableError(f"`{name}` holds numbers that no count or score is")
    return array


def _header(file: IO[bytes], name: str) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Shape, order by columns, and type."""
    try:
        return np.lib.format.read_array_header_1_0(file)
    except MemoryError as error:  # Python's parser, of a text that is nested too deeply
        raise UnreadableError(f"`{name}` has a header that is none") from error


def _fill(array: np.ndarray, file: IO[bytes], name: str) -> None:
    room = array.reshape(-1).view(np.uint8)
    while block := file.read(min(len(room) + 1, 1 << 20)):
        if len(block) > len(room):
            break
        room[: len(block)] = np.frombuffer(block, np.uint8)
        room = room[len(block) :]
    if block or len(room):
        raise UnreadableError(f"`{name}` has another length than it declares")


def _require_shape(
    name: str,
    shape: tuple[int, ...],
    wanted: tuple[int | str, ...],
    lengths: dict[str, int],
    rows: tuple[int, int],
) -> None:
    fits = len(shape) == len(wanted)
    for length, expected in zip(shape, wanted, strict=False):
        if isinstance(expected, str):
            fits &= rows[0] <= length <= rows[1] and length == lengths.setdefault(expected, length)
        else:
            fits &= length == expected
    if not fits:
        raise UnreadableError(f"`{name}` is of shape {shape}, not {wanted}")


def _is_plain(array: np.ndarray, kind: str) -> bool:
    low, high = array.min(), array.max()  # NaN where there is one
    if kind == "count":
        return bool(low >= 0 and high <= LARGEST)
    return bool(low >= -LARGEST and high <= LARGEST)
