"""What is prepared of a data set, as it is found and read.

A prepared split is a folder, `prepared/DATASET-HxW/SPLIT-SOURCE-FINGERPRINT/`, where what is
stretched to that size lies in `DATASET-HxW-stretched`:

    images.npy       (N, H, W, 3) uint8; one after the other, flat, where their sizes differ
    masks.npy        (N, H, W) uint8, or flat as well, where the split has masks
    truths.npy       of val, PNGs of masks whose native size is another, one after the other
    statistics.npz   counts of the masks at their native resolution
    manifest.json    keys, sizes, sequences, health, the label space unless it is Cityscapes';
                     written last: without it nothing counts
    progress.npz     only while it is being built: what is done, so that a restart goes on there
"""

import errno
import hashlib
import io
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image

from segcore.data.counts import SplitStatistics
from segcore.data.preparation.ragged import Images, Ragged, Relabelled
from segcore.data.preparation.split_manifest import parse_split_manifest
from segcore.data.sources import HealthReport, Item, Sample, Source, has_masks, opened
from segcore.errors import DataError, StorageError, UnreadableError
from segcore.files.writing import DAMAGED, locked
from segcore.images.preprocessing import Mode
from segcore.images.resizing import Size
from segcore.labels import ClassMap, LabelSpace
from segcore.labels.merges import Merges
from segcore.settings import prepared_dir

FORMAT = 3
"""Part of the cache key: raise it when the files above or their meaning change."""


@dataclass(frozen=True)
class PreparedSplit:
    """Attributes:
    images: (N, H, W, 3) uint8, memory-mapped, each at the size that a network sees it at.
    masks: (N, H, W) uint8 label ids of the source's space, 255.
    sizes: (H, W) of each image.
    is_native: the arrays hold the samples at their own resolution.
    truths: PNG of a mask at its own resolution where it differs, else empty; kept of val.
    classes: what `masks`, `truth` and `counts` are seen in; None for those of the data, of which
        `statistics` are.
    """

    images: Images
    masks: Images | None
    sizes: list[Size]
    keys: list[str]
    sequences: list[str]
    statistics: SplitStatistics
    health: HealthReport
    is_native: bool
    truths: list[np.ndarray]
    classes: ClassMap | None = None

    def in_classes(self, classes: ClassMap) -> "PreparedSplit":
        """The same split in other classes than those of the data."""
        masks = None if self.masks is None else Relabelled(self.masks, classes)
        return replace(self, masks=masks, classes=classes)

    @property
    def counts(self) -> np.ndarray:
        """(N, C) int64, pixels of each class in each image at its native size."""
        counts = self.statistics.counts
        return counts if self.classes is None else self.classes.counts(counts)

    def truth(self, index: int) -> np.ndarray:
        """(H, W) uint8, what the image is scored against: the mask at its own resolution.

        Raises DataError where the split has no masks.
        """
        if self.masks is None:
            raise DataError(f"{self.keys[index]}: has no mask to score against")
        if not len(self.truths[index]):
            return np.asarray(self.masks[index])
        mask = np.asarray(Image.open(io.BytesIO(self.truths[index].tobytes())))
        return mask if self.classes is None else self.classes.mask(mask)


@dataclass(frozen=True)
class Prepared:
    """Attributes:
    size: (H, W) that images are stretched to, or whose area they are scaled to (mode "fit").
    space: what the ids of its masks mean.
    merges: which of its classes stand for several labels, as of a `Source`.
    """

    spec: str
    dataset: str
    size: Size
    mode: Mode
    splits: dict[str, PreparedSplit]
    path: Path
    space: LabelSpace
    merges: Merges | None = None

    def in_classes(self, classes: ClassMap) -> "Prepared":
        """The same data with fewer classes; its fingerprint is the same."""
        if classes.is_same:
            return self
        splits = {name: split.in_classes(classes) for name, split in self.splits.items()}
        merges = classes.merges(self.merges)
        return replace(self, splits=splits, space=classes.target, merges=merges)

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


def load_prepared(
    data: str | Source, size: Size | None = None, mode: Mode = "fit"
) -> Prepared | None:
    """The splits that are prepared, or None where none is. Raises DataError as open_source.

    Args:
        data: its spec, or the source where it is open.
    """
    source = opened(data)
    size = size or source.default_size
    found = {split: load_split(split_folder(source, size, mode, split)) for split in source.splits}
    splits = {split: loaded for split, loaded in found.items() if loaded is not None}
    return collected(source, size, mode, splits) if splits else None


def prepared_split(source: Source, split: str) -> PreparedSplit | None:
    """The split as it is prepared at any size, at its own where there is a choice; else None."""
    folders = prepared_dir().glob(f"{source.name}-*/{split_key(source, split)}")
    found = [loaded for folder in sorted(folders) if (loaded := load_split(folder))]
    return next((loaded for loaded in found if loaded.is_native), found[0] if found else None)


class Samples:
    """A split at its native size, read when asked for: `len(samples)`, `samples[i]`."""

    def __init__(self, source: Source, items: list[Item], arrays: PreparedSplit | None) -> None:
        self._source = source
        self._items = items
        self._arrays = arrays
        self.keys = [item.key for item in items]
        self.sequences = [item.sequence for item in items]

    @cached_property
    def index_of(self) -> dict[str, int]:
        """Key -> index."""
        return {key: index for index, key in enumerate(self.keys)}

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


def native_samples(data: str | Source, split: str) -> Samples:
    """The split's samples at their native size, without those known to be unusable.

    They come from prepared arrays of that size where there are any, else from the source; a file
    that turns out to be broken raises DataError when it is read, unless a preparation at any size
    has left it out before. Raises DataError as open_source and where the split is not there.

    Args:
        data: its spec, or the source where it is open.
    """
    source = opened(data)
    items = source.items(split)
    prepared = prepared_split(source, split)
    if prepared is not None:
        usable = set(prepared.keys)
        items = [item for item in items if item.key in usable]
    else:
        masked = is_masked(source, split)
        items = [
            item for item in items if item.is_rendered or (item.image and (item.mask or not masked))
        ]
    if not items:
        raise DataError(f"{source.spec}: no image of its {split} split has a mask that can be used")
    return Samples(source, items, prepared if prepared is not None and prepared.is_native else None)


def collected(source: Source, size: Size, mode: Mode, splits: dict[str, PreparedSplit]) -> Prepared:
    return Prepared(
        spec=source.spec,
        dataset=source.name,
        size=size,
        mode=mode,
        splits=splits,
        path=_size_folder(source, size, mode),
        space=source.label_space,
        merges=source.merges,
    )


def _size_folder(source: Source, size: Size, mode: Mode) -> Path:
    suffix = "-stretched" if mode == "stretch" else ""
    return prepared_dir() / f"{source.name}-{size[0]}x{size[1]}{suffix}"


def split_folder(source: Source, size: Size, mode: Mode, split: str) -> Path:
    return _size_folder(source, size, mode) / split_key(source, split)


def prepared_folders(spec: str) -> list[Path]:
    """The folders of what is prepared of a data set, in any size; it need not be there any more."""
    name, separator, path = spec.partition(":")
    if separator:
        spec = f"{name}:{Path(path).expanduser().resolve()}"
    found = prepared_dir().glob(f"{name}-*/*-{_place(spec)}-*")
    return sorted(path for path in found if path.is_dir())  # counts are kept beside, in files


def remove_prepared(spec: str) -> None:
    """Removes what is prepared of a data set; waits for a preparation. Raises StorageError."""
    for folder in prepared_folders(spec):
        with storage_errors(folder), locked(folder.parent):
            (folder / "manifest.json").unlink(missing_ok=True)  # first: the rest counts no more
            shutil.rmtree(folder)


def _place(spec: str) -> str:
    return hashlib.sha256(spec.encode()).hexdigest()[:8]


def split_key(source: Source, split: str) -> str:
    """Name under which what is derived from a split is kept: changes with its place and content."""
    content = hashlib.sha256(f"{FORMAT} {source.fingerprint(split)}".encode()).hexdigest()
    return f"{split}-{_place(source.spec)}-{content[:16]}"


def load_split(folder: Path) -> PreparedSplit | None:
    """The finished split, or None: not there, half-written, or a file of it cut short.

    What an earlier version prepared counts where it changed no size: else it stretched.
    """
    try:
        manifest = parse_split_manifest((folder / "manifest.json").read_text())
        images = _mapped(folder / "images.npy")
        masks = _mapped(folder / "masks.npy") if manifest.masked else None
        count = len(manifest.keys)
        if manifest.sizes is not None:
            sizes, lengths = manifest.sizes, manifest.truth_bytes
        elif manifest.is_native:
            sizes, lengths = [(images.shape[1], images.shape[2])] * count, [0] * count
        else:
            return None
        truths = _mapped(folder / "truths.npy") if any(lengths) else np.empty(0, np.uint8)
        return PreparedSplit(
            images=_by_index(images, sizes, (3,)),
            masks=None if masks is None else _by_index(masks, sizes, ()),
            sizes=sizes,
            keys=manifest.keys,
            sequences=manifest.sequences,
            statistics=SplitStatistics.load(folder / "statistics.npz"),
            health=HealthReport.from_json(manifest.health),
            is_native=manifest.is_native,
            truths=np.split(truths, np.cumsum(lengths)[:-1]),
        )
    except (UnreadableError, *DAMAGED):
        return None


def _by_index(array: np.ndarray, sizes: list[Size], channels: tuple[int, ...]) -> Images:
    return Ragged(array, sizes, channels) if array.ndim == 1 else array


def _mapped(path: Path) -> np.ndarray:
    """The array, read as it is used; as a whole where the file system maps no files."""
    try:
        return np.load(path, mmap_mode="r")
    except OSError as error:
        if error.errno not in (errno.ENODEV, errno.ENOSYS, errno.EACCES, errno.EINVAL):
            raise
        return np.load(path)


def is_masked(source: Source, split: str) -> bool:
    """Whether its samples need masks: a training split without any is a mistake to report."""
    return split != "test" or has_masks(source, split)


@contextmanager
def storage_errors(folder: Path) -> Iterator[None]:
    """The source's files are read under errors of their own: what is left is artifacts/."""
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"{folder} cannot be written ({error.strerror}): make room, or set "
            "SEGCORE_ARTIFACTS to a folder on another disk."
        ) from error
