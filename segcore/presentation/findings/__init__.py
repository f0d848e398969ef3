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
from segcore.presentation.findings.generalization import (
    at_home_and_away,
    conditions,
    expected_elsewhere,
)
from segcore.presentation.findings.trainings import (
    best_scores,
    classes_learnt,
    scores_on_different_data,
    training,
    turning_epoch,
)

__all__ = [
    "at_home_and_away",
    "best_scores",
    "calibration",
    "classes_learnt",
    "conditions",
    "confused_pairs",
    "data_findings",
    "error_bands",
    "expected_elsewhere",
    "headline",
    "imbalance",
    "kept",
    "more_robust",
    "one_class",
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
