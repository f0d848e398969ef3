"""Writes a prepared split chunk by chunk, so that an interruption loses one chunk at most."""

import json
import os
import time
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np

from segcore.data.counts import (
    LIMITS,
    LOCATION_GRID,
    REGION_BINS,
    MaskCounts,
    SplitStatistics,
    no_counts,
    stored_arrays,
)
from segcore.data.preparation.split_manifest import parse_split_manifest
from segcore.data.sources import Finding, HealthReport
from segcore.errors import UnreadableError
from segcore.files.array_files import ArrayOf, read_arrays
from segcore.images.resizing import Size
from segcore.labels import CITYSCAPES, LabelSpace

SAVE_PAUSE = 20
"""The progress is kept again after so many times what that took."""

STATE = ArrayOf("text", longest=1 << 28)
"""JSON of a `SplitManifest`."""


class UsableSample(NamedTuple):
    """A sample as a network sees it, with what its mask held at its native size."""

    key: str
    sequence: str
    image: np.ndarray  # (H, W, 3) uint8
    mask: np.ndarray | None  # (H, W) uint8
    counts: MaskCounts | None
    was_native: bool  # the prepared size is the native one
    truth: bytes = b""  # PNG of the mask at its native size, where that is another and is wanted


Outcome = UsableSample | Finding


class SplitWriter:
    """The folder of one prepared split while it is being built; see prepared.py for its files.

    After a restart it goes on after the last chunk that is known to be written whole: `done` items.
    That is kept as often as takes a twentieth of the time: it grows with what is done.
    """

    def __init__(self, folder: Path, masked: bool, space: LabelSpace) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.space = folder, space
        classes = space.num_classes
        self.images = GrowingFile(folder / "images.npy")
        self.masks = GrowingFile(folder / "masks.npy") if masked else None
        self.truths = GrowingFile(folder / "truths.npy")
        self.done = 0  # items seen, usable or not
        self.keys: list[str] = []
        self.sizes: list[Size] = []
        self.truth_bytes: list[int] = []
        self.sequences: list[str] = []
        self.findings: list[Finding] = []
        self.is_native = True
        self.counts = [np.zeros((0, classes), np.int64)]  # of each chunk
        self.no_label: list[int] = []
        self.location = np.zeros((classes, *LOCATION_GRID))  # summed over the images
        self.regions = np.zeros((classes, REGION_BINS), np.int64)
        self._may_save = 0.0
        self._restore()
        for file, length in zip(self._files(), self._lengths(), strict=True):
            file.truncate(length)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files():
            file.close()

    def append(self, outcomes: list[Outcome]) -> None:
        """Adds a chunk and remembers that it is done. Raises OSError on a full disk."""
        usable = [outcome for outcome in outcomes if isinstance(outcome, UsableSample)]
        for sample in usable:
            self.images.append(sample.image)
            if self.masks and sample.mask is not None:
                self.masks.append(sample.mask)
            self.truths.append(sample.truth)
        counts = [sample.counts or no_counts(self.space.num_classes) for sample in usable]
        self.counts += [count.pixels[None] for count in counts]
        self.no_label += [count.no_label for count in counts]
        self.location += sum(count.location for count in counts)
        self.regions += sum(count.regions for count in counts)
        self.keys += [sample.key for sample in usable]
        self.sizes += [_size_of(sample.image) for sample in usable]
        self.truth_bytes += [len(sample.truth) for sample in usable]
        self.sequences += [sample.sequence for sample in usable]
        self.findings += [outcome for outcome in outcomes if isinstance(outcome, Finding)]
        self.is_native &= all(sample.was_native for sample in usable)
        self.done += len(outcomes)
        if time.monotonic() >= self._may_save:
            self._keep()

    def _keep(self) -> None:
        """Has a restart go on from here. Raises OSError on a full disk."""
        begun = time.monotonic()
        for file in self._files():
            file.sync()  # rows first: the progress must not promise what is not on disk
        self._save()
        self._may_save = time.monotonic() + SAVE_PAUSE * (time.monotonic() - begun)

    def finish(self) -> None:
        """Completes the files; the manifest comes last and makes them count."""
        rows = len(self.keys)
        shape: tuple[int, ...] = ()
        if len(set(self.sizes)) == 1:  # one array, which anything can read
            shape = (rows, *self.sizes[0])
        self.images.finish((*shape, 3) if shape else ())
        if self.masks:
            self.masks.finish(shape)
        self.truths.finish(())
        location = self.location / max(rows, 1)
        counts, no_label = np.vstack(self.counts), np.array(self.no_label, np.int64)
        SplitStatistics(counts, no_label, location, self.regions).save(
            self.folder / "statistics.npz"
        )
        _replace(self.folder / "manifest.json", json.dumps(self._state()).encode())
        (self.folder / "progress.npz").unlink(missing_ok=True)

    def _files(self) -> list["GrowingFile"]:
        return [self.images, self.truths, *([self.masks] if self.masks else [])]

    def _lengths(self) -> list[int]:
        """What each of the files holds, in bytes."""
        pixels = sum(height * width for height, width in self.sizes)
        return [3 * pixels, sum(self.truth_bytes), *([pixels] if self.masks else [])]

    def _state(self) -> dict[str, Any]:
        return {
            "keys": self.keys,
            "sequences": self.sequences,
            "sizes": self.sizes,
            "truth_bytes": self.truth_bytes,
            "is_native": self.is_native,
            "masked": self.masks is not None,
            **self._stored_space(),
            "health": HealthReport(self.done, tuple(self.findings)).to_json(),
        }

    def _stored_space(self) -> dict[str, Any]:
        """What its ids mean; nothing of Cityscapes', the default."""
        return {} if self.space == CITYSCAPES else {"label_space": self.space.as_dict()}

    def _save(self) -> None:
        temporary = self.folder / "progress.tmp.npz"
        np.savez(
            temporary,
            state=json.dumps(self._state()),
            counts=np.vstack(self.counts),
            no_label=np.array(self.no_label, np.int64),
            location=self.location,
            regions=self.regions,
        )
        temporary.replace(self.folder / "progress.npz")

    def _restore(self) -> None:
        """Takes up the progress; without any, or where it does not fit the files, starts over."""
        try:
            wanted = {**stored_arrays(self.space.num_classes), "state": STATE}
            saved = read_arrays(self.folder / "progress.npz", wanted, LIMITS)
            state = parse_split_manifest(str(saved["state"]))
            health = HealthReport.from_json(state.health)
        except (UnreadableError, ValueError, KeyError, TypeError):
            return
        if state.sizes is None:  # of another version
            return
        self.sizes, self.truth_bytes = state.sizes, state.truth_bytes
        lengths = zip(self._files(), self._lengths(), strict=True)
        if any(file.length < length for file, length in lengths):
            self.sizes, self.truth_bytes = [], []
            return
        self.counts, self.no_label = [saved["counts"]], saved["no_label"].tolist()
        self.location, self.regions = saved["location"], saved["regions"]
        self.done, self.findings = health.checked, list(health.findings)
        self.keys, self.sequences = state.keys, state.sequences
        self.is_native = state.is_native


class GrowingFile:
    """A .npy file of uint8 that grows; what shape it has is said at its end.

    It is appended to rather than memory-mapped: on a full disk a write raises an error, where a
    store to a mapped page would kill the process.
    """

    def __init__(self, path: Path) -> None:
        path.touch()
        self._file = path.open("r+b")
        self._write_header((0,))
        self._start = self._file.tell()
        self.length = max(0, self._file.seek(0, os.SEEK_END) - self._start)

    def finish(self, shape: tuple[int, ...]) -> None:
        """Writes the shape, of bytes in a row where none is given."""
        self.length = self._file.seek(0, os.SEEK_END) - self._start
        self._write_header(shape or (self.length,))
        self.sync()

    def _write_header(self, shape: tuple[int, ...]) -> None:
        # NumPy pads the header so that the first axis can grow without moving the data, to the
        # same length for all shapes that images can have.
        self._file.seek(0)
        header = {"descr": "|u1", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(self._file, header)

    def truncate(self, length: int) -> None:
        self._file.truncate(self._start + length)
        self._file.seek(0, os.SEEK_END)

    def append(self, data: np.ndarray | bytes) -> None:
        self._file.write(data if isinstance(data, bytes) else np.ascontiguousarray(data).data)

    def sync(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        self._file.close()


def _size_of(image: np.ndarray) -> Size:
    height, width = image.shape[:2]
    return height, width


def _replace(path: Path, content: bytes) -> None:
    temporary = path.with_name(f"{path.name}.tmp")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
