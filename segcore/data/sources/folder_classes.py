"""Which classes a folder of masks has: by its `classes.json`, a list of colours, or by looking."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from os import cpu_count
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
from PIL import Image

from segcore.data.sources.base import evenly_spread
from segcore.data.sources.mask_files import MaskCoding
from segcore.errors import DataError, UnreadableError
from segcore.errors.plain import path_text, plain
from segcore.files.reading import Plain, read_bytes, read_json
from segcore.images import UNREADABLE_ERRORS
from segcore.labels import NO_LABEL, Label, LabelSpace
from segcore.labels.space import LARGEST_ID, NAME_LENGTH, Color, color_of, hex_of, with_colors
from segcore.system.parallel import overlapped

CLASSES = "classes.json"
COLOR_LISTS = ("label_colors.txt", "labelmap.txt")
"""CamVid's (`64 128 64 Animal` a line) and CVAT's (`animal:64,128,64::` a line)."""

LOOKED_AT = 200
"""Masks that are read to find their classes, where nothing names them; evenly spread."""

MOST_COLORS = 256
"""An image with more colours is no mask."""

SMALLEST_SHARE = 0.002
BLUR = 60
"""In a JPEG mask: share of its pixels that a class has, and how far from its colour they lie."""

VOID_NAMES = {"void", "unlabelled", "unlabeled", "ignore", "ignored"}

MaskValue = Annotated[int, msgspec.Meta(ge=0, le=255)]


class GivenClass(msgspec.Struct, frozen=True):
    """An entry of `classes.json`."""

    id: Annotated[int, msgspec.Meta(ge=0, le=LARGEST_ID)]
    name: Plain
    color: str | None = None
    scored: bool = True


class GivenClasses(msgspec.Struct, frozen=True):
    """`classes.json`.

    Attributes:
        ignore: mask values of pixels that have no class.
        name: of the whole; by default that of the folder.
    """

    classes: list[GivenClass]
    ignore: tuple[MaskValue, ...] = (NO_LABEL,)
    name: Plain | None = None


@dataclass(frozen=True)
class FolderClasses:
    """Attributes:
    coding: what values and colours of the masks mean.
    notes: what was believed, a sentence each.
    """

    space: LabelSpace
    coding: MaskCoding = field(compare=False)
    notes: tuple[str, ...]


def classes_named(directory: Path) -> FolderClasses | None:
    """The classes that a file in the directory names; None where there is none.

    Raises:
        DataError: what names them cannot be read.
    """
    if (directory / CLASSES).exists():
        return _given(directory / CLASSES)
    for name in COLOR_LISTS:
        if (directory / name).exists():
            return _listed(directory / name)
    return None


def classes_seen(directory: Path, masks: Sequence[Path], fingerprint: str) -> FolderClasses:
    """The classes that some of the masks of a directory hold.

    Args:
        fingerprint: changes with the masks: what was found by looking is found again by it.

    Raises:
        DataError: no mask can be read, or they hold no classes.
    """
    return _looked_at(directory, tuple(evenly_spread(masks, LOOKED_AT)), fingerprint)


def space_named_by(path: Path) -> LabelSpace:
    """The classes that a file such as `classes.json` or a list of colours names, in its order.

    Raises:
        DataError: it cannot be read.
    """
    return (_given if path.suffix.lower() == ".json" else _listed)(path).space


# --- classes that are named --------------------------------------------------------------------


def _given(path: Path) -> FolderClasses:
    try:
        given = read_json(path, GivenClasses)
        labels = tuple(
            Label(one.id, one.name[:NAME_LENGTH], (0, 0, 0), is_scored=one.scored)
            for one in given.classes
        )
        colors = {one.id: color_of(one.color) for one in given.classes if one.color is not None}
        space = _space(given.name or path.parent.name, with_colors(labels, colors))
    except (UnreadableError, ValueError) as error:
        raise DataError(f"{path}: {error}; name every class with its id") from error
    values = {label.id: label.id for label in space.labels}
    values |= {value: NO_LABEL for value in given.ignore if value not in values}
    if len(labels) == 2 and set(values) <= {0, 1, NO_LABEL} and NO_LABEL not in given.ignore:
        values[255] = 1  # black and white
    coding = MaskCoding(values, colors or None, space, REMEDY)
    return FolderClasses(space, coding, (f"{len(labels)} classes, named by {CLASSES}.",))


def _listed(path: Path) -> FolderClasses:
    """Classes of a list of names and colours, their ids in the order of its lines."""
    try:
        lines = read_bytes(path, 1 << 16).decode(errors="replace").splitlines()
    except UnreadableError as error:
        raise DataError(f"{path} {error}; restore it or remove it") from error
    found = [entry for line in lines if (entry := _entry(line)) is not None]
    if not found or len(found) > LARGEST_ID:
        raise DataError(f"{path}: no list of names and colours, such as `64 128 64 Animal` a line")
    labels = tuple(
        Label(id_, name, color, is_scored=not is_void, is_void=is_void)
        for id_, (name, color) in enumerate(found)
        for is_void in [name.casefold() in VOID_NAMES]
    )
    try:
        colors = {label.id: label.color for label in labels}
        space = _space(path.parent.name, with_colors(labels, colors))
    except ValueError as error:
        raise DataError(f"{path}: {error}; correct it") from error
    values = {label.id: label.id for label in labels}
    coding = MaskCoding(values | {NO_LABEL: NO_LABEL}, colors, space, REMEDY)
    return FolderClasses(space, coding, (f"{len(labels)} classes, named by {path.name}.",))


def _entry(line: str) -> tuple[str, Color] | None:
    """Name and colour of a line; None for a comment or an empty one."""
    line = line.strip()
    if not line or line.startswith("#"):
        return None
    after = re.fullmatch(r"(\d+)[\s,]+(\d+)[\s,]+(\d+)[\s,]+(\S.*)", line)
    before = re.fullmatch(r"([^:]+?)\s*[:\s]\s*(\d+)[\s,]+(\d+)[\s,]+(\d+)(?::.*)?", line)
    if after:
        *numbers, name = after.groups()
    elif before:
        name, *numbers = before.groups()
    else:
        return None
    red, green, blue = (int(number) for number in numbers)
    if max(red, green, blue) > 255:
        return None
    return plain(name, longest=NAME_LENGTH), (red, green, blue)


REMEDY = f"name what they mean in {CLASSES}, or replace the mask"


# --- classes found by looking ------------------------------------------------------------------


@dataclass(frozen=True)
class _Seen:
    """What one mask holds: the greys or indices that are its ids, or else the colours.

    Attributes:
        palette: of its indices, where it has one of colours.
    """

    values: frozenset[int] = frozenset()
    colors: frozenset[Color] = frozenset()
    palette: tuple[Color, ...] = ()
    is_jpeg: bool = False
    problem: str = ""


@lru_cache(maxsize=64)
def _looked_at(directory: Path, masks: tuple[Path, ...], fingerprint: str) -> FolderClasses:
    seen = list(overlapped(_look, masks, cpu_count() or 1))
    usable = [one for one in seen if not one.problem]
    if not usable:
        why = seen[0].problem if seen else f"{directory} holds no masks: put them beside the images"
        raise DataError(f"{why} ({CLASSES} may name the classes)")
    palettes = sorted({one.palette for one in usable}, key=len)
    longest = palettes[-1]
    # An optimiser reorders each file's colours: then the indices mean nothing.
    are_alike = all(longest[: len(palette)] == palette for palette in palettes)
    by_color = not are_alike or any(one.colors for one in usable)
    found = _by_colors(directory, usable) if by_color else _by_values(directory, usable, longest)
    looked = f"found by looking at {len(usable)} masks; {CLASSES} can name them"
    notes = [f"{len(found.space.labels)} classes, {looked}.", *found.notes]
    return FolderClasses(found.space, found.coding, tuple(notes))


def _by_values(directory: Path, seen: Iterable[_Seen], palette: tuple[Color, ...]) -> FolderClasses:
    values = sorted({value for one in seen for value in one.values})
    if values in ([0, 255], [255]):
        two = (Label(0, "background", (0, 0, 0)), Label(1, "foreground", (0, 0, 0)))
        space = _space(directory.name, with_colors(two, {}))
        coding = MaskCoding({0: 0, 1: 1, 255: 1}, None, space, REMEDY)
        return FolderClasses(space, coding, ("255 is foreground, 0 background.",))
    ids = [value for value in values if value != NO_LABEL]
    if not ids or ids[-1] > LARGEST_ID:
        largest = max(values)
        raise DataError(
            f"{directory}: its masks hold ids up to {largest}; the largest that a class can have "
            f"is {LARGEST_ID}: save them with smaller ids"
        )
    colors = {id_: palette[id_] for id_ in ids if id_ < len(palette)}
    if len(set(colors.values())) < len(ids):  # a palette for show
        colors = {}
    labels = tuple(Label(id_, f"class {id_}", (0, 0, 0)) for id_ in ids)
    space = _space(directory.name, with_colors(labels, colors))
    mapped = {id_: id_ for id_ in (*ids, NO_LABEL)}
    return FolderClasses(space, MaskCoding(mapped, colors or None, space, REMEDY), ())


def _by_colors(directory: Path, seen: Sequence[_Seen]) -> FolderClasses:
    exact = {color for one in seen if not one.is_jpeg for color in one.colors}
    exact |= {one.palette[value] for one in seen if one.palette for value in one.values}
    blurred = [color for one in seen if one.is_jpeg for color in sorted(one.colors)]
    colors = sorted(exact)
    for color in blurred:
        if all(_apart(color, known) > BLUR for known in colors):
            colors.append(color)
    colors.sort()
    if len(colors) > LARGEST_ID:
        raise DataError(
            f"{directory}: its masks hold {len(colors)} colours, more than classes: name the "
            f"classes' colours in {CLASSES}"
        )
    if set(colors) <= {(0, 0, 0), (255, 255, 255)}:
        names = ["background", "foreground"]
        colors = [(0, 0, 0), (255, 255, 255)]
        note = "White is foreground, black background."
    else:
        note = "Colours are the classes."
        names = [f"class {hex_of(color)[1:]}" for color in colors]
    labels = tuple(Label(id_, name, (0, 0, 0)) for id_, name in enumerate(names))
    color_by_id = dict(enumerate(colors))
    space = _space(directory.name, with_colors(labels, color_by_id))
    coding = MaskCoding({id_: id_ for id_ in color_by_id}, color_by_id, space, REMEDY)
    return FolderClasses(space, coding, (note,))


def _apart(one: Color, other: Color) -> float:
    return float(np.linalg.norm(np.subtract(one, other)))


def _look(path: Path) -> _Seen:
    try:
        with Image.open(path) as file:
            is_jpeg = file.format == "JPEG"
            file.load()
            if file.mode == "P":
                return _look_at_palette(file)
            if file.mode in ("RGB", "RGBA") or is_jpeg:
                return _look_at_colors(path, file, is_jpeg)
            band = file.getchannel("L") if file.mode == "LA" else file
            return _Seen(frozenset(np.unique(np.asarray(band)).astype(int).tolist()))
    except UNREADABLE_ERRORS as error:
        return _Seen(problem=f"{path_text(path)} cannot be read as a mask ({error})")


def _look_at_palette(file: Image.Image) -> _Seen:
    flat = file.getpalette("RGB") or []
    palette = tuple(zip(flat[::3], flat[1::3], flat[2::3], strict=True))
    used = np.unique(np.asarray(file)).tolist()
    if all(len(set(palette[index])) == 1 for index in used if index < len(palette)):
        return _Seen(frozenset(palette[i][0] if i < len(palette) else i for i in used))
    return _Seen(frozenset(used), palette=palette)


def _look_at_colors(path: Path, file: Image.Image, is_jpeg: bool) -> _Seen:
    opaque = np.asarray(file.convert("RGBA")).reshape(-1, 4)
    pixels = opaque[opaque[:, 3] > 0, :3].astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1])
    packed, counts = np.unique(pixels, return_counts=True)
    if is_jpeg:
        common = counts >= SMALLEST_SHARE * len(pixels)
        order = np.argsort(-counts[common], kind="stable")
        colors: list[Color] = []
        for color in map(_unpacked, packed[common][order].tolist()):
            if all(_apart(color, known) > BLUR for known in colors):
                colors.append(color)
        return _Seen(colors=frozenset(colors), is_jpeg=True)
    if len(packed) > MOST_COLORS:
        return _Seen(
            problem=f"{path_text(path)} holds {len(packed)} colours, so it is no mask: replace it"
        )
    found = frozenset(map(_unpacked, packed.tolist()))
    if all(len(set(color)) == 1 for color in found):
        return _Seen(frozenset(color[0] for color in found))
    return _Seen(colors=found)


def _unpacked(color: int) -> Color:
    return color >> 16, color >> 8 & 255, color & 255


def _space(name: str, labels: tuple[Label, ...]) -> LabelSpace:
    """Raises ValueError."""
    word = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-") or "own"
    return LabelSpace.made(word[:40], labels)
