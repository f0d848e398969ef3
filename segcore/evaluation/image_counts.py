"""Everything that is counted of one image in the evaluator's single pass."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from segcore.evaluation import error_breakdown
from segcore.evaluation.calibration import Trial, coverage_counts, sampling_step
from segcore.labels import LabelSpace, metrics
from segcore.prediction.inference import Prediction


@dataclass(frozen=True, eq=False)
class ImageCounts:
    """Counts of one prediction against its truth, kept for each image; see the functions of the
    same names.

    C is the number of classes of the label space.
    """

    size: tuple[int, int]
    matrix: np.ndarray  # (C, C) int64
    boundary: np.ndarray  # (2, C) int64
    tasm_score: float
    bands: np.ndarray  # (2, 2, C) int64
    regions: np.ndarray  # (4, C, 5) int64

    @classmethod
    def of(cls, truth: np.ndarray, prediction: Prediction, space: LabelSpace) -> Self:
        """Counts a truth (H, W) uint8 and its prediction of the same size."""
        labels, confidence = prediction.labels, prediction.confidence
        height, width = truth.shape
        d = metrics.boundary_width(height, width)
        return cls(
            size=(height, width),
            matrix=metrics.confusion_matrix(truth, labels, space),
            boundary=metrics.boundary_counts(truth, labels, d, space),
            tasm_score=metrics.tasm_iou_score(truth, labels, confidence, space),
            bands=error_breakdown.band_counts(truth, labels, d, space),
            regions=error_breakdown.region_counts(truth, labels, space),
        )


@dataclass(frozen=True, eq=False)
class ConfidenceCounts:
    """Counts of one prediction's confidence. They are large: a split keeps only their sums."""

    calibration: metrics.CalibrationBins
    coverage: np.ndarray  # (2, LEVELS) int64
    trial: Trial

    @classmethod
    def of(cls, truth: np.ndarray, prediction: Prediction, space: LabelSpace) -> Self:
        """Counts a truth (H, W) uint8 and its prediction of the same size."""
        labels, confidence = prediction.labels, prediction.confidence
        return cls(
            calibration=metrics.CalibrationBins.of(truth, labels, confidence, space),
            coverage=coverage_counts(truth, labels, confidence, space),
            trial=_trial(truth, prediction, space),
        )


def _trial(truth: np.ndarray, prediction: Prediction, space: LabelSpace) -> Trial:
    step = sampling_step(truth.size)
    rows, columns = slice(step // 2, None, step), slice(step // 2, None, step)
    probabilities = prediction.probabilities_of(rows)[:, columns]
    return Trial.of(
        truth[rows, columns].ravel(),
        prediction.labels[rows, columns].ravel(),
        probabilities.reshape(-1, probabilities.shape[-1]),
        space,
    )
