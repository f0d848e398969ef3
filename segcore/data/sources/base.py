"""What a source of labelled street scenes is, and what all sources on disk share.

A new layout is a subclass of `FolderSource` in a file of its own, and a place in `FOLDER_SOURCES`.
"""

import errno
import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np

from segcore.data.sources.mask_files import MaskCoding, read_mask
from segcore.data.sources.problems import Problem, SampleError
from segcore.errors import DataError, ImageError
from segcore.errors.plain import path_text
from segcore.images import decode_image
from segcore.images.resizing import Size
from segcore.labels import CITYSCAPES, LabelSpace
from segcore.labels.merges import Merges

Picked = TypeVar("Picked")

SPLITS = ("train", "val", "test")

MANY = 2 / 3
"""Share of a layout's classes: masks that hold as many are taken for its own."""


LEADS_NOWHERE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)


@dataclass(frozen=True)
class Item:
    """One sample of a split, not read yet.

    A file that lacks its partner is an item too, so that the health report can name it; an item
    with neither file is rendered.
    """

    key: str  # unique in the split
    sequence: str  # film, city or scene group: frames of one sequence are alike
    image: Path | None
    mask: Path | None

    @property
    def is_rendered(self) -> bool:
        return self.image is None and self.mask is None


@dataclass(frozen=True)
class Sample:
    key: str
    sequence: str
    image: np.ndarray  # (H, W, 3) uint8 RGB
    mask: np.ndarray | None  # (H, W) uint8: label ids of the source's space, 255 for none


class Source(Protocol):
    """A data set by its splits; every mask is mapped into the ids of its label space."""

    @property
    def name(self) -> str:
        """Short name, the DATASET part of a run's name."""

    @property
    def spec(self) -> str:
        """The data spec that opens this source again, with an absolute path."""

    @property
    def default_size(self) -> Size: ...

    @property
    def splits(self) -> tuple[str, ...]: ...

    @property
    def label_space(self) -> LabelSpace:
        """What the ids of its masks mean."""

    @property
    def merges(self) -> Merges | None:
        """Which of its classes stand for several labels; None where each is one label."""

    def items(self, split: str) -> list[Item]:
        """The split's items, sorted by key. Raises DataError where it is absent or empty."""

    def read(self, item: Item) -> Sample:
        """The sample at its native size. Raises DataError that names the file."""

    def read_mask(self, item: Item) -> np.ndarray:
        """The sample's mask alone, (H, W) uint8. Raises DataError that names the file."""

    def fingerprint(self, split: str) -> str:
        """A hex digest that changes when the split's content does."""


def has_masks(source: Source, split: str) -> bool:
    """Whether the split can be scored; Cityscapes' test split cannot."""
    return any(item.mask is not None or item.is_rendered for item in source.items(split))


class FolderSource:
    """Shared part of the sources that are files in a directory.

    A subclass names its layout and says which image and mask files a split has, and what the masks'
    values mean.
    """

    name: str
    layout: str  # what the directory should look like, for messages
    default_size: Size
    classes: tuple[
        int, ...
    ] = ()  # label ids in the order of the masks' values, where they have one
    label_space: LabelSpace = CITYSCAPES
    merges: Merges | None = None
    notes: tuple[str, ...] = ()  # what is believed of a directory whose layout leaves it open

    def __init__(self, directory: Path) -> None:
        self.directory = directory.resolve()
        self.spec = f"{self.name}:{path_text(self.directory)}"
        # Looked at once: another source sees what has changed since.
        self._items: dict[str, list[Item]] = {}
        self._fingerprints: dict[str, str] = {}

    @cached_property
    def splits(self) -> tuple[str, ...]:
        with reachable(self.directory):
            return tuple(split for split in SPLITS if any(self.files(split)))

    @classmethod
    def recognises(cls, directory: Path) -> bool:
        """Whether the directory looks like this layout."""
        raise NotImplementedError

    def sequence(self, key: str, path: Path) -> str:
        raise NotImplementedError

    def files(self, split: str) -> tuple[dict[str, Path], dict[str, Path]]:
        """Image files and mask files of the split by key."""
        raise NotImplementedError

    def coding_of(self, mask: Path) -> MaskCoding:
        """What the values of a mask file mean."""
        raise NotImplementedError

    def other_classes(self, present: set[int]) -> str | None:
        """Why masks with just these label ids seem to mean other classes than the layout's.

        A sentence with the way out, or None. Data with classes of its own numbers them from 0 on,
        and most layouts have more.
        """
        held = [id_ in present for id_ in self.classes]
        first = sum(held)
        if not all(held[:first]) or not 1 < first <= MANY * len(held):
            return None
        names = ", ".join(self.label_space.names[id_] for id_ in self.classes[:first])
        return (
            f"The masks hold only the first {first} of the {len(held)} ids of {self.name}, which "
            f"are {names}: if they mean other classes, this is another data set, and training on "
            "it teaches those names."
        )

    def items(self, split: str) -> list[Item]:
        if split not in self._items:
            self._items[split] = self._list(split)
        return self._items[split]

    def _list(self, split: str) -> list[Item]:
        with reachable(self.directory):
            images, masks = self.files(split)
        if not images and not masks:
            raise DataError(
                f"{self.spec} has no {split} split: it has {', '.join(self.splits) or 'no images'}."
            )
        return [
            Item(
                key=path_text(key),
                sequence=path_text(self.sequence(key, images.get(key) or masks[key])),
                image=images.get(key),
                mask=masks.get(key),
            )
            for key in sorted(images.keys() | masks.keys())
        ]

    def read(self, item: Item) -> Sample:
        image = read_image(_image_of(item))
        if item.mask is None:
            return Sample(item.key, item.sequence, image, None)
        mask = self.read_mask(item)
        if mask.shape != image.shape[:2]:
            raise SampleError(
                Problem.SIZE_MISMATCH,
                f"{item.mask} is {mask.shape[1]}x{mask.shape[0]} pixels, its image "
                f"{image.shape[1]}x{image.shape[0]}: replace or remove the pair.",
            )
        return Sample(item.key, item.sequence, image, mask)

    def read_mask(self, item: Item) -> np.ndarray:
        _image_of(item)  # alone it is no sample, and nothing to count
        if item.mask is None:
            raise SampleError(
                Problem.NO_MASK, f"{item.image} has no mask: add the mask or remove the image."
            )
        return read_mask(item.mask, self.coding_of(item.mask))

    def fingerprint(self, split: str) -> str:
        """Digest of the split's file names, sizes and modification times."""
        if split not in self._fingerprints:
            items = self.items(split)
            paths = {path for item in items for path in (item.image, item.mask) if path}
            with reachable(self.directory):
                self._fingerprints[split] = fingerprint_files(self.name, self.directory, paths)
        return self._fingerprints[split]


@contextmanager
def reachable(directory: Path) -> Iterator[None]:
    """What the file system raises inside, as one line.

    A disk that is gone, a network's whose server is away and a folder of somebody else raise at
    any call, such as that which asks whether the folder is there.

    Raises:
        DataError: in place of OSError.
    """
    try:
        yield
    except PermissionError as error:
        place = error.filename or directory
        raise DataError(f"{place} may not be read: change its permissions.") from error
    except OSError as error:
        raise DataError(
            f"{directory} cannot be read ({error.strerror}): check that its disk or network "
            "folder is there."
        ) from error


def _image_of(item: Item) -> Path:
    if item.image is None:
        raise SampleError(
            Problem.NO_IMAGE, f"{item.mask} has no image: add the image or remove the mask."
        )
    return item.image


def fingerprint_files(name: str, root: Path, paths: Iterable[Path]) -> str:
    """Digest of the files' names below the root, sizes and times, in the order of their paths."""
    digest = hashlib.sha256(name.encode())
    start = len(os.path.join(root, ""))
    # As texts: `stat` and `relative_to` of paths take three times as long.
    for path in sorted(map(os.fspath, paths), key=lambda path: path.split(os.sep)):
        stat = _status(path)
        if stat is None:  # removed since it was listed
            continue
        below = path[start:].replace(os.sep, "/")
        digest.update(os.fsencode(f"{below}\0{stat.st_size}\0{stat.st_mtime_ns}\n"))
    return digest.hexdigest()


def _status(path: str) -> os.stat_result | None:
    """Of a link that leads nowhere its own."""
    for look in (os.stat, os.lstat):
        try:
            return look(path)
        except OSError as error:
            if error.errno not in LEADS_NOWHERE:
                raise
    return None


def visible_files(directory: Path, *suffixes: str) -> list[Path]:
    """Files of a directory by suffix, in any case, without hidden ones (macOS leaves `._x.png`).

    None where there is no such directory. Raises DataError where it cannot be listed.
    """
    with reachable(directory):
        paths = sorted(directory.iterdir()) if directory.is_dir() else []
    return [
        path for path in paths if path.suffix.lower() in suffixes and not path.name.startswith(".")
    ]


def read_image(path: Path) -> np.ndarray:
    """(H, W, 3) uint8 RGB. Raises SampleError."""
    try:
        return decode_image(path)
    except ImageError as error:
        raise SampleError(Problem.UNREADABLE, str(error)) from error


def evenly_spread(items: Sequence[Picked], most: int) -> list[Picked]:
    """All of the items, or `most` of them from the first to the last."""
    places = np.linspace(0, len(items) - 1, min(most, len(items))).round().astype(int)
    return [items[place] for place in places]
