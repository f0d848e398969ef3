"""A first look at a data set, before anything is made of it: what was understood, what is doubtful.

A layout says where images and masks are, not what the masks mean. Somebody's own classes 0 to 4 in
CamVid's layout would be sky, building, pole, road and sidewalk from then on, without an error. So
some masks of each split are read, and what does not look like the layout's data is said.
"""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from segcore.data.sources.base import FolderSource, Item, Source, evenly_spread
from segcore.data.sources.problems import SampleError
from segcore.errors import DataError
from segcore.labels import NO_LABEL, LabelSpace
from segcore.system.parallel import overlapped

PER_SPLIT = 8
"""Samples of each split that are read, evenly spread: of Cityscapes' size in about a second."""

MOST_LISTED = 30
"""Classes whose shares are said."""

MOST_SAMPLES = 1 / 2
MOST_PIXELS = 2 / 3


@dataclass(frozen=True)
class FirstLook:
    """What was understood of a data set.

    Attributes:
        spec: its data spec, which names the layout.
        images, masks: how many files of each every split has.
        looked_at: how many samples were read.
        used: how many of them can be used.
        shares: class -> its share of their pixels, most first; `no label` for pixels without one.
        doubts: what does not fit, a sentence each; empty where the data looks as it should.
        notes: what is believed of a folder of somebody's own, a sentence each.
    """

    spec: str
    images: dict[str, int]
    masks: dict[str, int]
    looked_at: int
    used: int
    shares: dict[str, float]
    doubts: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def in_words(self) -> str:
        """What was found and what the masks hold, in a line or two."""
        files = ", ".join(
            f"{split} {images} images with {self.masks[split] or 'no'} masks"
            for split, images in self.images.items()
        )
        files = " ".join([f"{files}.", *self.notes]) if self.notes else files
        if not self.used:
            return files
        listed = [f"{name} {share:.1%}" for name, share in self.shares.items()]
        rest = len(listed) - MOST_LISTED
        listed = [*listed[:MOST_LISTED], f"{rest} classes more"] if rest > 1 else listed
        shares = ", ".join(listed)
        return f"{files}\n{self.used} of {self.looked_at} samples looked at can be used: {shares}"


class DoubtfulDataError(DataError):
    """Data whose masks seem to mean something else than its layout says; `look` says what."""

    def __init__(self, look: FirstLook, way_on: str) -> None:
        super().__init__(f"{look.spec}: {' '.join(look.doubts)} {way_on}")
        self.look = look


def first_look(source: Source) -> FirstLook | None:
    """Reads some samples of each split; None for the built-in data, of which there is no doubt.

    Raises DataError where a folder cannot be listed.
    """
    if not isinstance(source, FolderSource):
        return None
    items = {split: source.items(split) for split in source.splits}
    masks = {split: sum(i.mask is not None for i in listed) for split, listed in items.items()}
    chosen = [item for listed in items.values() for item in _spread(listed)]
    outcomes = list(overlapped(lambda item: _read(source, item), chosen, os.cpu_count() or 1))
    problems = [outcome for outcome in outcomes if isinstance(outcome, SampleError)]
    counts = [outcome for outcome in outcomes if not isinstance(outcome, SampleError)]
    pixels = np.sum(counts, axis=0, initial=0) if counts else np.zeros(256, np.int64)
    doubts = [*_missing_masks(masks, source.layout), *_unusable(problems, len(outcomes))]
    if pixels.any():
        doubts += _other_classes(source, pixels)
    return FirstLook(
        spec=source.spec,
        images={split: sum(i.image is not None for i in listed) for split, listed in items.items()},
        masks=masks,
        looked_at=len(outcomes),
        used=len(counts),
        shares=_shares(pixels, source.label_space),
        doubts=tuple(doubts),
        notes=source.notes,
    )


def _spread(items: Sequence[Item]) -> list[Item]:
    """Some of the items that have both files, evenly spread."""
    whole = [item for item in items if item.image is not None and item.mask is not None]
    return evenly_spread(whole, PER_SPLIT)


def _read(source: FolderSource, item: Item) -> np.ndarray | SampleError:
    """(256,) pixels of each label id, or why the sample cannot be used."""
    try:
        mask = source.read(item).mask
    except SampleError as error:
        return error
    assert mask is not None
    return np.bincount(mask.ravel(), minlength=256)


def _shares(pixels: np.ndarray, space: LabelSpace) -> dict[str, float]:
    names = {**dict(enumerate(space.names)), NO_LABEL: "no label"}
    found = sorted((id_ for id_ in names if pixels[id_]), key=lambda id_: -pixels[id_])
    return {names[id_]: float(pixels[id_] / pixels.sum()) for id_ in found}


def _missing_masks(masks: dict[str, int], layout: str) -> list[str]:
    """What lacks masks in train and val; a test split may come without."""
    bare = [split for split in ("train", "val") if masks.get(split) == 0]
    if not bare:
        return []
    return [f"There is not one mask for {' and '.join(bare)}: expected {layout}."]


def _unusable(problems: Sequence[SampleError], looked_at: int) -> list[str]:
    """Single broken files are left out and named later; these are too many for that."""
    if len(problems) <= MOST_SAMPLES * looked_at:
        return []
    counted = Counter(problem.problem for problem in problems)
    first = {problem.problem: problem.message for problem in reversed(problems)}
    return [
        f"{count} of the {looked_at} samples looked at: {kind.value}. {first[kind]}"
        for kind, count in counted.items()
    ]


def _other_classes(source: FolderSource, pixels: np.ndarray) -> list[str]:
    """Signs that the masks mean other classes than the layout's."""
    space = source.label_space
    other = source.other_classes({id_ for id_ in range(space.num_classes) if pixels[id_]})
    if other is not None:
        return [other]
    scored = pixels[list(space.evaluated_ids)]
    unscored = 1 - scored.sum() / pixels.sum()
    if unscored > MOST_PIXELS:
        return [f"{unscored:.0%} of the pixels have no class that is scored, or no class at all."]
    if (scored > 0).sum() == 1:
        only = space.names[space.evaluated_ids[int(scored.argmax())]]
        return [f"All that is scored is {only}: there is nothing to tell apart."]
    return []
