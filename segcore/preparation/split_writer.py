"""Writes a prepared split chunk by chunk, so that an interruption loses one chunk at most."""

import json
import os
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np

from segcore.files import DAMAGED
from segcore.labels import NUM_CLASSES
from segcore.sources import Finding, HealthReport, Size
from segcore.statistics import LOCATION_GRID, NO_COUNTS, REGION_BINS, MaskCounts, SplitStatistics


class UsableSample(NamedTuple):
    """A sample at the prepared size, with what its mask held at its native one."""

    key: str
    sequence: str
    image: np.ndarray  # (H, W, 3) uint8
    mask: np.ndarray | None  # (H, W) uint8
    counts: MaskCounts | None
    was_native: bool  # the prepared size is the native one


Outcome = UsableSample | Finding


class SplitWriter:
    """The folder of one prepared split while it is being built; see prepared.py for its files.

    After a restart it goes on after the last chunk that was written whole: `done` items.
    """

    def __init__(self, folder: Path, size: Size, masked: bool) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.images = GrowingArray(folder / "images.npy", (*size, 3))
        self.masks = GrowingArray(folder / "masks.npy", size) if masked else None
        self.done = 0  # items seen, usable or not
        self.keys: list[str] = []
        self.sequences: list[str] = []
        self.findings: list[Finding] = []
        self.is_native = True
        self.counts = np.zeros((0, NUM_CLASSES), np.int64)
        self.no_label = np.zeros(0, np.int64)
        self.location = np.zeros((NUM_CLASSES, *LOCATION_GRID))  # summed over the images
        self.regions = np.zeros((NUM_CLASSES, REGION_BINS), np.int64)
        self._restore()
        for array in self._arrays():
            array.truncate(len(self.keys))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for array in self._arrays():
            array.file.close()

    def append(self, outcomes: list[Outcome]) -> None:
        """Adds a chunk and remembers that it is done. Raises OSError on a full disk."""
        usable = [outcome for outcome in outcomes if isinstance(outcome, UsableSample)]
        for sample in usable:
            self.images.append(sample.image)
            if self.masks and sample.mask is not None:
                self.masks.append(sample.mask)
        counts = [sample.counts or NO_COUNTS for sample in usable]
        self.counts = np.vstack([self.counts, *(count.pixels for count in counts)])
        self.no_label = np.append(self.no_label, [count.no_label for count in counts])
        self.location += sum(count.location for count in counts)
        self.regions += sum(count.regions for count in counts)
        self.keys += [sample.key for sample in usable]
        self.sequences += [sample.sequence for sample in usable]
        self.findings += [outcome for outcome in outcomes if isinstance(outcome, Finding)]
        self.is_native &= all(sample.was_native for sample in usable)
        self.done += len(outcomes)
        for array in self._arrays():
            array.sync()  # rows first: the progress must not promise what is not on disk
        self._save()

    def finish(self) -> None:
        """Completes the files; the manifest comes last and makes them count."""
        rows = len(self.keys)
        for array in self._arrays():
            array.write_header(rows)
            array.sync()
        location = self.location / max(rows, 1)
        SplitStatistics(self.counts, self.no_label, location, self.regions).save(
            self.folder / "statistics.npz"
        )
        _replace(self.folder / "manifest.json", json.dumps(self._state()).encode())
        (self.folder / "progress.npz").unlink()

    def _arrays(self) -> list["GrowingArray"]:
        return [self.images] + ([self.masks] if self.masks else [])

    def _state(self) -> dict[str, Any]:
        return {
            "keys": self.keys,
            "sequences": self.sequences,
            "is_native": self.is_native,
            "masked": self.masks is not None,
            "health": HealthReport(self.done, tuple(self.findings)).to_json(),
        }

    def _save(self) -> None:
        temporary = self.folder / "progress.tmp.npz"
        np.savez(
            temporary,
            state=json.dumps(self._state()),
            counts=self.counts,
            no_label=self.no_label,
            location=self.location,
            regions=self.regions,
        )
        temporary.replace(self.folder / "progress.npz")

    def _restore(self) -> None:
        """Takes up the progress; without any, or where it does not fit the files, begins anew."""
        try:
            with (self.folder / "progress.npz").open("rb") as file:
                saved = dict(np.load(file, allow_pickle=False))
            state = json.loads(str(saved["state"]))
        except DAMAGED:
            return
        if any(array.rows < len(state["keys"]) for array in self._arrays()):
            return
        self.counts, self.no_label = saved["counts"], saved["no_label"]
        self.location, self.regions = saved["location"], saved["regions"]
        health = HealthReport.from_json(state["health"])
        self.done, self.findings = health.checked, list(health.findings)
        self.keys, self.sequences = state["keys"], state["sequences"]
        self.is_native = state["is_native"]


class GrowingArray:
    """A .npy file of uint8 that grows by rows.

    It is appended to rather than memory-mapped: on a full disk a write raises an error, where a
    store to a mapped page would kill the process.
    """

    def __init__(self, path: Path, row_shape: tuple[int, ...]) -> None:
        self.row_shape = row_shape
        self.row_bytes = int(np.prod(row_shape))
        path.touch()
        self.file = path.open("r+b")
        self.write_header(0)
        self.start = self.file.tell()
        self.rows = max(0, self.file.seek(0, os.SEEK_END) - self.start) // self.row_bytes

    def write_header(self, rows: int) -> None:
        # NumPy pads the header so that the first axis can grow without moving the data.
        self.file.seek(0)
        header = {"descr": "|u1", "fortran_order": False, "shape": (rows, *self.row_shape)}
        np.lib.format.write_array_header_1_0(self.file, header)

    def truncate(self, rows: int) -> None:
        self.file.truncate(self.start + rows * self.row_bytes)
        self.file.seek(0, os.SEEK_END)

    def append(self, row: np.ndarray) -> None:
        self.file.write(np.ascontiguousarray(row).data)

    def sync(self) -> None:
        self.file.flush()
        os.fsync(self.file.fileno())


def _replace(path: Path, content: bytes) -> None:
    temporary = path.with_name(f"{path.name}.tmp")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
