"""Predictions of one split that another program made, taken in as a run."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from segcore import settings
from segcore.data.preparation import native_samples
from segcore.data.preparation.digests import SplitDigest, remember_digest
from segcore.data.sources import Source, open_source
from segcore.data.sources.base import reachable
from segcore.data.sources.folder_files import masks_by_key
from segcore.errors import DataError, ImageError, RunError, UnreadableError
from segcore.errors.plain import path_text, plain
from segcore.files.reading import read_bytes
from segcore.files.writing import storage_error
from segcore.images import encode_png, limits
from segcore.images.decoder import Decoder
from segcore.labels import CITYSCAPES, NO_LABEL
from segcore.runs.data_sets import short_name
from segcore.runs.kinds import MAIN_FILE
from segcore.runs.run import Run, get_run, now
from segcore.runs.staging import staging_folder
from segcore.runs.stored_masks import packed_masks
from segcore.runs.writer import RunWriter, new_run_name
from segcore.system.progress import Progress

LONGEST_NAME = 60


@dataclass(frozen=True)
class Numbering:
    """What the numbers of masks mean.

    Attributes:
        label_of: number -> label id.
        note: how the masks are read, a sentence; empty for label ids.
    """

    label_of: dict[int, int]
    note: str = ""

    @property
    def table(self) -> np.ndarray:
        """(256,) uint8; numbers that mean nothing stay."""
        table = np.arange(256, dtype=np.uint8)
        table[list(self.label_of)] = list(self.label_of.values())
        return table


def add_masks(
    folder: Path, spec: str, split: str, name: str, progress: Progress | None = None
) -> Run:
    """Makes a run of masks: a PNG of ids for each image of the split, named as the image.

    Nothing is left behind where it is refused or interrupted.

    Args:
        name: what to call it, such as "SegFormer".

    Raises:
        DataError: the data or the folder cannot be read, an image has no mask, or one does not fit.
        RunError: the name is empty or too long.
        StorageError: artifacts/ cannot be written.
    """
    if not name.strip() or plain(name, longest=LONGEST_NAME) != name:
        raise RunError(
            f"{name!r} cannot be a name: give 1 to {LONGEST_NAME} letters, digits and spaces"
        )
    source = open_source(spec)
    source.fingerprint(split)  # as the files are before anything is read
    masks, digest, held = _read(folder, source, split, progress)
    numbering = _numbering(held, source)
    remember_digest(source, split, digest)
    space = source.label_space
    manifest = {
        "kind": "masks",
        "split": split,
        "model": "masks",
        "recipe": {"name": name},
        "data": {"spec": source.spec, "dataset": source.name, "digests": {split: digest}},
        "notes": [numbering.note] if numbering.note else [],
        "status": "finished",
        "started": now(),
        "weights": {},
        **({} if space == CITYSCAPES else {"label_space": space.as_dict()}),
    }
    run_name = new_run_name("masks", short_name(source.spec))
    try:
        with staging_folder() as staged:
            writer = RunWriter.create(run_name, manifest, inside=staged)
            writer.commit_epoch({MAIN_FILE["masks"]: packed_masks(masks, numbering.table)})
            os.replace(writer.path, settings.runs_dir() / run_name)
    except OSError as error:
        raise storage_error(settings.runs_dir(), error) from error
    return get_run(run_name)


def _read(
    folder: Path, source: Source, split: str, progress: Progress | None
) -> tuple[dict[str, bytes], str, dict[int, Path]]:
    """The mask of each image as a PNG, the digest of the split, and the numbers that masks hold,
    each with the first file that does."""
    samples = native_samples(source.spec, split)
    with reachable(folder):
        if not folder.is_dir():
            raise DataError(f"{path_text(folder)} is no folder: give the one that holds the masks.")
        files = masks_by_key(samples.keys, folder, (".png",))
    if missing := [key for key in samples.keys if key not in files]:
        more = f" ({len(missing)} images have none)" if len(missing) > 1 else ""
        raise DataError(
            f"{path_text(folder)} has no mask of {missing[0]}{more}: every image of {split} needs "
            f"one, such as {missing[0]}.png."
        )
    masks: dict[str, bytes] = {}
    held: dict[int, Path] = {}
    digest = SplitDigest()
    with Decoder() as decoder:
        for index, key in enumerate(samples.keys):
            sample, path = samples[index], files[key]
            values = _decoded(path, decoder)
            if values.shape != sample.image.shape[:2]:
                (height, width), (tall, wide) = values.shape, sample.image.shape[:2]
                raise DataError(
                    f"{path_text(path)} is {width}x{height} pixels, its image {wide}x{tall}: save "
                    "the mask at the image's size."
                )
            digest.add(sample)
            for value in np.flatnonzero(np.bincount(values.ravel())).tolist():
                held.setdefault(value, path)
            masks[key] = encode_png(values)
            if progress is not None:
                progress(index + 1, len(samples))
    return masks, digest.hexdigest(), held


def _decoded(path: Path, decoder: Decoder) -> np.ndarray:
    """(H, W) uint8 numbers of an untrusted file. Raises DataError."""
    try:
        return decoder.ids(read_bytes(path, limits.MAX_FILE_BYTES))
    except UnreadableError as error:
        raise DataError(f"{path_text(path)} {error}: replace it.") from error
    except ImageError as error:
        raise DataError(f"{path_text(path)}: {error}") from error


def _numbering(held: dict[int, Path], source: Source) -> Numbering:
    """What the numbers mean: label ids, unless all are those of another numbering of classes.

    Such numbers are small: as label ids they would be ego vehicle, border and the like, which no
    network is trained to see.

    Raises:
        DataError: a number means nothing.
    """
    space = source.label_space
    # What a prediction leaves open is a miss, as a label that is never scored is.
    left_open = {NO_LABEL: space.void_ids[0]} if space.void_ids else {}
    labels = Numbering({label.id: label.id for label in space.labels} | left_open)
    if space == CITYSCAPES and not held.keys() <= {*space.evaluated_ids, NO_LABEL}:
        classes = tuple(getattr(source, "classes", ()))
        for ids, whose in ((classes, source.name), (space.evaluated_ids, "Cityscapes' train")):
            label_of = dict(enumerate(ids)) | left_open
            if held.keys() <= label_of.keys() and len(ids) < len(space.labels):
                return Numbering(label_of, f"Its ids are {whose} ids, 0 to {len(ids) - 1}.")
    for value, path in sorted(held.items()):
        if value not in labels.label_of:
            raise DataError(
                f"{path_text(path)} holds the id {value}, which is no class of {space.name}: give "
                "each pixel the id of one."
            )
    return labels
