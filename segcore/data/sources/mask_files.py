"""Mask files -> label ids, whatever kind of PNG, BMP or TIFF a tool has made of them.

Optimisers pack the same image differently, and what a mask says must not change with it:

- Grey: the sample values are the class ids, at any bit depth.
- A palette of greys only: the greys are the ids; the indices are the optimiser's own.
- Colours of the classes, in a palette or directly: the colour tells the class. The indices are the
  ids where the palette lists the classes in the order of their ids, and where it holds any colour
  that no class has.
- Transparent pixels have no label, except where indices are the ids: there a colour, and its
  transparency, is only how an id is shown.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from segcore.data.sources.problems import Problem, SampleError
from segcore.images import UNREADABLE_ERRORS
from segcore.images.ids import SCALED, packing_of
from segcore.labels import CITYSCAPES, NO_LABEL, LabelSpace

Color = tuple[int, int, int]

_GREY_MODES = ("1", "L", "LA", "I", "I;16", "I;16B", "I;16L")


class MaskCoding:
    """How the masks of a data set say what a pixel is.

    Attributes:
        id_of: mask value on disk -> label id, (257,) int16, -1 for values that are unknown; the
            last entry stands for all values that no byte holds.
    """

    def __init__(
        self,
        ids: Mapping[int, int],
        colors: Mapping[int, Color] | None = None,
        space: LabelSpace = CITYSCAPES,
        remedy: str = "replace it or remove it",
    ) -> None:
        """
        Args:
            ids: mask value -> label id, NO_LABEL for none.
            colors: mask value -> the colour that the data set's own tools give it; the colours of
                the labels are known as well.
            space: of the label ids.
            remedy: what to do about a mask with other values.
        """
        self._space, self.remedy = space, remedy
        self.id_of = np.full(257, -1, np.int16)
        for value, label_id in ids.items():
            self.id_of[value] = label_id
        labelled = {value: space.by_id[id_].color for value, id_ in ids.items() if id_ != NO_LABEL}
        self._colorings = [labelled] if colors is None else [dict(colors), labelled]

    def values_of_colors(self, palette: list[Color], *, listed: bool) -> np.ndarray | None:
        """(256,) int16 mask value of each entry, -1 beyond them; None where they are no colours of
        classes.

        Args:
            listed: the palette belongs to indices, which may be the ids: None for one that lists
                the classes in their order.
        """
        greys = [color[0] for color in palette if len(set(color)) == 1]
        all_grey = len(greys) == len(palette)
        if all_grey and (self.id_of[greys] >= 0).all():
            return _table(greys)
        for coloring in self._colorings:
            if not set(palette) <= set(coloring.values()):
                continue
            in_order = (palette[v] == c for v, c in coloring.items() if v < len(palette))
            if listed and all(in_order):
                return None
            value_of = {coloring[value]: value for value in reversed(self._by_weight(coloring))}
            return _table(value_of[color] for color in palette)
        return _table(greys) if all_grey else None  # of which some are unknown, as will be said

    def colors_of(self, values: np.ndarray) -> np.ndarray:
        """(n, 3) int32 the colour of each mask value: that of its class, or else a grey."""
        known = self._colorings[0] if len(self._colorings) > 1 else {}
        return np.array([known.get(int(v), (int(v),) * 3) for v in values], np.int32)

    def _by_weight(self, values: Iterable[int]) -> list[int]:
        """Values whose labels are evaluated first: they get the colours that labels share."""
        return sorted(values, key=lambda v: (not self._space.by_id[self.id_of[v]].is_scored, v))


def read_mask(path: Path, coding: MaskCoding) -> np.ndarray:
    """(H, W) uint8 label ids of a mask file. Raises SampleError."""
    try:
        with Image.open(path, formats=("PNG", "BMP", "TIFF")) as file:
            packing = packing_of(file)
            file.load()
            values, transparent = _decoded(file, packing, coding)
    except UNREADABLE_ERRORS as error:
        raise _unreadable(path, error) from error
    return _labels(path, values, transparent, coding)


def read_nearest_mask(path: Path, coding: MaskCoding) -> np.ndarray:
    """(H, W) uint8 label ids of a mask that JPEG has blurred: of the nearest colour of a class.

    Raises SampleError.
    """
    try:
        with Image.open(path) as file:
            image = np.asarray(file.convert("RGB")).astype(np.int32)
    except UNREADABLE_ERRORS as error:
        raise _unreadable(path, error) from error
    known = np.flatnonzero(coding.id_of[:256] >= 0)
    colors = coding.colors_of(known)
    nearest = np.zeros(image.shape[:2], np.intp)
    smallest = np.full(image.shape[:2], np.iinfo(np.int64).max)
    for place, color in enumerate(colors):  # one at a time: of a large mask all are much memory
        distance = ((image - color) ** 2).sum(axis=-1)
        nearest[distance < smallest] = place
        smallest = np.minimum(smallest, distance)
    labels: np.ndarray = coding.id_of[known][nearest].astype(np.uint8)
    return labels


def _unreadable(path: Path, error: Exception) -> SampleError:
    return SampleError(
        Problem.UNREADABLE,
        f"{path} cannot be read as a mask ({_first_line(error)}): replace it or remove it.",
    )


def _decoded(
    file: Image.Image, packing: str, coding: MaskCoding
) -> tuple[np.ndarray, np.ndarray | None]:
    """(H, W) mask values of a loaded image, and (H, W) bool where it is transparent, if at all.

    Raises:
        ValueError: it is no mask.
    """
    if ";16" in packing and file.mode not in _GREY_MODES:
        raise ValueError("16 bits a channel with colours or transparency; save it as 8-bit grey")
    if file.mode == "P":
        indices = np.asarray(file)
        value_of = _values_of_palette(file, indices, coding)
        if value_of is None:
            return indices, None
        return value_of[indices], _transparent(file)
    if file.mode in ("RGB", "RGBA"):
        transparent = _transparent(file)
        return _values_of_rgb(np.asarray(file.convert("RGB")), transparent, coding), transparent
    if file.mode not in _GREY_MODES:
        raise ValueError("one class id per pixel is expected")
    if file.mode == "LA":
        return np.asarray(file.getchannel("L")), _transparent(file)
    values = np.asarray(file) // SCALED.get(packing, 1)
    key = file.info.get(
        "transparency"
    )  # a sample's value, but that white is 255 in black and white
    if not isinstance(key, int):
        return values, None
    return values, values == (min(key, 1) if file.mode == "1" else key)


def _transparent(file: Image.Image) -> np.ndarray | None:
    """(H, W) bool, or None where all is opaque."""
    if not file.has_transparency_data:
        return None
    transparent: np.ndarray = np.asarray(file.convert("RGBA").getchannel("A")) == 0
    return transparent if transparent.any() else None


def _values_of_palette(
    file: Image.Image, indices: np.ndarray, coding: MaskCoding
) -> np.ndarray | None:
    """(256,) int16 mask value of each index, -1 for those without; None where indices are ids."""
    flat = file.getpalette("RGB") or []
    palette = list(zip(*[iter(flat)] * 3, strict=True))
    if len(palette) > 1 and len(set(palette)) == 1:  # a palette for show
        return None
    value_of = coding.values_of_colors(palette, listed=True)
    used = [index for index in np.unique(indices) if index < len(palette)]
    told_apart = len({palette[index] for index in used}) == len(used)
    return value_of if told_apart else None


def _values_of_rgb(
    image: np.ndarray, transparent: np.ndarray | None, coding: MaskCoding
) -> np.ndarray:
    """(H, W, 3) uint8 -> (H, W) mask values, 0 where it is transparent. Raises ValueError."""
    packed = image.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    shown = packed if transparent is None else packed[~transparent]
    colors = np.unique(shown)
    palette = [(int(c) >> 16, int(c) >> 8 & 255, int(c) & 255) for c in colors[:257]]
    if len(palette) <= 256:
        value_of = coding.values_of_colors(palette, listed=False)
        if value_of is not None:
            return value_of[np.searchsorted(colors, packed).clip(0, len(colors) - 1)]
    raise ValueError("a colour image where one class id per pixel is expected")


def _table(values: Iterable[int]) -> np.ndarray:
    """(256,) int16 of the values, -1 after them."""
    known = list(values)
    return np.array(known + [-1] * (256 - len(known)), np.int16)


def _labels(
    path: Path, values: np.ndarray, transparent: np.ndarray | None, coding: MaskCoding
) -> np.ndarray:
    """(H, W) uint8 label ids of mask values. Raises SampleError on values that are unknown."""
    id_of = coding.id_of
    if values.dtype == np.uint8 and transparent is None:
        held = np.arange(int(values.max()) + 1)
        if (id_of[held] < 0).any():  # which of them occur takes longer to find out
            held = np.flatnonzero(Image.fromarray(values).histogram())
        known = id_of[held] >= 0
        if known.all():
            if (id_of[held] == held).all():
                return values
            # Pillow's table of bytes is several times faster than indexing.
            table = id_of[:256].clip(0).astype(np.uint8).tolist()
            return np.asarray(Image.fromarray(values).point(table))
        unknown = held[~known]
    else:
        values = values.astype(np.int64)
        mask = id_of[np.where((values >= 0) & (values <= 255), values, 256)]
        if transparent is not None:
            mask[transparent] = NO_LABEL
        if mask.min() >= 0:
            return mask.astype(np.uint8)
        unknown = np.unique(values[mask < 0])
    shown = ", ".join(map(str, unknown[:5])) + (", ..." if len(unknown) > 5 else "")
    raise SampleError(
        Problem.UNKNOWN_IDS, f"{path} holds unknown class ids ({shown}): {coding.remedy}."
    )


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
