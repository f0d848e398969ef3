"""Preparing a data set: a source -> memory-mapped arrays and statistics, cached by content."""

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from segcore.errors import DataError, StorageError
from segcore.files import locked
from segcore.images import resize_image, resize_labels
from segcore.parallel import default_workers, in_order, overlapped
from segcore.preparation.prepared import (
    Prepared,
    PreparedSplit,
    collected,
    is_masked,
    load_split,
    split_folder,
    storage_errors,
)
from segcore.preparation.split_writer import Outcome, SplitWriter, UsableSample
from segcore.progress import NamedProgress
from segcore.sources import Finding, Item, Problem, SampleError, Size, Source, open_source
from segcore.statistics import count_mask

CHUNK = 16
"""Items per step: what is taken at a time, and what an interruption can lose."""

Task = tuple[Source, list[Item], Size, bool]


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
    return collected(source, size, done)


def _prepare_split(
    source: Source, size: Size, split: str, progress: NamedProgress | None, workers: int | None
) -> PreparedSplit:
    items = source.items(split)
    folder = split_folder(source, size, split)
    with storage_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
    # One preparation at a time: a second process waits, then finds the work done.
    with storage_errors(folder), locked(folder.parent):
        prepared = load_split(folder)
        if prepared is None:
            _build(source, size, split, items, folder, progress, workers)
            _remove_outdated(folder)
            prepared = load_split(folder)
        elif progress:
            progress(split, len(items), len(items))
    if prepared is None:
        raise StorageError(f"{folder} cannot be read back: check the disk and prepare again.")
    return prepared


def _remove_outdated(folder: Path) -> None:
    """Removes what the same split of the same source was prepared to before it changed."""
    split, place, _ = folder.name.split("-")
    for other in folder.parent.glob(f"{split}-{place}-*"):
        if other != folder:
            shutil.rmtree(other)


def _build(
    source: Source,
    size: Size,
    split: str,
    items: list[Item],
    folder: Path,
    progress: NamedProgress | None,
    workers: int | None,
) -> None:
    masked = is_masked(source, split)
    _check_space(folder, len(items) * size[0] * size[1] * (4 if masked else 3))
    (folder / "manifest.json").unlink(missing_ok=True)  # of files that were cut short since
    try:
        with SplitWriter(folder, size, masked) as writer:
            tasks = [
                (source, items[start : start + CHUNK], size, masked)
                for start in range(writer.done, len(items), CHUNK)
            ]
            for outcomes in _processed(tasks, items, workers):
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


def _processed(
    tasks: list[Task], items: list[Item], workers: int | None
) -> Iterator[list[Outcome]]:
    if any(item.is_rendered for item in items):  # by Python, so that threads would wait
        return in_order(_process, tasks, workers or default_workers(len(items)))
    return overlapped(_process, tasks, workers or os.cpu_count() or 1)


def _check_space(folder: Path, needed: int) -> None:
    """Says that there is no room before the work rather than at its end."""
    present = sum(file.stat().st_size for file in folder.glob("*.npy"))
    free = shutil.disk_usage(folder.parent).free
    if needed - present > free:
        raise StorageError(
            f"{folder} needs {needed / 1e9:.2f} GB, {free / 1e9:.2f} GB are free: make room, "
            "prepare a smaller size, or set SEGCORE_ARTIFACTS to a folder on another disk."
        )


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
