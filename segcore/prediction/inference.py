"""Prediction: any RGB image in, label ids and probabilities at the image's own size out.

The network sees a resized copy, as the run's `preprocessing` says; its probabilities are resized
back bilinearly and the top class is taken after that. What runs the network is an engine
(`segcore.prediction.engines`), loaded with the first `Predictor`, not with this module, so that
code that only reads stored results does not wait for it.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from segcore.images.preprocessing import Preprocessing
from segcore.images.resampling import Grid, resized, row_blocks, top_class
from segcore.labels.merges import Merges, merged
from segcore.prediction.engines import Engine, Output
from segcore.runs import Run


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
        for rows in row_blocks(height, width):
            result[rows] = self.probabilities_of(rows)
        return result

    def probabilities_of(self, rows: slice) -> np.ndarray:
        """The `probabilities` of some rows alone."""
        return Grid(self.scores.shape[:2], self.labels.shape).interpolate(self.scores, rows)


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


NetworkRun = tuple[Output, float]
"""What a network says of a batch, and the milliseconds that it took."""

InTurn = Callable[[Callable[[], NetworkRun]], NetworkRun]


def at_once(step: Callable[[], NetworkRun]) -> NetworkRun:
    """A predictor for a bare network."""
    return step()


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
        self._engine.warm_up((1, *unseen.shape))

    def predict(
        self, image: np.ndarray, views: Views = ONE_VIEW, in_turn: InTurn = at_once
    ) -> Prediction:
        """Labels an image (H, W, 3) uint8 RGB.

        Args:
            in_turn: runs each use of the network when its turn has come. What comes before and
                after it, which takes longer for a large image, lets others have the network.
        """
        return self.predict_batch([image], views, in_turn)[0]

    def predict_batch(
        self, images: Sequence[np.ndarray], views: Views = ONE_VIEW, in_turn: InTurn = at_once
    ) -> list[Prediction]:
        """Labels images (H, W, 3) uint8 RGB of one size in one go; times are shares of it."""
        if not images:
            return []
        size = images[0].shape[:2]
        if any(image.shape != (*size, 3) or image.dtype != np.uint8 for image in images):
            raise ValueError("a batch is of (H, W, 3) uint8 images of one size")
        count = len(images)
        seen, preprocess_ms, network_ms = self._see(images, views, in_turn)
        predictions = []
        for number in range(count):
            started = time.perf_counter()
            one = seen[number]
            labels, confidence = top_class(one.probabilities, one.labels, one.confidence, size)
            postprocess_ms = _milliseconds_since(started)
            timings = Timings(preprocess_ms / count, network_ms / count, postprocess_ms)
            predictions.append(Prediction(labels, confidence, timings, one.probabilities))
        return predictions

    def _see(
        self, images: Sequence[np.ndarray], views: Views, in_turn: InTurn
    ) -> tuple[Output, float, float]:
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
            self._engine.warm_up(batch.shape)  # takes a second when new, and nobody's turn
            height, width = preprocessing.content_size(*images[0].shape[:2])
            for step in (1, -1) if views.mirrored else (1,):
                output, milliseconds = in_turn(partial(self._run_network, batch[:, :, ::step]))
                network_ms += milliseconds
                seen.append(output[:, :, ::step][:, :height, :width])
        if views == ONE_VIEW:
            return seen[0], preprocess_ms, network_ms
        scaled = [resized(output.probabilities, size) for output in seen]
        return Output.of(np.mean(scaled, axis=0)), preprocess_ms, network_ms

    def _run_network(self, batch: np.ndarray) -> NetworkRun:
        """Runs the network on (B, h, w, 3) uint8 and measures the milliseconds."""
        with self._lock:
            started = time.perf_counter()
            output = self._engine.run(batch)
            return output, _milliseconds_since(started)


def in_classes(prediction: Prediction, merges: Merges | None) -> Prediction:
    """A prediction by the classes of a data set that knows some of its labels only together.

    The confidence stays that of the label which was predicted.
    """
    if merges is None:
        return prediction
    if not prediction.scores.size:
        return replace(prediction, labels=merged(prediction.labels, merges))
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


def _milliseconds_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
