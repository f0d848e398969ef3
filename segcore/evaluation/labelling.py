"""Who labels the images of a split: a run's network, or the masks that came from elsewhere."""

from typing import Protocol

import numpy as np

from segcore.data.preparation.digests import split_digest
from segcore.data.sources import Sample, Source
from segcore.errors import DataError
from segcore.prediction.inference import (
    ONE_VIEW,
    Prediction,
    Predictor,
    Timings,
    Views,
)
from segcore.prediction.loading import load_predictor
from segcore.runs import Run
from segcore.runs.stored_masks import StoredMasks

NO_TIME = Timings(0.0, 0.0, 0.0)


class Labeller(Protocol):
    """Says what a run makes of the images of a split; safe to share between threads."""

    @property
    def device(self) -> str:
        """Where it works, in words."""

    @property
    def has_confidence(self) -> bool:
        """Whether it says how sure it is; else its confidence is 1 everywhere."""

    def label(self, sample: Sample) -> Prediction:
        """The prediction for an image, in the run's own labels. Raises RunError."""


class NetworkLabeller:
    """A run's network."""

    def __init__(self, predictor: Predictor, views: Views) -> None:
        self._predictor, self._views = predictor, views

    @property
    def device(self) -> str:
        return self._predictor.device

    @property
    def has_confidence(self) -> bool:
        network = self._predictor.run.manifest.onnx
        return network is None or network.output != "labels"

    def label(self, sample: Sample) -> Prediction:
        return self._predictor.predict(sample.image, self._views)


class MaskLabeller:
    """The masks of a run that another program predicted."""

    device = "another program"
    has_confidence = False

    def __init__(self, run: Run) -> None:
        self._masks = StoredMasks(run)

    def label(self, sample: Sample) -> Prediction:
        return given(self._masks.labels(sample.key))


def given(labels: np.ndarray) -> Prediction:
    """A mask (H, W) uint8 as a prediction, without scores and sure of every pixel."""
    return Prediction(
        labels, np.ones(labels.shape, np.float32), NO_TIME, np.empty((0, 0, 0), np.float32)
    )


def labeller_of(run: Run, source: Source, split: str, views: Views = ONE_VIEW) -> Labeller:
    """Who labels the split's images for the run.

    Raises:
        DataError: it holds masks of other images.
        RunError: weights or masks are missing or damaged, or masks are asked for several views.
    """
    if run.kind != "masks":
        return NetworkLabeller(load_predictor(run), views)
    if views != ONE_VIEW:
        run.require_network("look at an image in several views")
    theirs = run.listing.digests.get(split)
    if theirs is None or theirs != split_digest(source.spec, split):
        raise DataError(
            f"{run.name}: holds masks of {run.manifest.split} of {run.spec}, as that was when they "
            f"were added, not of {split} of {source.spec}; choose that data, or add masks of this"
        )
    return MaskLabeller(run)
