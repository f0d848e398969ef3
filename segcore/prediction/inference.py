"""Prediction: any RGB image in, label ids and probabilities at the image's own size out.

The network sees a resized copy, as the run's `preprocessing` says; its probabilities are resized
back bilinearly and the top class is taken after that. What runs the network is an engine
(`segcore.prediction.engines`), loaded with the first `Predictor`, not with this module, so that
code that only reads stored results does not wait for it.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from segcore import settings
from segcore.images.preprocessing import Preprocessing
from segcore.images.resizing import Size
from segcore.labels.merges import Merges, merged
from segcore.prediction.engines import Engine, Output, openvino_store
from segcore.prediction.engines.keras_engine import KerasEngine
from segcore.prediction.engines.openvino_engine import OpenVINOEngine
from segcore.runs import Run
from segcore.system import devices

BLOCK_PIXELS = 1 << 17
"""Output pixels resized at once: what bounds the memory on a photo of any size."""


@dataclass(frozen=True)
class Timings:
    """Milliseconds spent on one image; the network's are warm, without building its graph."""

    preprocess_ms: float
    network_ms: float
    postprocess_ms: float

    @property
    def total_ms(self) -> float:
        return self.preprocess_ms + self.network_ms + self.postprocess_ms


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a network says about an image of (H, W).

    Attributes:
        labels: (H, W) uint8 label ids, of the C classes of the run's label space.
        confidence: (H, W) float32, probability of that label.
        timings: of this prediction.
        scores: (h, w, C) float32, the probabilities at the network's own resolution.
        entropy: (h, w) float32 from 0 to 1, of the `scores` as `trust.entropy`; where asked for.
    """

    labels: np.ndarray
    confidence: np.ndarray
    timings: Timings
    scores: np.ndarray
    entropy: np.ndarray | None = None

    def probabilities(self) -> np.ndarray:
        """(H, W, C) float32 at the image's size: of 34 classes 1.6 GB for 12 megapixels."""
        height, width = self.labels.shape
        result = np.empty((height, width, self.scores.shape[-1]), np.float32)
        for rows in _row_blocks(height, width):
            result[rows] = self.probabilities_of(rows)
        return result

    def probabilities_of(self, rows: slice) -> np.ndarray:
        """The `probabilities` of some rows alone."""
        return _Grid(self.scores.shape[:2], self.labels.shape).interpolate(self.scores, rows)


@dataclass(frozen=True)
class Views:
    """What a network sees of one image; the probabilities of all views are averaged.

    Attributes:
        mirrored: each view also left to right.
        scales: of the size that the network was trained at. A network of one fixed size (`stretch`)
            sees every image at that.
    """

    mirrored: bool = False
    scales: tuple[float, ...] = (1.0,)


ONE_VIEW = Views()
AUGMENTED = Views(mirrored=True, scales=(0.75, 1.0, 1.25))
"""Test-time augmentation: six views, for six times the work."""


class Predictor:
    """A run's network in an engine. Safe to share between threads: it runs one call at a time."""

    def __init__(self, run: Run, preprocessing: Preprocessing, engine: Engine) -> None:
        self.run = run
        self.preprocessing = preprocessing
        self._engine = engine
        self._lock = threading.Lock()

    @property
    def device(self) -> str:
        """Where the network runs, in words."""
        return self._engine.device

    @property
    def engine(self) -> str:
        """What runs the network, in words."""
        return self._engine.title

    def warm_up(self, height: int, width: int) -> None:
        """Has the network built for images of that size, so that the first need not wait for it."""
        unseen = self.preprocessing.apply(np.zeros((height, width, 3), np.uint8))
        with self._lock:
            self._engine.warm_up((1, *unseen.shape))

    def predict(self, image: np.ndarray, views: Views = ONE_VIEW) -> Prediction:
        """Labels an image (H, W, 3) uint8 RGB."""
        return self.predict_batch([image], views)[0]

    def predict_batch(
        self, images: Sequence[np.ndarray], views: Views = ONE_VIEW
    ) -> list[Prediction]:
        """Labels images (H, W, 3) uint8 RGB of one size in one go; times are shares of it."""
        if not images:
            return []
        size = images[0].shape[:2]
        if any(image.shape != (*size, 3) or image.dtype != np.uint8 for image in images):
            raise ValueError("a batch is of (H, W, 3) uint8 images of one size")
        count = len(images)
        seen, preprocess_ms, network_ms = self._see(images, views)
        predictions = []
        for number in range(count):
            started = time.perf_counter()
            labels, confidence = top_class(seen[number], size)
            postprocess_ms = _milliseconds_since(started)
            timings = Timings(preprocess_ms / count, network_ms / count, postprocess_ms)
            scores = seen.probabilities[number]
            predictions.append(Prediction(labels, confidence, timings, scores))
        return predictions

    def _see(self, images: Sequence[np.ndarray], views: Views) -> tuple[Output, float, float]:
        """What the network says, by the mean of its probabilities over the views, and the
        milliseconds spent on making its input and on the network."""
        size = self.preprocessing.content_size(*images[0].shape[:2])
        scales = (1.0,) if self.preprocessing.mode == "stretch" else views.scales
        preprocess_ms = network_ms = 0.0
        seen = []
        for scale in scales:
            started = time.perf_counter()
            preprocessing = self.preprocessing.scaled(scale)
            batch = np.stack([preprocessing.apply(image) for image in images])
            preprocess_ms += _milliseconds_since(started)
            height, width = preprocessing.content_size(*images[0].shape[:2])
            for step in (1, -1) if views.mirrored else (1,):
                output, milliseconds = self._run_network(batch[:, :, ::step])
                network_ms += milliseconds
                seen.append(output[:, :, ::step][:, :height, :width])
        if views == ONE_VIEW:
            return seen[0], preprocess_ms, network_ms
        resized = [_resized(output.probabilities, size) for output in seen]
        return Output.of(np.mean(resized, axis=0)), preprocess_ms, network_ms

    def _run_network(self, batch: np.ndarray) -> tuple[Output, float]:
        """Of (B, h, w, 3) uint8, and the milliseconds."""
        with self._lock:
            self._engine.warm_up(batch.shape)
            started = time.perf_counter()
            output = self._engine.run(batch)
            return output, _milliseconds_since(started)


def load_predictor(run: Run) -> Predictor:
    """The run's network in Keras, the reference that scores are computed with.

    Raises:
        RunError: weights are missing or not those that run.json names, or fit no such network.
        RecipeError, MissingPackageError: the network cannot be built here.
    """
    preprocessing = run.preprocessing
    return Predictor(run, preprocessing, KerasEngine(run, preprocessing.input_size))


def load_fastest_predictor(run: Run) -> Predictor:
    """The run's network in the engine that serves it fastest, as far as that is known yet.

    `SEGCORE_ENGINE` sets it: keras or openvino. A converted checkpoint that does not agree with
    Keras is never used, whatever is set. Raises as `load_predictor`.
    """
    if serves_converted(run):
        folder, verdict = openvino_store.intact_folder(run), openvino_store.stored_verdict(run)
        if folder is not None and verdict is not None:
            engine = OpenVINOEngine(folder, verdict.precision)
            return Predictor(run, run.preprocessing, engine)
    return load_predictor(run)


def fastest_engine(run: Run) -> str:
    """Names what `load_fastest_predictor` would load now; raises as `serves_converted`."""
    verdict = openvino_store.stored_verdict(run) if serves_converted(run) else None
    return KerasEngine.title if verdict is None else f"{OpenVINOEngine.title} {verdict.precision}"


def serves_converted(run: Run) -> bool:
    """Whether the run is served from a converted checkpoint, so that Keras is not needed.

    Raises SegcoreError where `SEGCORE_ENGINE` names no engine.
    """
    if not _openvino_is_wanted():
        return False
    verdict = openvino_store.stored_verdict(run)
    if verdict is None or not verdict.agrees:
        return False
    return verdict.is_fast or settings.engine() == "openvino"


def may_be_converted(run: Run) -> bool:
    """Whether it is still to be found out if a converted checkpoint would serve the run.

    Raises as `serves_converted`.
    """
    if not _openvino_is_wanted():
        return False
    verdict = openvino_store.stored_verdict(run)
    if verdict is None:
        return True
    return verdict.agrees and (not verdict.is_fast or openvino_store.may_be_faster_here(verdict))


def _openvino_is_wanted() -> bool:
    setting = settings.engine()
    return setting == "openvino" or (setting is None and not devices.may_have_gpu())


def in_classes(prediction: Prediction, merges: Merges | None) -> Prediction:
    """A prediction by the classes of a data set that knows some of its labels only together.

    The confidence stays that of the label which was predicted.
    """
    if merges is None:
        return prediction
    height, width, labels = prediction.scores.shape
    classes = np.eye(labels, dtype=np.float32)[merges.table()[:labels]]
    return replace(
        prediction,
        labels=merged(prediction.labels, merges),
        scores=(prediction.scores.reshape(-1, labels) @ classes).reshape(height, width, labels),
    )


def without_scores(prediction: Prediction) -> Prediction:
    """Labels, confidence and times alone: a fifth of the memory and less."""
    return replace(prediction, scores=np.empty((0, 0, 0), np.float32))


def top_class(seen: Output, size: Size) -> tuple[np.ndarray, np.ndarray]:
    """Top class and its probability after resizing the probabilities bilinearly to `size`.

    Where the four scores around an output pixel agree on their top class, that class is the result:
    no mixture of the four can rank another above it. Only the other pixels, along the edges of
    objects, need all classes interpolated. Works in blocks of rows, in bounded memory.

    Args:
        seen: what a network says of one image, (h, w).
        size: (H, W) of the result.

    Returns:
        (H, W) uint8 labels, (H, W) float32 confidence.
    """
    scores, winners, peaks = seen.probabilities, seen.labels, seen.confidence
    if winners.shape == size:
        return np.ascontiguousarray(winners), np.ascontiguousarray(peaks)
    after = np.pad(winners, ((0, 1), (0, 1)), mode="edge")
    agreed = (winners == after[1:, :-1]) & (winners == after[:-1, 1:]) & (winners == after[1:, 1:])

    labels = np.empty(size, np.uint8)
    confidence = np.empty(size, np.float32)
    grid = _Grid(scores.shape[:2], size)
    for rows in _row_blocks(*size):
        labels[rows] = grid.nearest_low(winners, rows)
        confidence[rows] = grid.interpolate(peaks, rows)
        y, x = np.nonzero(~grid.nearest_low(agreed, rows))
        mixed = grid.interpolate_at(scores, y + rows.start, x)
        labels[y + rows.start, x] = mixed.argmax(axis=-1)
        confidence[y + rows.start, x] = mixed.max(axis=-1)
    return labels, confidence


def _resized(scores: np.ndarray, size: Size) -> np.ndarray:
    """(B, h, w, C) -> (B, H, W, C) float32, bilinear."""
    if scores.shape[1:3] == size:
        return scores
    grid = _Grid(scores.shape[1:3], size)
    return np.stack([grid.interpolate(image, slice(0, size[0])) for image in scores])


class _Grid:
    """Bilinear sampling with half-pixel centres, edges repeated: from (h, w) to (H, W)."""

    def __init__(self, source: Size, target: Size) -> None:
        self.top, self.bottom, self.down = _taps(source[0], target[0])
        self.left, self.right, self.across = _taps(source[1], target[1])

    def nearest_low(self, plane: np.ndarray, rows: slice) -> np.ndarray:
        """The source pixel above and left of each output pixel: (h, w) -> (rows, W)."""
        sampled: np.ndarray = plane[self.top[rows]][:, self.left]
        return sampled

    def interpolate(self, array: np.ndarray, rows: slice) -> np.ndarray:
        """(h, w) or (h, w, C) -> (rows, W[, C]) float32."""
        trailing = (1,) * (array.ndim - 2)
        down = self.down[rows].reshape(-1, 1, *trailing)
        across = self.across.reshape(-1, *trailing)
        lines = _mix(array[self.top[rows]], array[self.bottom[rows]], down)
        return _mix(lines[:, self.left], lines[:, self.right], across)

    def interpolate_at(self, array: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
        """(h, w, C) at output pixels y, x, each (n,) -> (n, C) float32."""
        top, bottom, left, right = self.top[y], self.bottom[y], self.left[x], self.right[x]
        across = self.across[x][:, None]
        upper = _mix(array[top, left], array[top, right], across)
        lower = _mix(array[bottom, left], array[bottom, right], across)
        return _mix(upper, lower, self.down[y][:, None])


def _taps(source: int, target: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each target position the source index before it, after it, and the latter's weight."""
    position = ((np.arange(target) + 0.5) * (source / target) - 0.5).clip(0, source - 1)
    low = position.astype(np.intp)
    return low, np.minimum(low + 1, source - 1), (position - low).astype(np.float32)


def _mix(low: np.ndarray, high: np.ndarray, weight: np.ndarray) -> np.ndarray:
    mixed: np.ndarray = low + (high - low) * weight
    return mixed


def _row_blocks(height: int, width: int) -> Iterator[slice]:
    rows = max(1, BLOCK_PIXELS // width)
    return (slice(start, min(start + rows, height)) for start in range(0, height, rows))


def _milliseconds_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
