"""What a run says about every image of a split, kept so that images can be found by it.

A file artifacts/predictions/RUN/SPLIT-DIGEST.zip, named by the digest of the data, holds for each
image KEY.labels.png (label ids at the image's own size) and KEY.confidence.png (0 to 255,
small), and identity.json, which says of which weights and data it is. It can be deleted at any
time: it is made again when wanted.
"""

import io
import json
import os
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import IO, Self, TypeVar

import msgspec
import numpy as np
from PIL import Image

from segcore.data.preparation import native_samples
from segcore.data.preparation.digests import SplitDigest, known_digest, remember_digest
from segcore.data.sources import Sample, Source, open_source, opened
from segcore.errors import StorageError, UnreadableError
from segcore.evaluation.labelling import labeller_of
from segcore.files.writing import storage_error
from segcore.images import UNREADABLE_ERRORS, resize_labels
from segcore.labels import ClassMap
from segcore.labels.merges import merged
from segcore.prediction.inference import Prediction, without_scores
from segcore.runs import Run
from segcore.runs.results import DIGITS
from segcore.runs.seen_data import seen_by
from segcore.settings import predictions_dir
from segcore.system.parallel import overlapped
from segcore.system.progress import Progress

Held = TypeVar("Held")

CONFIDENCE_PIXELS = 512 * 256
CONFIDENCE_STEPS = 32
"""Confidence is kept coarsely: an image is found by it, not scored."""


MOST_JSON_BYTES = 256 << 20
"""The keys of four million images."""


class StoredPredictions:
    """The predictions of a split, read image by image; safe to share between threads.

    Raises:
        UnreadableError: the file, or an image of it, is missing or damaged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._classes: ClassMap | None = None
        self.identity = self._json("identity.json", dict[str, str])
        self.keys = self._json("keys.json", list[str])

    def in_classes(self, classes: ClassMap) -> Self:
        """The same labels in other classes."""
        seen = copy(self)
        seen._classes = classes
        return seen

    def labels(self, key: str) -> np.ndarray:
        """(H, W) uint8 label ids. Raises UnreadableError."""
        labels = self._image(f"{key}.labels.png")
        return labels if self._classes is None else self._classes.mask(labels)

    def confidence(self, key: str) -> np.ndarray:
        """(H, W) float32 from 0 to 1, of the labels; in coarse steps. Raises UnreadableError."""
        height, width = self.labels(key).shape
        steps = resize_labels(self._image(f"{key}.confidence.png"), (height, width))
        return steps.astype(np.float32) / (CONFIDENCE_STEPS - 1)

    def _json(self, name: str, schema: type[Held]) -> Held:
        with self._member(name) as file:
            text = file.read(MOST_JSON_BYTES + 1)
            if len(text) > MOST_JSON_BYTES:
                raise ValueError(f"{name} is too large")
            return msgspec.convert(json.loads(text), schema)

    def _image(self, name: str) -> np.ndarray:
        with self._member(name) as file:
            image = Image.open(file, formats=("PNG",))  # which refuses one of too many pixels
            if image.mode != "L":
                raise ValueError(f"{name} is no image of numbers")
            return np.asarray(image)

    @contextmanager
    def _member(self, name: str) -> Iterator[IO[bytes]]:
        try:
            with zipfile.ZipFile(self._path) as archive, archive.open(name) as file:
                yield file
        except (zipfile.BadZipFile, *UNREADABLE_ERRORS) as error:
            raise UnreadableError(
                f"{self._path}: is damaged ({error}); delete it, and predict again"
            ) from error


class PredictionWriter:
    """Collects the predictions of a split; they count once all are there.

    Attributes:
        digest: of the data, to be set when all are read; without it nothing is kept.

    Raises StorageError where artifacts/ cannot be written.
    """

    def __init__(self, run: Run, split: str) -> None:
        self.run, self.split = run, split
        self.digest: str | None = None
        self.keys: list[str] = []
        folder = predictions_dir() / run.name
        self.temporary = folder / f".{split}.{os.getpid()}-{threading.get_ident()}.tmp"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.archive = zipfile.ZipFile(self.temporary, "w", zipfile.ZIP_STORED)
        except OSError as error:
            raise storage_error(folder, error) from error

    def add(self, key: str, prediction: Prediction) -> None:
        confidence = np.rint(prediction.confidence * (CONFIDENCE_STEPS - 1)).astype(np.uint8)
        scale = min(1.0, (CONFIDENCE_PIXELS / confidence.size) ** 0.5)
        height, width = (max(1, round(side * scale)) for side in confidence.shape)
        self._write(f"{key}.labels.png", _png(prediction.labels))
        self._write(f"{key}.confidence.png", _png(resize_labels(confidence, (height, width))))
        self.keys.append(key)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None and self.digest is not None:
                identity = _identity(self.run, self.digest)
                self._write("identity.json", json.dumps(identity).encode())
                self._write("keys.json", json.dumps(self.keys).encode())
                self.archive.close()
                self.temporary.replace(_path(self.run, self.split, self.digest))
        except OSError as problem:
            raise storage_error(self.temporary.parent, problem) from problem
        finally:
            with suppress(OSError):  # on a full disk it fails once more
                self.archive.close()
            self.temporary.unlink(missing_ok=True)

    def _write(self, name: str, data: bytes) -> None:
        try:
            self.archive.writestr(name, data)
        except OSError as error:
            raise storage_error(self.temporary.parent, error) from error


def stored_predictions(run: Run, data: str | Source, split: str) -> StoredPredictions | None:
    """What the run's best weights say about the split as it is now, or None: predict it first.

    Raises DataError as open_source.

    Args:
        data: its spec, or the source where it is open.
    """
    source = opened(data)
    digest = known_digest(source, split)
    return None if digest is None else _read(run, split, digest)


def _read(run: Run, split: str, digest: str) -> StoredPredictions | None:
    try:
        stored = StoredPredictions(_path(run, split, digest))
    except UnreadableError:
        return None
    return stored if stored.identity == _identity(run, digest) else None


def predict_split(
    run: Run, spec: str, split: str, progress: Progress | None = None
) -> StoredPredictions:
    """Predicts every image of the split, or returns what is stored.

    Raises:
        DataError: the data cannot be read, or has other classes than the run.
        RunError: the run's weights are missing or damaged.
        StorageError: artifacts/ cannot be written.
    """
    stored = stored_predictions(run, spec, split)
    if stored is not None:
        return stored
    source = open_source(spec)
    merges = seen_by(run, source).merges
    source.fingerprint(split)  # as the files are before anything is read
    samples = native_samples(spec, split)
    labeller = labeller_of(run, source, split)
    digest = SplitDigest()
    with PredictionWriter(run, split) as writer:

        def label(index: int) -> tuple[Sample, Prediction]:
            sample = samples[index]
            prediction = without_scores(labeller.label(sample))
            return sample, replace(prediction, labels=merged(prediction.labels, merges))

        for sample, prediction in overlapped(label, range(len(samples))):
            digest.add(sample)
            writer.add(sample.key, prediction)
            if progress:
                progress(len(writer.keys), len(samples))
        writer.digest = digest.hexdigest()
    remember_digest(source, split, writer.digest)
    stored = _read(run, split, writer.digest)
    if stored is None:
        raise StorageError(f"{writer.temporary.parent}: cannot be read back; check the disk")
    return stored


def _path(run: Run, split: str, digest: str) -> Path:
    return predictions_dir() / run.name / f"{split}-{digest[:DIGITS]}.zip"


def _identity(run: Run, digest: str) -> dict[str, str]:
    return {"weights_sha256": str(run.weights_hash), "data_sha256": digest}


def _png(values: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
