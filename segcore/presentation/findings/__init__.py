"""What the figures mean, in sentences: from the same numbers that the pages draw."""

from segcore.presentation.findings.data import (
    data_findings,
    imbalance,
    one_class,
    recipe_differences,
    share_and_iou,
)
from segcore.presentation.findings.evaluation import (
    better_calibrated,
    calibration,
    confused_pairs,
    error_bands,
    faster,
    headline,
    kept,
    more_robust,
    most_confused,
    resampling,
    robustness,
    temperatures,
    verdict,
)
from segcore.presentation.findings.generalization import (
    at_home_and_away,
    conditions,
    expected_elsewhere,
)
from segcore.presentation.findings.trainings import (
    best_scores,
    classes_learnt,
    published,
    scores_on_different_data,
    training,
    turning_epoch,
)

__all__ = [
    "at_home_and_away",
    "best_scores",
    "better_calibrated",
    "calibration",
    "classes_learnt",
    "conditions",
    "confused_pairs",
    "data_findings",
    "error_bands",
    "expected_elsewhere",
    "faster",
    "headline",
    "imbalance",
    "kept",
    "more_robust",
    "most_confused",
    "one_class",
    "published",
    "recipe_differences",
    "resampling",
    "robustness",
    "scores_on_different_data",
    "share_and_iou",
    "temperatures",
    "training",
    "turning_epoch",
    "verdict",
]
