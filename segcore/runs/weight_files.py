"""Files of weights from anywhere: looked through before they are read, refused unless plain.

An HDF5 file can point at other files, declare arrays far larger than itself or pack them so. A file
of weights needs none of that: it is groups, arrays of numbers as long as their place in the file,
and names.
"""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from segcore.errors import RunError
from segcore.runs import Run, verified_weights

if TYPE_CHECKING:
    import keras

MAX_BYTES = 1 << 30
MAX_OBJECTS = 20_000


class UnsafeWeightsError(RunError):
    """A file of weights that holds more than groups, arrays of numbers and names."""


def load_weights(model: "keras.Model", run: Run, which: str = "best") -> None:
    """Puts the run's `best` or `last` weights into the network built for it.

    Half precision on disk is cast to the layers' own.

    Raises:
        RunError: missing, damaged, not plain, or of another network.
    """
    path = verified_weights(run, which)
    require_plain(path)
    try:
        with warnings.catch_warnings(action="ignore"):  # the error below says it in one line
            model.load_weights(path)
    except (ValueError, KeyError, OSError) as error:
        raise RunError(
            f"{run.name}: {path.name} does not fit the network in its run.json; train it again"
        ) from error


def require_plain(path: Path) -> None:
    """Reads the file's structure, none of its arrays.

    Raises:
        UnsafeWeightsError: no HDF5 file, truncated, over 1 GiB, or not plain.
    """
    if path.stat().st_size > MAX_BYTES:
        raise UnsafeWeightsError(f"{path}: is over {MAX_BYTES >> 30} GiB, too large for weights")
    try:
        with h5py.File(path, "r") as file:
            for name, problem in _problems(file):
                raise UnsafeWeightsError(f"{path}: {name or '/'} {problem}; weights hold no such")
    except (OSError, RuntimeError, ValueError, KeyError, TypeError) as error:
        raise UnsafeWeightsError(f"{path}: is no whole HDF5 file of weights") from error


def _problems(file: h5py.File) -> Iterator[tuple[str, str]]:
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
