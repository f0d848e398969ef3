"""Statistics of a split from its masks alone: one pass, before anything is prepared.

Kept as prepared/DATASET-counts/SPLIT-SOURCE-FINGERPRINT.npz, so that it opens at once afterwards;
as .progress until all masks are counted, so that a count which was stopped goes on there.
The built-in data set comes counted: rendering all of it takes minutes, and it never changes.
"""

import io
import json
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from segcore.data.counts import (
    LIMITS,
    MaskCounts,
    RunningCounts,
    SplitStatistics,
    count_mask,
    stored_arrays,
)
from segcore.data.preparation import prepared_split, split_key
from segcore.data.sources import (
    Finding,
    HealthReport,
    Item,
    SampleError,
    Source,
    has_masks,
    open_source,
)
from segcore.errors import DataError, UnreadableError
from segcore.files.array_files import ArrayOf, read_arrays
from segcore.files.writing import storage_error, write_atomically
from segcore.settings import prepared_dir
from segcore.system.parallel import overlapped
from segcore.system.progress import Progress

KEPT_EVERY = 5.0
"""Seconds of counting that an interruption can lose."""

BUILT_IN = Path(__file__).parent.parent / "sources" / "streets" / "counts"


NAMES = ArrayOf("text", longest=1 << 28)
"""JSON of `Names`."""


class Names(msgspec.Struct, frozen=True):
    """The part of a file of counts that is no array; `health` as `HealthReport.to_json` has it."""

    keys: list[str]
    sequences: list[str]
    health: dict[str, Any]


@dataclass(frozen=True)
class CountedSplit:
    """What a split's masks hold; `statistics.counts` has a row per key.

    Attributes:
        health: of the masks alone, unless the split was prepared: then of the images too.
    """

    keys: list[str]
    sequences: list[str]
    statistics: SplitStatistics
    health: HealthReport


def stored_counts(source: Source, split: str) -> CountedSplit | None:
    """Counts from a preparation or from `count_split`, or None."""
    found = prepared_split(source, split)
    if found is not None:
        return CountedSplit(found.keys, found.sequences, found.statistics, found.health)
    path = _path(source, split)
    return _load(path) or _load(BUILT_IN / path.name)


def count_split(spec: str, split: str, progress: Progress | None = None) -> CountedSplit:
    """Counts every mask of the split once, or returns what is stored; goes on where a count of the
    same files was stopped.

    Raises:
        DataError: the source cannot be opened, or the split has no mask that can be read.
        StorageError: artifacts/ cannot be written.
    """
    source = open_source(spec)
    stored = stored_counts(source, split)
    if stored is not None:
        return stored
    if not has_masks(source, split):
        raise DataError(f"{spec}: the {split} split has no masks to count")
    path = _path(source, split)
    counted = _count(source, source.items(split), progress, path.with_suffix(".progress"))
    _save(path, counted)
    _remove_outdated(path)
    return counted


def count_built_in() -> None:
    """Counts the built-in data set again, after its renderer changed; the files are committed."""
    shutil.rmtree(BUILT_IN, ignore_errors=True)
    source = open_source("streets")
    for split in source.splits:
        _save(BUILT_IN / _path(source, split).name, _count(source, source.items(split), None, None))


def _count(
    source: Source, items: list[Item], progress: Progress | None, kept: Path | None
) -> CountedSplit:
    """Counts the items that `kept` has not counted yet."""

    def count(item: Item) -> MaskCounts | Finding:
        try:
            return count_mask(source.read_mask(item), source.label_space)
        except SampleError as error:
            return Finding(error.problem, item.key, str(error))

    classes = source.label_space.num_classes
    begun = None if kept is None else _load(kept)
    if begun is not None and begun.statistics.counts.shape[1] != classes:
        begun = None
    keys, sequences = ([], []) if begun is None else (begun.keys, begun.sequences)
    findings = [] if begun is None else list(begun.health.findings)
    first = 0 if begun is None else begun.health.checked
    running = RunningCounts(classes, None if begun is None else begun.statistics)

    def counted(done: int) -> CountedSplit:
        health = HealthReport(done, tuple(findings))
        return CountedSplit(keys, sequences, SplitStatistics(**running.arrays()), health)

    saved = time.monotonic()
    outcomes = overlapped(count, items[first:], os.cpu_count() or 1)
    for done, (item, outcome) in enumerate(zip(items[first:], outcomes, strict=True), first + 1):
        if isinstance(outcome, Finding):
            findings.append(outcome)
        else:
            keys.append(item.key)
            sequences.append(item.sequence)
            running.add(outcome)
        if kept is not None and keys and time.monotonic() - saved >= KEPT_EVERY:
            _save(kept, counted(done))
            saved = time.monotonic()
        if progress:
            progress(done, len(items))
    if not keys:
        raise DataError(f"{source.spec}: no mask can be used. First: {findings[0].message}")
    return counted(len(items))


# --- the file ------------------------------------------------------------------------------------


def _path(source: Source, split: str) -> Path:
    return prepared_dir() / f"{source.name}-counts" / f"{split_key(source, split)}.npz"


def _save(path: Path, counted: CountedSplit) -> None:
    names = {
        "keys": counted.keys,
        "sequences": counted.sequences,
        "health": counted.health.to_json(),
    }
    file = io.BytesIO()
    np.savez_compressed(
        file,
        allow_pickle=False,
        names=np.array(json.dumps(names)),
        **counted.statistics.arrays(),
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error(path.parent, error) from error
    write_atomically(path, file.getvalue())


def _load(path: Path) -> CountedSplit | None:
    """What the file holds, or None: not there, or damaged."""
    try:
        arrays = read_arrays(path, {**stored_arrays(), "names": NAMES}, LIMITS)
        names = msgspec.convert(json.loads(arrays.pop("names").item()), Names)
        health = HealthReport.from_json(names.health)
    except (UnreadableError, ValueError, KeyError, TypeError):
        return None
    return CountedSplit(names.keys, names.sequences, SplitStatistics(**arrays), health)


def _remove_outdated(path: Path) -> None:
    """Removes counts of the same split of the same source from before it changed."""
    split, place, _ = path.name.split("-")
    for other in path.parent.glob(f"{split}-{place}-*"):
        if other != path:
            other.unlink(missing_ok=True)
