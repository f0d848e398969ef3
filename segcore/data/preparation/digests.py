"""What the images and masks of a split are, by content: the identity of a data set.

Two folders with the same pixels are the same data, and a folder whose pixels have changed is other
data, whatever its name, its layout and its place. Reading every pixel takes a while, so a digest is
kept in artifacts/digests and found again by the names, sizes and times of the split's files.
"""

import hashlib
import os
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np

from segcore.data.preparation.prepared import native_samples, split_key
from segcore.data.sources import Sample, SampleError, Source, open_source
from segcore.errors import DataError, UnreadableError
from segcore.files.reading import read_json
from segcore.files.writing import storage_error, to_json, write_atomically
from segcore.settings import digests_dir
from segcore.system.parallel import overlapped
from segcore.system.progress import Progress

BUILT_IN = {
    "b1958ef686a3": "6f597ba1e6361976b184d57f4dea732350352730c9831ac8af9acea500e4e926",
    "14b2c57b9425": "52140663a64febb7c1173e067d335263b3ac6353783e971e0a2d3b6e6d134afd",
    "498eb9684254": "0ba7bdbd0ad91f18aeb4f99def83c126e7b1d7ab19ceea4a2ee072b4931e2b80",
}
"""Digests of the splits of `streets` by fingerprint: rendering them takes minutes. `make counts`
prints them."""

IDENTIFYING = ("val", "test", "train")
"""A data set is known by the first of these splits that it has: val is what runs are scored on."""


class SplitDigest:
    """sha256 of the samples' keys, sequences, pixels and masks, in their order."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()

    def add(self, sample: Sample) -> None:
        mask = np.zeros(0, np.uint8) if sample.mask is None else sample.mask
        self._digest.update(f"{sample.key}\0{sample.sequence}\0{mask.shape}".encode())
        self._digest.update(np.ascontiguousarray(sample.image).data)
        self._digest.update(np.ascontiguousarray(mask).data)

    def hexdigest(self) -> str:
        return self._digest.hexdigest()


class _Stored(msgspec.Struct, frozen=True):
    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


def identifying_split(source: Source) -> str:
    """The split whose content tells the data set from all others."""
    return next(split for split in IDENTIFYING if split in source.splits)


def known_digest(source: Source, split: str) -> str | None:
    """The split's digest if it was computed since its files last changed; reads no image.

    Raises DataError where the source has no such split.
    """
    try:
        return read_json(_path(source, split), _Stored).sha256
    except UnreadableError:
        return BUILT_IN.get(source.fingerprint(split)[:12])


def split_digest(spec: str, split: str, progress: Progress | None = None) -> str:
    """The split's digest; reads every image and mask, unless it is known.

    Samples that cannot be used are left out, as scores and trainings leave them out.

    Raises:
        DataError: the source cannot be opened, or nothing in the split can be used.
        StorageError: artifacts/ cannot be written.
    """
    source = open_source(spec)
    known = known_digest(source, split)
    if known is not None:
        return known
    samples = native_samples(spec, split)

    def read(index: int) -> Sample | None:
        try:
            return samples[index]
        except SampleError:
            return None

    digest, used = SplitDigest(), 0
    for done, sample in enumerate(overlapped(read, range(len(samples)), os.cpu_count() or 1), 1):
        if sample is not None:
            digest.add(sample)
            used += 1
        if progress is not None:
            progress(done, len(samples))
    if not used:
        raise DataError(f"{spec}: no image of its {split} split can be read; check the files")
    remember_digest(source, split, digest.hexdigest())
    return digest.hexdigest()


def remember_digest(source: Source, split: str, digest: str) -> None:
    """Keeps a digest that was computed along the way, of the files as `source` found them.

    Raises StorageError.
    """
    if known_digest(source, split) == digest:
        return
    path = _path(source, split)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error(path.parent, error) from error
    write_atomically(path, to_json({"sha256": digest}))


def _path(source: Source, split: str) -> Path:
    return digests_dir() / f"{split_key(source, split)}.json"
