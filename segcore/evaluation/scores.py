"""Every score of a split, from the counts of its images by the formulas of `labels.metrics`.

Pages, report and command line show those that `presentation.tables.DEFINITIONS` lists.
"""

from dataclasses import dataclass

import numpy as np

from segcore.labels import LabelSpace, metrics


@dataclass(frozen=True)
class ClassScores:
    """The scores of one class; None where it is not in the truth."""

    iou: float | None
    boundary_iou: float | None
    accuracy: float | None
    pixels: int


@dataclass(frozen=True)
class CategoryScores:
    iou: float | None
    pixels: int


@dataclass(frozen=True)
class Scores:
    """None where no pixel is scored; explained in docs/scores.md."""

    mean_iou: float | None
    pixel_accuracy: float | None
    mean_accuracy: float | None
    frequency_weighted_iou: float | None
    mean_boundary_iou: float | None
    ece: float | None
    mean_category_iou: float | None
    tasm_iou_score: float | None
    per_category: dict[str, CategoryScores]
    per_class: dict[str, ClassScores]

    @property
    def class_iou(self) -> dict[str, float | None]:
        """IoU of each scored class."""
        return {name: score.iou for name, score in self.per_class.items()}


def scores_of(
    matrix: np.ndarray,
    boundaries: np.ndarray,
    bins: metrics.CalibrationBins,
    tasm_scores: np.ndarray,
    space: LabelSpace,
) -> Scores:
    """The scores of a split of N images with C classes.

    Args:
        matrix: (C, C) confusion matrix, truth in the rows.
        boundaries: (2, C) intersection and union of the boundary bands.
        tasm_scores: (N,), one of each image.
    """
    iou, accuracy = metrics.iou_per_class(matrix), metrics.accuracy_per_class(matrix)
    category_iou = metrics.iou_per_category(matrix, space)
    boundary_iou = metrics.boundary_iou_per_class(boundaries, metrics.present_classes(matrix))
    pixels = matrix.sum(axis=1)
    return Scores(
        mean_iou=number(metrics.mean_iou(matrix)),
        pixel_accuracy=number(metrics.pixel_accuracy(matrix)),
        mean_accuracy=number(metrics.mean_accuracy(matrix)),
        frequency_weighted_iou=number(metrics.frequency_weighted_iou(matrix)),
        mean_boundary_iou=number(float(metrics.mean_of_present(boundary_iou))),
        ece=number(metrics.ece(bins)),
        mean_category_iou=number(float(metrics.mean_of_present(category_iou))),
        tasm_iou_score=number(float(tasm_scores.mean())),
        per_category={
            category: CategoryScores(number(iou), int(pixels[list(ids)].sum()))
            for (category, ids), iou in zip(space.categories.items(), category_iou, strict=True)
        },
        per_class={
            space.names[c]: ClassScores(
                number(iou[c]), number(boundary_iou[c]), number(accuracy[c]), int(pixels[c])
            )
            for c in space.evaluated_ids
        },
    )


def number(value: float) -> float | None:
    """A JSON number; NaN, the score of a class that is not there, becomes null."""
    return None if np.isnan(value) else float(value)
