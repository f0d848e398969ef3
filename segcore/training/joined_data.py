"""The data sets of one training, joined: the first is validated on too."""

from collections.abc import Sequence

import numpy as np

from segcore.data.preparation import Prepared, prepare
from segcore.data.preparation.digests import split_digest
from segcore.data.preparation.ragged import Images
from segcore.data.sources import Source, open_source, split_specs
from segcore.errors import TrainingError
from segcore.labels import ClassMap
from segcore.labels.merge_syntax import merging
from segcore.recipes import Recipe


def joined_classes(specs: str, merge: Sequence[str], ignore: Sequence[str]) -> ClassMap:
    """The classes that are trained on, as `segcore.labels.merge_syntax` reads them.

    Raises:
        TrainingError: the ids of the data sets' masks do not mean the same.
        DataError: as `merging`.
    """
    sources = [open_source(spec) for spec in split_specs(specs)]
    _require_same_classes(sources)
    return merging(sources[0].label_space, merge, ignore)


def prepare_joined(recipe: Recipe, specs: str) -> list[Prepared]:
    """Each of the joined data sets, all of which are trained on and the first validated on.

    Raises:
        TrainingError: the ids of their masks do not mean the same.
    """
    sources = [open_source(spec) for spec in split_specs(specs)]
    _require_same_classes(sources)
    return [
        prepare(
            source.spec,
            recipe.size_for(source.default_size),
            ("train", "val") if place == 0 else ("train",),
            mode=recipe.mode,
        )
        for place, source in enumerate(sources)
    ]


def _require_same_classes(sources: Sequence[Source]) -> None:
    first, *others = sources
    for other in others:
        ours, theirs = first.label_space, other.label_space
        if not ours.has_classes_of(theirs):
            raise TrainingError(
                f"{first.spec} has the classes of {ours.name}, {other.spec} those of "
                f"{theirs.name}: train on data of the same classes together"
            )


def chosen_images(joined: Sequence[Prepared], left_out: Sequence[str]) -> list[np.ndarray]:
    """For each data set, the indices of the training images outside the films left out."""
    films = [np.array(prepared.splits["train"].sequences) for prepared in joined]
    unknown = sorted(set(left_out) - set(np.concatenate(films)))
    if unknown:
        there = ", ".join(sorted(set(films[0]))[:8])
        raise TrainingError(f"No training image is of {unknown[0]}: leave out one of {there}.")
    chosen = [np.flatnonzero(~np.isin(names, list(left_out))) for names in films]
    for prepared, indices in zip(joined, chosen, strict=True):
        if not len(indices):
            raise TrainingError(f"{prepared.spec}: nothing is left to train on; leave out less")
    return chosen


def images_and_masks(prepared: Prepared) -> tuple[Images, Images]:
    """Images and masks of the training split."""
    train = prepared.splits["train"]
    if train.masks is None:
        raise TrainingError(f"{prepared.spec}: has no masks to train on; choose other data")
    return train.images, train.masks


def digests_of(joined: Sequence[Prepared]) -> list[dict[str, str]]:
    """What each data set's splits are by content: the first is validated on too."""
    splits = [("train", "val"), *[("train",)] * (len(joined) - 1)]
    return [
        {split: split_digest(prepared.spec, split) for split in used}
        for prepared, used in zip(joined, splits, strict=True)
    ]
