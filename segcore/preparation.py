"""A source -> memory-mapped arrays and statistics, cached by content.

A prepared split is a folder, `prepared/DATASET-HxW/SPLIT-SOURCE-FINGERPRINT/`:

    images.npy       (N, H, W, 3) uint8
    masks.npy        (N, H, W) uint8, where the split has masks
    statistics.npz   counts of the masks at their native resolution
    manifest.json    keys, sequences and health; written last: without it nothing counts
    progress.npz     only while it is being built: what is done, so that a restart goes on there
"""

import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from segcore.errors import DataError, StorageError
from segcore.files import locked
from segcore.images import resize_image, resize_labels
from segcore.parallel import default_workers, in_order
from segcore.progress import NamedProgress
from segcore.settings import prepared_dir
from segcore.sources import (
    Finding,
    HealthReport,
    Item,
    Problem,
    Sample,
    SampleError,
    Size,
    Source,
    has_masks,
    open_source,
)
from segcore.split_writer import Outcome, SplitWriter, UsableSample
from segcore.statistics import SplitStatistics, count_mask

FORMAT = 2
"""Part of the cache key: raise it when the files above or their meaning change."""

CHUNK = 16
"""Items per step: what a process takes at a time, and what an interruption can lose."""


@dataclass(frozen=True)
class PreparedSplit:
    images: np.ndarray  # memory map (N, H, W, 3) uint8
    masks: np.ndarray | None  # memory map (N, H, W) uint8 label ids 0-33, 255
    keys: list[str]
    sequences: list[str]
    statistics: SplitStatistics
    health: HealthReport
    is_native: bool  # the arrays hold the samples at their own resolution


@dataclass(frozen=True)
class Prepared:
    spec: str
    dataset: str
    size: Size
    splits: dict[str, PreparedSplit]
    path: Path

    @cached_property
    def fingerprint(self) -> str:
        """sha256 of the samples' names and pixels: the same after a copy and on any machine."""
        digest = hashlib.sha256()
        for name, split in sorted(self.splits.items()):
            digest.update(json.dumps([name, split.keys]).encode())
            digest.update(split.images.data)
            if split.masks is not None:
                digest.update(split.masks.data)
        return digest.hexdigest()


def prepare(
    spec: str,
    size: Size | None = None,
    splits: Sequence[str] | None = None,
    *,
    progress: NamedProgress | None = None,
    workers: int | None = None,
) -> Prepared:
    """Prepares the splits (all by default) of a data spec, or opens what is prepared already.

    Samples that cannot be used are left out and named in the split's health report. An
    interrupted preparation goes on where it stopped. Raises DataError on a source that cannot be
    opened and on a split of which nothing can be used, StorageError where the disk is full.
    """
    source = open_source(spec)
    size = size or source.default_size
    if min(size) < 1:
        raise DataError(f"Size {size[0]}x{size[1]} holds no pixels: give positive numbers.")
    wanted = tuple(splits) if splits else source.splits
    done = {split: _prepare_split(source, size, split, progress, workers) for split in wanted}
    return _prepared(source, size, done)


def load_prepared(spec: str, size: Size | None = None) -> Prepared | None:
    """The splits that are prepared, or None where none is. Raises DataError as open_source."""
    source = open_source(spec)
    size = size or source.default_size
    found = {split: _load_split(_split_folder(source, size, split)) for split in source.splits}
    splits = {split: loaded for split, loaded in found.items() if loaded is not None}
    return _prepared(source, size, splits) if splits else None


def prepared_split(source: Source, split: str) -> PreparedSplit | None:
    """The split as it is prepared at any size, at its own where there is a choice; else None."""
    folders = prepared_dir().glob(f"{source.name}-*/{split_key(source, split)}")
    found = [loaded for folder in sorted(folders) if (loaded := _load_split(folder))]
    return next((loaded for loaded in found if loaded.is_native), found[0] if found else None)


class Samples:
    """A split at its native size, read when asked for: `len(samples)`, `samples[i]`."""

    def __init__(self, source: Source, items: list[Item], arrays: PreparedSplit | None) -> None:
        self._source = source
        self._items = items
        self._arrays = arrays
        self.keys = [item.key for item in items]
        self.sequences = [item.sequence for item in items]

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: int) -> Sample:
        """Raises DataError on a file that cannot be used, IndexError past the end."""
        item = self._items[index]
        if self._arrays is None:
            return self._source.read(item)
        masks = self._arrays.masks
        mask = None if masks is None else np.array(masks[index])
        return Sample(item.key, item.sequence, np.array(self._arrays.images[index]), mask)


def native_samples(spec: str, split: str) -> Samples:
    """The split's samples at their native size, without those known to be unusable.

    They come from prepared arrays of that size where there are any, else from the source; a file
    that turns out to be broken raises DataError when it is read, unless a preparation at any size
    has left it out before. Raises DataError as open_source and where the split is not there.
    """
    source = open_source(spec)
    items = source.items(split)
    prepared = prepared_split(source, split)
    if prepared is not None:
        usable = set(prepared.keys)
        items = [item for item in items if item.key in usable]
    else:
        masked = _is_masked(source, split)
        items = [
            item for item in items if item.is_rendered or (item.image and (item.mask or not masked))
        ]
    return Samples(source, items, prepared if prepared is not None and prepared.is_native else None)


def _prepared(source: Source, size: Size, splits: dict[str, PreparedSplit]) -> Prepared:
    return Prepared(
        spec=source.spec,
        dataset=source.name,
        size=size,
        splits=splits,
        path=_size_folder(source, size),
    )


def _size_folder(source: Source, size: Size) -> Path:
    return prepared_dir() / f"{source.name}-{size[0]}x{size[1]}"


def _split_folder(source: Source, size: Size, split: str) -> Path:
    return _size_folder(source, size) / split_key(source, split)


def prepared_folders(spec: str) -> list[Path]:
    """The folders of what is prepared of a data set, in any size; it need not be there any more."""
    name, separator, path = spec.partition(":")
    if separator:
        spec = f"{name}:{Path(path).expanduser().resolve()}"
    return sorted(prepared_dir().glob(f"{name}-*/*-{_place(spec)}-*"))


def remove_prepared(spec: str) -> None:
    """Removes what is prepared of a data set; waits for a preparation. Raises StorageError."""
    for folder in prepared_folders(spec):
        with _storage_errors(folder), locked(folder.parent):
            (folder / "manifest.json").unlink(missing_ok=True)  # first: the rest counts no more
            shutil.rmtree(folder)


def _place(spec: str) -> str:
    return hashlib.sha256(spec.encode()).hexdigest()[:8]


def split_key(source: Source, split: str) -> str:
    """Name under which what is derived from a split is kept: changes with its place and content."""
    content = hashlib.sha256(f"{FORMAT} {source.fingerprint(split)}".encode()).hexdigest()
    return f"{split}-{_place(source.spec)}-{content[:16]}"


def _load_split(folder: Path) -> PreparedSplit | None:
    """The finished split, or None: not there, half-written, or a file of it cut short."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text())
        masked = manifest["masked"]
        return PreparedSplit(
            images=np.load(folder / "images.npy", mmap_mode="r"),
            masks=np.load(folder / "masks.npy", mmap_mode="r") if masked else None,
            keys=manifest["keys"],
            sequences=manifest["sequences"],
            statistics=SplitStatistics.load(folder / "statistics.npz"),
            health=HealthReport.from_json(manifest["health"]),
            is_native=manifest["is_native"],
        )
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None


def _prepare_split(
    source: Source, size: Size, split: str, progress: NamedProgress | None, workers: int | None
) -> PreparedSplit:
    items = source.items(split)
    folder = _split_folder(source, size, split)
    with _storage_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
    # One preparation at a time: a second process waits, then finds the work done.
    with _storage_errors(folder), locked(folder.parent):
        prepared = _load_split(folder)
        if prepared is None:
            _build(source, size, split, items, folder, progress, workers)
            _remove_outdated(folder)
            prepared = _load_split(folder)
        elif progress:
            progress(split, len(items), len(items))
    if prepared is None:
        raise StorageError(f"{folder} cannot be read back: check the disk and prepare again.")
    return prepared


@contextmanager
def _storage_errors(folder: Path) -> Iterator[None]:
    """The source's files are read under errors of their own: what is left is artifacts/."""
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"{folder} cannot be written ({error.strerror}): make room, or set "
            "SEGCORE_ARTIFACTS to a folder on another disk."
        ) from error


def _remove_outdated(folder: Path) -> None:
    """Removes what the same split of the same source was prepared to before it changed."""
    split, place, _ = folder.name.split("-")
    for other in folder.parent.glob(f"{split}-{place}-*"):
        if other != folder:
            shutil.rmtree(other)


def _is_masked(source: Source, split: str) -> bool:
    """Whether its samples need masks: a training split without any is a mistake to report."""
    return split != "test" or has_masks(source, split)


def _build(
    source: Source,
    size: Size,
    split: str,
    items: list[Item],
    folder: Path,
    progress: NamedProgress | None,
    workers: int | None,
) -> None:
    masked = _is_masked(source, split)
    _check_space(folder, len(items) * size[0] * size[1] * (4 if masked else 3))
    (folder / "manifest.json").unlink(missing_ok=True)  # of files that were cut short since
    try:
        with SplitWriter(folder, size, masked) as writer:
            tasks = [
                (source, items[start : start + CHUNK], size, masked)
                for start in range(writer.done, len(items), CHUNK)
            ]
            for outcomes in in_order(_process, tasks, workers or default_workers(len(items))):
                writer.append(outcomes)
                if progress:
                    progress(split, writer.done, len(items))
            if not writer.keys:
                raise DataError(
                    f"Nothing in the {split} split of {source.spec} can be used "
                    f"({len(writer.findings)} samples). First: {writer.findings[0].message}"
                )
            writer.finish()
    except (OSError, DataError):
        shutil.rmtree(folder, ignore_errors=True)  # gives a full disk its room back
        raise


def _check_space(folder: Path, needed: int) -> None:
    """Says that there is no room before the work rather than at its end."""
    present = sum(file.stat().st_size for file in folder.glob("*.npy"))
    free = shutil.disk_usage(folder.parent).free
    if needed - present > free:
        raise StorageError(
            f"{folder} needs {needed / 1e9:.2f} GB, {free / 1e9:.2f} GB are free: make room, "
            "prepare a smaller size, or set SEGCORE_ARTIFACTS to a folder on another disk."
        )


Task = tuple[Source, list[Item], Size, bool]


def _process(task: Task) -> list[Outcome]:
    source, items, size, masked = task
    return [_process_item(source, item, size, masked) for item in items]


def _process_item(source: Source, item: Item, size: Size, masked: bool) -> Outcome:
    try:
        sample = source.read(item)
    except SampleError as error:
        return Finding(error.problem, item.key, str(error))
    if masked and sample.mask is None:
        message = f"{item.image} has no mask: add the mask or remove the image."
        return Finding(Problem.NO_MASK, item.key, message)
    return UsableSample(
        key=sample.key,
        sequence=sample.sequence,
        image=resize_image(sample.image, size),
        mask=None if sample.mask is None else resize_labels(sample.mask, size),
        counts=None if sample.mask is None else count_mask(sample.mask),
        was_native=sample.image.shape[:2] == size,
    )
