"""Preparing a data set: a source -> memory-mapped arrays and statistics, cached by content."""

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from segcore.data.counts import count_mask
from segcore.data.preparation.prepared import (
    Prepared,
    PreparedSplit,
    collected,
    is_masked,
    load_split,
    split_folder,
    storage_errors,
)
from segcore.data.preparation.split_writer import Outcome, SplitWriter, UsableSample
from segcore.data.sources import Finding, Item, Problem, SampleError, Source, open_source
from segcore.errors import DataError, StorageError
from segcore.files.sizes import byte_size
from segcore.files.writing import locked
from segcore.images import encode_png, resize_image, resize_labels
from segcore.images.preprocessing import Mode, Preprocessing
from segcore.images.resizing import Size
from segcore.system.parallel import default_workers, in_order, overlapped
from segcore.system.progress import NamedProgress

CHUNK = 16
"""Items per step: what is taken at a time, and what an interruption can lose."""

TRUTHS_OF = "val"
"""The split that trainings are scored on, by its masks at their own resolution."""

Task = tuple[Source, list[Item], Preprocessing, bool, bool]


def prepare(
    spec: str,
    size: Size | None = None,
    splits: Sequence[str] | None = None,
    *,
    mode: Mode = "fit",
    progress: NamedProgress | None = None,
    workers: int | None = None,
) -> Prepared:
    """Prepares the splits (all by default) of a data spec, or opens what is prepared already.

    Each image is stored at the `content_size` of `images.preprocessing.Preprocessing`: of about
    the area of `size` with its own proportions, or, with mode "stretch", of just that size.
    Samples that cannot be used are left out and named in the split's health report. An
    interrupted preparation goes on where it stopped. Raises DataError on a source that cannot be
    opened and on a split of which nothing can be used, StorageError where the disk is full.
    """
    source = open_source(spec)
    size = size or source.default_size
    if min(size) < 1:
        raise DataError(f"Size {size[0]}x{size[1]} holds no pixels: give positive numbers.")
    wanted = tuple(splits) if splits else source.splits
    # What it is padded to is the network's affair: nothing padded is stored.
    preprocessing = Preprocessing(mode, size, multiple=1)
    done = {
        split: _prepare_split(source, preprocessing, split, progress, workers) for split in wanted
    }
    return collected(source, size, mode, done)


def _prepare_split(
    source: Source,
    preprocessing: Preprocessing,
    split: str,
    progress: NamedProgress | None,
    workers: int | None,
) -> PreparedSplit:
    items = source.items(split)
    folder = split_folder(source, preprocessing.size, preprocessing.mode, split)
    with storage_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
    # One preparation at a time: a second process waits, then finds the work done.
    with storage_errors(folder), locked(folder.parent):
        prepared = load_split(folder)
        if prepared is None:
            _build(source, preprocessing, split, items, folder, progress, workers)
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
    preprocessing: Preprocessing,
    split: str,
    items: list[Item],
    folder: Path,
    progress: NamedProgress | None,
    workers: int | None,
) -> None:
    masked = is_masked(source, split)
    height, width = preprocessing.size
    _check_space(folder, len(items) * height * width * (4 if masked else 3))
    (folder / "manifest.json").unlink(missing_ok=True)  # of files that were cut short since
    try:
        with SplitWriter(folder, masked, source.label_space) as writer:
            tasks = [
                (source, items[start : start + CHUNK], preprocessing, masked, split == TRUTHS_OF)
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
            f"{folder} needs {byte_size(needed)}, {byte_size(free)} are free: make room, "
            "prepare a smaller size, or set SEGCORE_ARTIFACTS to a folder on another disk."
        )


def _process(task: Task) -> list[Outcome]:
    source, items, preprocessing, masked, keeps_truth = task
    return [_process_item(source, item, preprocessing, masked, keeps_truth) for item in items]


def _process_item(
    source: Source, item: Item, preprocessing: Preprocessing, masked: bool, keeps_truth: bool
) -> Outcome:
    try:
        sample = source.read(item)
    except SampleError as error:
        return Finding(error.problem, item.key, str(error))
    if masked and sample.mask is None:
        missing = SampleError(
            Problem.NO_MASK, f"{item.image} has no mask: add the mask or remove the image."
        )
        return Finding(missing.problem, item.key, str(missing))
    native = sample.image.shape[:2]
    size = preprocessing.content_size(*native)
    is_scored = keeps_truth and native != size
    return UsableSample(
        key=sample.key,
        sequence=sample.sequence,
        image=resize_image(sample.image, size),
        mask=None if sample.mask is None else resize_labels(sample.mask, size),
        counts=None if sample.mask is None else count_mask(sample.mask, source.label_space),
        was_native=native == size,
        truth=encode_png(sample.mask) if is_scored and sample.mask is not None else b"",
    )
