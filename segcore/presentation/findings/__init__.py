"""What the figures mean, in sentences: from the same numbers that the pages draw."""

from segcore.presentation.findings.data import (
    data_findings,
    imbalance,
    one_class,
    recipe_differences,
    share_and_iou,
)
from segcore.presentation.findings.evaluation import (
    calibration,
    confused_pairs,
    error_bands,
    headline,
    kept,
    more_robust,
    resampling,
    robustness,
    temperatures,
    verdict,
)
from segcore.presentation.findings.trainings import (
    best_scores,
    classes_learnt,
    training,
    turning_epoch,
)

__all__ = [
    "best_scores",
    "calibration",
    "classes_learnt",
    "confused_pairs",
    "data_findings",
    "error_bands",
    "headline",
    "imbalance",
    "kept",
    "more_robust",
    "one_class",
    "recipe_differences",
    "resampling",
    "robustness",
    "share_and_iou",
    "temperatures",
    "training",
    "turning_epoch",
    "verdict",
]
