"""Everything that is counted of one image in the evaluator's single pass."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from segcore.evaluation import error_breakdown, metrics
from segcore.evaluation.calibration import Trial, coverage_counts, sampling_step
from segcore.prediction.inference import Prediction


@dataclass(frozen=True, eq=False)
class ImageCounts:
    """Of one prediction against its truth, kept for each image; see the functions of the names."""

    size: tuple[int, int]
    matrix: np.ndarray  # (34, 34) int64
    boundary: np.ndarray  # (2, 34) int64
    tasm_score: float
    bands: np.ndarray  # (2, 2, 34) int64
    regions: np.ndarray  # (4, 34, 5) int64

    @classmethod
    def of(cls, truth: np.ndarray, prediction: Prediction) -> Self:
        """Of a truth (H, W) uint8 and the prediction for it, of the same size."""
        labels, confidence = prediction.labels, prediction.confidence
        height, width = truth.shape
        d = metrics.boundary_width(height, width)
        return cls(
            size=(height, width),
            matrix=metrics.confusion_matrix(truth, labels),
            boundary=metrics.boundary_counts(truth, labels, d),
            tasm_score=metrics.tasm_iou_score(truth, labels, confidence),
            bands=error_breakdown.band_counts(truth, labels, d),
            regions=error_breakdown.region_counts(truth, labels),
        )


@dataclass(frozen=True, eq=False)
class ConfidenceCounts:
    """Of one prediction's confidence, of which a split keeps the sums alone: they are larger."""

    calibration: metrics.CalibrationBins
    coverage: np.ndarray  # (2, LEVELS) int64
    trial: Trial

    @classmethod
    def of(cls, truth: np.ndarray, prediction: Prediction) -> Self:
        """Of a truth (H, W) uint8 and the prediction for it, of the same size."""
        labels, confidence = prediction.labels, prediction.confidence
        return cls(
            calibration=metrics.CalibrationBins.of(truth, labels, confidence),
            coverage=coverage_counts(truth, labels, confidence),
            trial=_trial(truth, prediction),
        )


def _trial(truth: np.ndarray, prediction: Prediction) -> Trial:
    step = sampling_step(truth.size)
    rows, columns = slice(step // 2, None, step), slice(step // 2, None, step)
    probabilities = prediction.probabilities_of(rows)[:, columns]
    return Trial.of(
        truth[rows, columns].ravel(),
        prediction.labels[rows, columns].ravel(),
        probabilities.reshape(-1, probabilities.shape[-1]),
    )
