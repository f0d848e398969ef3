"""The process that looks through a file of weights: `python -m segcore.models.weight_check FILE`.

It may use little memory and time, and opens nothing but the file. Its exit status is 0 for a plain
file; for any other it prints what is wrong, or nothing where the file is no HDF5 at all.
"""

import resource
import sys
from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np

MAX_BYTES = 1 << 30
MAX_OBJECTS = 20_000
MAX_MEMORY = 3 << 30
CPU_SECONDS = 60
OPEN_FILES = 4
"""Standard input, output and error, and the file itself: no other that it names."""

REFUSED = 3
UNREADABLE = (OSError, RuntimeError, ValueError, KeyError, TypeError, MemoryError)
"""What h5py raises of a file that is none, or not whole."""


def main(path: str) -> int:
    """Looks through the file and reads every array as loading it will."""
    for what, most in (
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_AS, MAX_MEMORY),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
    try:
        with h5py.File(path, "r") as file:
            for name, problem in problems(file):
                print(f"{name or '/'} {problem}".encode(errors="replace").decode())
                return REFUSED
            file.visititems(_read)
    except UNREADABLE:
        return REFUSED
    return 0


def _read(name: str, item: h5py.Group | h5py.Dataset) -> None:
    if isinstance(item, h5py.Dataset):
        item[()]


def problems(file: h5py.File) -> Iterator[tuple[str, str]]:
    """(object, what is wrong with it) for all that is not plain, links never followed."""
    waiting: list[tuple[str, h5py.Group | h5py.Dataset]] = [("", file["/"])]
    seen: set[int] = set()
    stored = 0
    while waiting:
        name, item = waiting.pop()
        for attribute in item.attrs:
            if not _is_plain_type(item.attrs.get_id(attribute).dtype):
                yield name, f"has an attribute {attribute!r} that is neither numbers nor text"
        if isinstance(item, h5py.Dataset):
            if problem := _dataset_problem(item):
                yield name, problem
            stored += item.nbytes
            if stored > MAX_BYTES:
                yield name, "declares more than the file can hold"
            continue
        for child in item:
            path = f"{name}/{child}"
            link = item.id.links.get_info(child.encode())
            if link.type != h5py.h5l.TYPE_HARD:
                yield path, "is a link to another place"
            if link.u in seen or len(seen) == MAX_OBJECTS:
                yield path, "is there twice, or one object too many"
            seen.add(link.u)
            found = item[child]
            if not isinstance(found, h5py.Group | h5py.Dataset):
                yield path, "is a type of its own"
            waiting.append((path, found))


def _dataset_problem(dataset: h5py.Dataset) -> str | None:
    settings = dataset.id.get_create_plist()
    if dataset.dtype.kind not in "fiub":
        return f"is no array of numbers ({dataset.dtype})"
    if dataset.external or dataset.is_virtual:
        return "keeps its values in another file"
    if settings.get_nfilters() or settings.get_layout() == h5py.h5d.CHUNKED:
        return "is packed"
    if dataset.id.get_storage_size() != dataset.nbytes:
        return f"declares {dataset.nbytes} bytes and stores {dataset.id.get_storage_size()}"
    return None


def _is_plain_type(dtype: np.dtype[Any]) -> bool:
    return dtype.kind in "fiubSU" or h5py.check_string_dtype(dtype) is not None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
