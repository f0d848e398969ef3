"""Can a model's confidence be trusted, and would it help to soften or to sharpen it?

Temperature scaling (Guo et al., "On Calibration of Modern Neural Networks", ICML 2017) divides the
logits by one number; labels stay as they are. Here it acts on the probabilities at the truth's
resolution. The temperature that an image is judged with is fitted on other images: on those of
the other half of the sequences, or of the film where there is one.

Coverage (Geifman and El-Yaniv, "Selective Classification for Deep Neural Networks", NeurIPS 2017):
how many pixels can be kept, the most confident first, at an accuracy.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from segcore.files.array_files import ArrayOf
from segcore.labels import LabelSpace
from segcore.labels.metrics import CALIBRATION_BINS, CalibrationBins, ece, valid_pixels

TEMPERATURES = 2.0 ** (np.arange(-8, 17) / 8)
"""(25,) from 0.5 to 4, 1 among them; the best of them is taken."""

AS_TRAINED = 8  # index of temperature 1

SAMPLED_PIXELS = 1 << 13
"""Temperatures are tried on about as many pixels of an image: on every k-th each way."""

LEVELS = 1024
"""Steps of confidence for coverage, equal in log-odds: many pixels have more than 99.9 %."""

LOWEST_ODDS, HIGHEST_ODDS = -4.0, 18.0  # of the logit: 1.8 % and what is 1 in float32

TARGET = 0.99
"""Accuracy that the kept pixels must reach."""


_TRIED = len(TEMPERATURES)
ARRAYS = {
    "trust_coverage": ArrayOf("count", (2, LEVELS), optional=True),
    "trust_loss": ArrayOf("number", (2, _TRIED), optional=True),
    "trust_bins": ArrayOf("number", (2, _TRIED, 3, CALIBRATION_BINS), optional=True),
}
"""As a stored evaluation keeps them."""


def entropy(probabilities: np.ndarray) -> np.ndarray:
    """(..., C) probabilities -> (...) float32: 0 is sure of one class, 1 torn between all."""
    logs = np.log(np.maximum(probabilities, np.finfo(np.float32).tiny))
    bits: np.ndarray = -np.einsum("...c,...c->...", probabilities, logs)
    return np.clip(bits / np.log(probabilities.shape[-1]), 0, 1).astype(np.float32)


# --- counts of one image -------------------------------------------------------------------------


def coverage_counts(
    truth: np.ndarray,
    prediction: np.ndarray,
    confidence: np.ndarray,
    space: LabelSpace,
) -> np.ndarray:
    """Valid pixels, and correct ones, at each level of confidence, the lowest first.

    Args:
        truth, prediction: (H, W) uint8 label ids.
        confidence: (H, W) float, probability of the predicted label.

    Returns:
        (2, LEVELS) int64.
    """
    valid = valid_pixels(truth, space)
    sure = np.clip(confidence[valid].astype(np.float64), 1e-9, 1 - 1e-9)
    odds = np.log(sure) - np.log1p(-sure)
    level = (odds - LOWEST_ODDS) / (HIGHEST_ODDS - LOWEST_ODDS) * LEVELS
    level = np.clip(level.astype(np.intp), 0, LEVELS - 1)
    right = truth[valid] == prediction[valid]
    counts = [np.bincount(levels, minlength=LEVELS) for levels in (level, level[right])]
    return np.stack(counts).astype(np.int64)


def sampling_step(pixels: int) -> int:
    """Every how many pixels, each way, temperatures are tried in an image of so many."""
    return max(1, round((pixels / SAMPLED_PIXELS) ** 0.5))


@dataclass(frozen=True, eq=False)
class Trial:
    """What each of the 25 temperatures makes of some pixels; trials of images add up."""

    loss: np.ndarray  # (25,) float64, negative log-likelihood of the truth, summed
    bins: np.ndarray  # (25, 3, 15) float64: pixels, correct and summed confidence

    @classmethod
    def of(
        cls,
        truth: np.ndarray,
        prediction: np.ndarray,
        probabilities: np.ndarray,
        space: LabelSpace,
    ) -> Self:
        """Counts (n,) uint8 true ids, (n,) uint8 top classes and (n, C) float probabilities."""
        valid = valid_pixels(truth, space)
        truth, prediction = truth[valid], prediction[valid]
        logits = np.log(np.maximum(probabilities[valid], 1e-12))  # (n, C)
        logits -= logits.max(axis=1, keepdims=True)
        of_truth = logits[np.arange(len(truth)), truth]
        losses, bins = [], []
        for temperature in TEMPERATURES:
            total = np.exp(logits / np.float32(temperature)).sum(axis=1, dtype=np.float64)
            losses.append(float((np.log(total) - of_truth / temperature).sum()))
            of_image = CalibrationBins.of(truth, prediction, 1 / total, space)
            bins.append([of_image.pixels, of_image.correct, of_image.confidence])
        return cls(np.array(losses), np.array(bins, np.float64))


# --- a split -------------------------------------------------------------------------------------


def halves(sequences: Sequence[str]) -> np.ndarray:
    """(N,) int, 0 or 1: which half each image is in, no sequence in both.

    Of a single sequence its first images and its last, since neighbours in a film are alike.
    """
    names, counts = np.unique(sequences, return_counts=True)
    if len(names) == 1:
        return (np.arange(len(sequences)) >= (len(sequences) + 1) // 2).astype(np.intp)
    held = [0, 0]
    half_of: dict[str, int] = {}
    for index in np.argsort(-counts, kind="stable"):
        half = int(held[1] < held[0])
        half_of[str(names[index])] = half
        held[half] += int(counts[index])
    return np.array([half_of[sequence] for sequence in sequences])


@dataclass(frozen=True, eq=False)
class Scaling:
    """A split's calibration before and after temperature scaling, on the same pixels."""

    temperatures: tuple[float, float]  # that each half is judged with, fitted on the other
    before: CalibrationBins
    after: CalibrationBins

    @property
    def ece_before(self) -> float:
        return ece(self.before)

    @property
    def ece_after(self) -> float:
        return ece(self.after)


@dataclass(frozen=True, eq=False)
class Trust:
    """The counts of a split."""

    coverage: np.ndarray  # (2, LEVELS) int64, as `coverage_counts`
    loss: np.ndarray  # (2, 25) float64, of each half, as `Trial`
    bins: np.ndarray  # (2, 25, 3, 15) float64

    @classmethod
    def empty(cls) -> Self:
        """The counts before the first image."""
        return cls(
            coverage=np.zeros((2, LEVELS), np.int64),
            loss=np.zeros((2, len(TEMPERATURES))),
            bins=np.zeros((2, len(TEMPERATURES), 3, CALIBRATION_BINS)),
        )

    def add(self, half: int, coverage: np.ndarray, trial: Trial) -> None:
        """Adds the counts of an image, in place.

        Args:
            half: which half of the split it is in; see `halves`.
            coverage: (2, LEVELS), as `coverage_counts`.
        """
        self.coverage[:] += coverage
        self.loss[half] += trial.loss
        self.bins[half] += trial.bins

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Self | None:
        """From a stored evaluation; None for one from before these were counted."""
        if not arrays.keys() >= ARRAYS.keys():
            return None
        return cls(arrays["trust_coverage"], arrays["trust_loss"], arrays["trust_bins"])

    def to_arrays(self) -> dict[str, np.ndarray]:
        return {"trust_coverage": self.coverage, "trust_loss": self.loss, "trust_bins": self.bins}

    @property
    def scaling(self) -> Scaling | None:
        """None where a half has no pixels to fit a temperature on."""
        if not self.bins[:, AS_TRAINED, 0].sum(axis=1).all():
            return None
        fitted = self.loss.argmin(axis=1)[::-1]  # each half gets the other's
        return Scaling(
            temperatures=(float(TEMPERATURES[fitted[0]]), float(TEMPERATURES[fitted[1]])),
            before=CalibrationBins(*self.bins[:, AS_TRAINED].sum(axis=0)),
            after=CalibrationBins(*(self.bins[0, fitted[0]] + self.bins[1, fitted[1]])),
        )

    def kept(self, accuracy: float = TARGET) -> float | None:
        """The largest share of most confident pixels that reaches the accuracy; None of none."""
        share, reached = self.risk_coverage()
        if not share.size:
            return None
        return float(np.where(reached >= accuracy, share, 0).max())

    def risk_coverage(self) -> tuple[np.ndarray, np.ndarray]:
        """Share of pixels kept, from few to all, and the accuracy of those: (n,) float64 each."""
        pixels, right = self.coverage[:, ::-1].cumsum(axis=1)
        some = self.coverage[0, ::-1] > 0
        return pixels[some] / max(pixels[-1], 1), right[some] / pixels[some]

    def report(self) -> dict[str, Any]:
        """The figures as JSON types."""
        scaling = self.scaling
        return {
            "temperatures": None if scaling is None else list(scaling.temperatures),
            "temperatures_tried": [float(TEMPERATURES[0]), float(TEMPERATURES[-1])],
            "ece_before": None if scaling is None else scaling.ece_before,
            "ece_after": None if scaling is None else scaling.ece_after,
            "target_accuracy": TARGET,
            "pixels_kept": self.kept(),
        }
