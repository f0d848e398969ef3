"""Anybody's own images and masks, with classes of their own.

DIR/classes.json                     names, colours, what is scored; else found by looking
DIR/SPLIT/images/**, DIR/SPLIT/masks/**    or DIR/images/SPLIT and DIR/masks/SPLIT
DIR/images/**, DIR/masks/**          without splits: a fifth, chosen by name, becomes val
"""

import hashlib
import re
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image

from segcore.data.sources.base import FolderSource, Item, Sample, fingerprint_files, reachable
from segcore.data.sources.base import read_image as read_image_file
from segcore.data.sources.folder_classes import (
    CLASSES,
    COLOR_LISTS,
    FolderClasses,
    classes_named,
    classes_seen,
)
from segcore.data.sources.folder_corrections import (
    corrected_space,
    corrections_of,
    ignored_ids,
)
from segcore.data.sources.folder_files import Place, files_of, places_in
from segcore.data.sources.mask_files import MaskCoding, read_nearest_mask
from segcore.data.sources.problems import Problem, SampleError
from segcore.errors import DataError
from segcore.images import UNREADABLE_ERRORS, resize_image
from segcore.images.resizing import Size
from segcore.labels import NO_LABEL, LabelSpace

LARGEST = 480 * 640
"""Pixels of the default size; larger images are prepared smaller."""

SAME_PROPORTIONS = 0.02
"""Largest relative difference between the proportions of an image and of its mask."""

VAL_SHARE = 5
"""One image in so many is used for validation where the data set has no val split."""

JPEG = (".jpg", ".jpeg")

Files = tuple[dict[str, Path], dict[str, Path]]


class FoldersSource(FolderSource):
    """Images and masks with the same names, and the classes that the folder names or holds."""

    name = "folders"
    layout = "DIR/SPLIT/images and DIR/SPLIT/masks with the same names, or DIR/images and DIR/masks"

    @classmethod
    def recognises(cls, directory: Path) -> bool:
        return any(place.masks is not None for place in places_in(directory))

    def __init__(self, directory: Path) -> None:
        """Raises DataError where what names the classes cannot be read."""
        super().__init__(directory)
        with reachable(self.directory):
            self._named = classes_named(self.directory)
        self._corrections = corrections_of(self.spec)

    @cached_property
    def _places(self) -> list[Place]:
        with reachable(self.directory):
            return places_in(self.directory)

    @cached_property
    def _files(self) -> dict[str, Files]:
        """Split -> its files."""
        with reachable(self.directory):
            found = {place.split or "train": files_of(place) for place in self._places}
        found = {split: files for split, files in found.items() if any(files)}
        if "val" not in found and "train" in found:
            found["train"], found["val"] = _divided(*found["train"])
        return found

    @property
    def is_divided_here(self) -> bool:
        """Whether its val is a part of what the folder trains on."""
        return all(place.split != "val" for place in self._places)

    def files(self, split: str) -> Files:
        return self._files.get(split, ({}, {}))

    @cached_property
    def classes_found(self) -> FolderClasses:
        """Raises DataError where they are not named and cannot be told by looking."""
        if self._named is not None:
            return self._named
        masks = self._masks
        with reachable(self.directory):
            stamp = fingerprint_files(self.name, self.directory, masks)
        return classes_seen(self.directory, sorted(masks), stamp)

    @property
    def _masks(self) -> list[Path]:
        return [path for _, masks in self._files.values() for path in masks.values()]

    @cached_property
    def label_space(self) -> LabelSpace:  # type: ignore[override]
        """The space with an admin's corrections. Raises DataError where the classes cannot be
        told."""
        return corrected_space(self.classes_found.space, self._corrections)

    @cached_property
    def notes(self) -> tuple[str, ...]:  # type: ignore[override]
        """What was believed about the folder, a sentence each."""
        found = list(self.classes_found.notes)
        if any(path.suffix.lower() in JPEG for path in self._masks):
            found.append("JPEG blurs masks: each pixel counts as the class of the nearest colour.")
        if self.is_divided_here:
            found.append(
                f"No val: one image of {VAL_SHARE}, always the same by its name, is validated on."
            )
        return tuple(found)

    @cached_property
    def default_size(self) -> Size:  # type: ignore[override]
        """That of the first image, or smaller with the same proportions."""
        images = next((images for images, _ in self._files.values() if images), {})
        for _, path in sorted(images.items()):
            try:
                with Image.open(path) as file:
                    width, height = file.size
            except UNREADABLE_ERRORS:
                continue
            scale = min(1.0, (LARGEST / (height * width)) ** 0.5)
            return max(1, round(height * scale)), max(1, round(width * scale))
        return 480, 640

    def sequence(self, key: str, path: Path) -> str:
        """Its folder, and its name without the number at its end: frames of one film are alike."""
        return re.sub(r"[-_. ]*\d+$", "", key) or self.name

    def coding_of(self, mask: Path) -> MaskCoding:
        return self.classes_found.coding

    def read(self, item: Item) -> Sample:
        """The image at the size of its mask, which it is scored against."""
        if item.image is None or item.mask is None:
            return super().read(item)
        image, mask = read_image_file(item.image), self.read_mask(item)
        height, width = mask.shape
        if image.shape[:2] != (height, width):
            proportions = (image.shape[1] / image.shape[0]) / (width / height)
            if abs(proportions - 1) > SAME_PROPORTIONS:
                raise SampleError(
                    Problem.SIZE_MISMATCH,
                    f"{item.mask} is {width}x{height} pixels, its image {item.image.name} "
                    f"{image.shape[1]}x{image.shape[0]}, of other proportions: replace the pair.",
                )
            image = resize_image(image, (height, width))
        return Sample(item.key, item.sequence, image, mask)

    def read_mask(self, item: Item) -> np.ndarray:
        if item.image is not None and item.mask is not None and item.mask.suffix.lower() in JPEG:
            mask = read_nearest_mask(item.mask, self.coding_of(item.mask))
        else:
            mask = super().read_mask(item)
        ignored = ignored_ids(self._corrections)
        return np.where(np.isin(mask, ignored), np.uint8(NO_LABEL), mask) if ignored else mask

    def other_classes(self, present: set[int]) -> str | None:
        return None  # they are its own

    def fingerprint(self, split: str) -> str:
        """As `FolderSource.fingerprint`, and of what names the classes and says what counts."""
        if split not in self._fingerprints:
            digest = hashlib.sha256(super().fingerprint(split).encode())
            for name in (CLASSES, *COLOR_LISTS):
                digest.update(_content(self.directory / name))
            if self._corrections:
                scored = {label.id for label in self.classes_found.space.labels if label.is_scored}
                now = set(self.label_space.evaluated_ids)
                ignored = ignored_ids(self._corrections)
                if scored != now or ignored:  # names and colours change nothing
                    digest.update(f"scored {sorted(now)} ignored {ignored}".encode())
            self._fingerprints[split] = digest.hexdigest()
        return self._fingerprints[split]


def _content(path: Path) -> bytes:
    with reachable(path.parent):
        return path.read_bytes() if path.is_file() else b""


def _divided(images: dict[str, Path], masks: dict[str, Path]) -> tuple[Files, Files]:
    """Train and val: what is in val depends on an image's name alone, as long as both have one."""
    keys = sorted(images.keys() | masks.keys(), key=_drawn)
    if len(keys) < 2:
        raise DataError(f"{next(iter(images.values()))}: one image cannot be trained and tested on")
    val = {key for key in keys if _drawn(key) % VAL_SHARE == 0} or {keys[0]}
    if len(val) == len(keys):
        val.discard(keys[-1])
    return _only(images, masks, set(keys) - val), _only(images, masks, val)


def _only(images: dict[str, Path], masks: dict[str, Path], keys: Iterable[str]) -> Files:
    kept = set(keys)
    return (
        {key: path for key, path in images.items() if key in kept},
        {key: path for key, path in masks.items() if key in kept},
    )


def _drawn(key: str) -> int:
    """A number that follows from the name alone."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")
