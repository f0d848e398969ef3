"""Which files of a folder are images and masks, and which belong together."""

import os
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from segcore.errors import DataError

IMAGES = ("images", "image", "imgs", "img", "jpegimages")
MASKS = ("masks", "mask", "labels", "label", "annotations", "segmentationclass")
SPLITS = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validation"),
    "test": ("test", "testing"),
}
"""How folders are called, in any case."""

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")
MASK_SUFFIXES = (".png", ".bmp", ".tif", ".tiff", ".jpg", ".jpeg")

_MASK_END = re.compile(
    r"[-_. ](gtfine[-_])?(masks?|gt|label|labels|labelids|seg|segmentation|annotation)$",
    re.IGNORECASE,
)
_IMAGE_END = re.compile(r"[-_. ](image|img|rgb|leftimg8bit)$", re.IGNORECASE)


@dataclass(frozen=True)
class Place:
    """The folders of images and masks of a split; those of a whole data set have no split."""

    split: str | None
    images: Path
    masks: Path | None


def places_in(directory: Path) -> list[Place]:
    """SPLIT/images and SPLIT/masks, images/SPLIT and masks/SPLIT, or one folder of each.

    Raises OSError where the directory cannot be listed.
    """
    children = _folders(directory)
    found = [
        Place(split, images, _named(_folders(folder), MASKS))
        for split, folder in _split_folders(children)
        if (images := _named(_folders(folder), IMAGES)) is not None
    ]
    if found:
        return found
    images, masks = _named(children, IMAGES), _named(children, MASKS)
    if images is None or masks is None:
        return []
    of_masks = dict(_split_folders(_folders(masks)))
    by_split = [
        Place(split, folder, of_masks.get(split))
        for split, folder in _split_folders(_folders(images))
    ]
    return by_split or [Place(None, images, masks)]


def files_of(place: Place) -> tuple[dict[str, Path], dict[str, Path]]:
    """Image files and mask files by key: the image's path in its folder, without its ending.

    A mask belongs to the image of the same path, or of the same path but for an ending such as
    `_mask`; else to the only image of that name in any folder. One that belongs to none has a key
    of its own.

    Raises:
        DataError: two files stand for one image.
    """
    images = _by_stem(place.images, IMAGE_SUFFIXES)
    masks = {} if place.masks is None else masks_by_key(images, place.masks)
    return images, masks


def masks_by_key(
    images: Iterable[str], folder: Path, suffixes: tuple[str, ...] = MASK_SUFFIXES
) -> dict[str, Path]:
    """The mask files of a folder by the keys of these images; see `files_of`.

    Raises:
        DataError: two files stand for one image.
        OSError: the folder cannot be listed.
    """
    masks = _by_stem(folder, suffixes)
    keys = dict.fromkeys(images)
    bare = {_IMAGE_END.sub("", key): key for key in keys}
    by_name: dict[str, list[str]] = {}
    for key in keys:
        by_name.setdefault(key.rpartition("/")[2], []).append(key)
    paired: dict[str, Path] = {}
    for stem, path in masks.items():
        stripped = _MASK_END.sub("", stem)
        alike = by_name.get(stripped.rpartition("/")[2], [])
        bared = _IMAGE_END.sub("", stripped)
        names = (stem, stripped, bare.get(stem), bare.get(stripped), bared)
        found = next((name for name in names if name in keys), None)
        key = found or (alike[0] if len(alike) == 1 else stem)
        if key in paired:
            raise DataError(f"{path} and {paired[key]} are masks of one image: remove one of them.")
        paired[key] = path
    return paired


def _by_stem(folder: Path, suffixes: tuple[str, ...]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    start = len(os.path.join(folder, ""))
    for path in _visible_below(folder, suffixes):
        # By its text: `relative_to` and `with_suffix` of 25,000 paths take a second.
        stem = os.path.splitext(os.fspath(path)[start:])[0].replace(os.sep, "/")
        key = unicodedata.normalize("NFC", stem)  # macOS writes an umlaut as two characters
        if key in found:
            raise DataError(f"{path} and {found[key]} have one name: remove or rename one of them.")
        found[key] = path
    return found


def _visible_below(folder: Path, suffixes: tuple[str, ...]) -> Iterator[Path]:
    """Files of a folder and the folders in it, links followed; none that a system left there."""
    seen: set[str] = set()

    def stop(error: OSError) -> None:
        raise error

    for holder, folders, names in os.walk(folder, onerror=stop, followlinks=True):
        real = os.path.realpath(holder)
        if real in seen:  # a link that leads back
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if _is_visible(name))
        for name in sorted(names):
            if _is_visible(name) and os.path.splitext(name)[1].lower() in suffixes:
                yield Path(holder, name)


def _is_visible(name: str) -> bool:
    return not name.startswith(".") and name != "__MACOSX"


def _folders(directory: Path) -> list[Path]:
    return sorted(path for path in directory.iterdir() if _is_visible(path.name) and path.is_dir())


def _named(folders: list[Path], names: tuple[str, ...]) -> Path | None:
    return next((path for name in names for path in folders if path.name.lower() == name), None)


def _split_folders(folders: list[Path]) -> list[tuple[str, Path]]:
    named = ((split, _named(folders, names)) for split, names in SPLITS.items())
    return [(split, folder) for split, folder in named if folder is not None]
