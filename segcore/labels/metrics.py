"""Segmentation metrics: integer counts first, pure formulas on the counts after.

Counts add up over images, so a split is scored without holding more than one image. NumPy only.

What counts, the label space says: truth pixels count where their id is one of its scored classes;
averages run over those of them that occur in the truth. With Cityscapes' space, of 34 ids (C below)
and 19 scored classes, this equals evalPixelLevelSemanticLabeling of cityscapesscripts.
"""

from dataclasses import dataclass

import numpy as np

from segcore.labels import LabelSpace

METRIC_VERSION = 1
"""Raised when a definition below changes, so that stored evaluations are computed again."""

CALIBRATION_BINS = 15
BOUNDARY_RATIO = 0.005  # of the diagonal: Cityscapes' ratio in Cheng et al., CVPR 2021


# --- counts -------------------------------------------------------------------------------------


def valid_pixels(truth: np.ndarray, space: LabelSpace) -> np.ndarray:
    """Where the truth counts, bool, the shape of `truth`: its id is one of those scored."""
    valid: np.ndarray = space.is_evaluated[truth]
    return valid


def confusion_matrix(truth: np.ndarray, prediction: np.ndarray, space: LabelSpace) -> np.ndarray:
    """Count pixels by true and predicted id.

    Args:
        truth: label ids, uint8, any shape. Pixels of an id that is not evaluated are left out.
        prediction: ids 0 to C - 1, integer, the same shape.

    Returns:
        (C, C) int64, the truth in the rows. Columns of ids that are not evaluated stay: such a
        prediction on a valid pixel is a miss.

    Raises:
        ValueError: other shapes, or a predicted id of C or more.
    """
    if truth.shape != prediction.shape:
        raise ValueError(f"truth is {truth.shape}, prediction {prediction.shape}: not one size")
    size = space.num_classes
    if prediction.size and prediction.max() >= size:
        raise ValueError(f"predicted id {prediction.max()} is no label: ids end at {size - 1}")
    # One row past the matrix collects the pixels that do not count.
    row_starts = np.where(space.is_evaluated, np.arange(256), size) * size
    cells = (row_starts[truth] + prediction).ravel()
    counts = np.bincount(cells, minlength=(size + 1) * size)
    return counts[: size**2].reshape(size, size).astype(np.int64)


def boundary_width(height: int, width: int) -> int:
    """Width d of the boundary band in pixels, at least 1."""
    return max(1, round(BOUNDARY_RATIO * float(np.hypot(height, width))))


def boundary_counts(
    truth: np.ndarray, prediction: np.ndarray, d: int, space: LabelSpace
) -> np.ndarray:
    """Intersection and union of the two boundary bands of each class's binary mask.

    Cheng et al., "Boundary IoU: Improving Object-Centric Image Segmentation Evaluation", CVPR 2021:
    a boundary is the mask minus the mask eroded 3x3 d times, with zeros outside the image. Pixels
    whose truth is not evaluated count in neither.

    Args:
        truth, prediction: (H, W) uint8 label ids.
        d: width of the band, 1 or more; see `boundary_width`.

    Returns:
        (2, C) int64: intersection, union.
    """
    valid = valid_pixels(truth, space)
    in_truth = valid & ~interior(truth, d)
    in_prediction = valid & ~interior(prediction, d)
    both = in_truth & in_prediction & (truth == prediction)
    intersection, of_truth, of_prediction = (
        count_ids(ids, space) for ids in (truth[both], truth[in_truth], prediction[in_prediction])
    )
    union = of_truth + of_prediction - intersection
    return np.stack([intersection, union])


def interior(labels: np.ndarray, d: int) -> np.ndarray:
    """Where a pixel is left after its own class's mask is eroded d times: (H, W) bool.

    Every class at once: the first erosion leaves the pixels whose 3x3 neighbours all have their
    label; of those, adjacent ones have one label, so the later erosions need no classes.
    """
    rows = (labels[:, 1:-1] == labels[:, :-2]) & (labels[:, 1:-1] == labels[:, 2:])
    interior = np.zeros(labels.shape, bool)
    interior[1:-1, 1:-1] = (
        (rows[:-2] & rows[1:-1] & rows[2:])
        & (labels[1:-1, 1:-1] == labels[:-2, 1:-1])
        & (labels[1:-1, 1:-1] == labels[2:, 1:-1])
    )
    for _ in range(d - 1):
        rows = interior[:, :-2] & interior[:, 1:-1] & interior[:, 2:]
        interior = np.zeros(labels.shape, bool)
        interior[1:-1, 1:-1] = rows[:-2] & rows[1:-1] & rows[2:]
    return interior


def count_ids(ids: np.ndarray, space: LabelSpace) -> np.ndarray:
    """Label ids, any shape of one axis -> (C,) int64, how often each occurs."""
    return np.bincount(ids, minlength=space.num_classes).astype(np.int64)


@dataclass(frozen=True)
class CalibrationBins:
    """Valid pixels by their top-class probability, in equal bins of [0, 1]; bins of images add."""

    pixels: np.ndarray  # (15,) int64
    correct: np.ndarray  # (15,) int64
    confidence: np.ndarray  # (15,) float64, summed over the bin's pixels

    @classmethod
    def empty(cls) -> "CalibrationBins":
        counts = np.zeros(CALIBRATION_BINS, np.int64)
        return cls(counts, counts, np.zeros(CALIBRATION_BINS))

    @classmethod
    def of(
        cls,
        truth: np.ndarray,
        prediction: np.ndarray,
        confidence: np.ndarray,
        space: LabelSpace,
    ) -> "CalibrationBins":
        """Bin one image: (H, W) uint8 ids, uint8 ids, float top-class probability in [0, 1]."""
        valid = valid_pixels(truth, space)
        top = confidence[valid].astype(np.float64)
        # The bin (lower, upper] of Guo et al., "On Calibration of Modern Neural Networks", 2017.
        bins = np.clip(np.ceil(top * CALIBRATION_BINS).astype(np.intp) - 1, 0, CALIBRATION_BINS - 1)
        hits = truth[valid] == prediction[valid]
        return cls(
            np.bincount(bins, minlength=CALIBRATION_BINS).astype(np.int64),
            np.bincount(bins[hits], minlength=CALIBRATION_BINS).astype(np.int64),
            np.bincount(bins, top, minlength=CALIBRATION_BINS),
        )

    def __add__(self, other: "CalibrationBins") -> "CalibrationBins":
        return CalibrationBins(
            self.pixels + other.pixels,
            self.correct + other.correct,
            self.confidence + other.confidence,
        )


# --- formulas -----------------------------------------------------------------------------------


def present_classes(matrix: np.ndarray) -> np.ndarray:
    """Which classes occur in the truth: (..., C, C) counts -> (..., C) bool."""
    present: np.ndarray = matrix.sum(axis=-1) > 0
    return present


def iou_per_class(matrix: np.ndarray) -> np.ndarray:
    """C[c,c] / (row c + column c - C[c,c]): (..., C, C) counts -> (..., C) float64.

    NaN where the class does not occur in the truth; its false predictions hurt the others' rows.
    """
    return iou_of_counts(class_counts(matrix))


def iou_per_category(matrix: np.ndarray, space: LabelSpace) -> np.ndarray:
    """IoU of the K categories of the space: (..., C, C) counts -> (..., K) float64, in their order.

    A car called a truck is right here. NaN where no evaluated class of the category occurs in the
    truth. A prediction of an id that is not evaluated is a miss, of its own category too, as in
    cityscapesscripts.
    """
    return iou_of_counts(category_counts(matrix, space))


def class_counts(matrix: np.ndarray) -> np.ndarray:
    """What an IoU is made of: (..., C, C) counts -> (..., 3, C) intersection, union, truth."""
    rows, columns, hits = _sums(matrix)
    return np.stack([hits, rows + columns - hits, rows], axis=-2)


def category_counts(matrix: np.ndarray, space: LabelSpace) -> np.ndarray:
    """As `class_counts`, of the K categories: (..., 3, K)."""
    belongs = np.zeros((len(space.categories), space.num_classes), np.int64)
    for row, ids in zip(belongs, space.categories.values(), strict=True):
        row[list(ids)] = 1
    rows, columns, _ = _sums(matrix)
    # Within a category every cell is a hit: (..., C, C) @ (C, K), then one column per category.
    hits = ((matrix @ belongs.T) * belongs.T).sum(axis=-2)
    rows, columns = rows @ belongs.T, columns @ belongs.T
    return np.stack([hits, rows + columns - hits, rows], axis=-2)


def iou_of_counts(counts: np.ndarray) -> np.ndarray:
    """Intersection, union and truth (..., 3, K) -> (..., K) float64, NaN without truth."""
    hits, union, truth = np.moveaxis(counts, -2, 0)
    return _ratio(hits, union, where=truth > 0)


def accuracy_per_class(matrix: np.ndarray) -> np.ndarray:
    """C[c,c] / row c: (..., C, C) counts -> (..., C) float64, NaN for a class not in truth."""
    rows, _, hits = _sums(matrix)
    return _ratio(hits, rows, where=rows > 0)


def mean_of_present(per_class: np.ndarray) -> np.ndarray:
    """Mean of the classes that are not NaN, over the last axis; NaN where none is left."""
    known = ~np.isnan(per_class)
    count = known.sum(axis=-1)
    return _ratio(np.where(known, per_class, 0).sum(axis=-1), count, where=count > 0)


def mean_iou(matrix: np.ndarray) -> float:
    """Mean IoU over the evaluated classes in the truth of a (C, C) matrix; NaN for no pixels."""
    return float(mean_of_present(iou_per_class(matrix)))


def mean_accuracy(matrix: np.ndarray) -> float:
    return float(mean_of_present(accuracy_per_class(matrix)))


def pixel_accuracy(matrix: np.ndarray) -> float:
    total = matrix.sum()
    return float(_ratio(np.trace(matrix), total, where=total > 0))


def frequency_weighted_iou(matrix: np.ndarray) -> float:
    """Sum of each class's share of the truth times its IoU; NaN for no pixels."""
    rows = matrix.sum(axis=-1)
    total = rows.sum()
    weighted = np.nansum(rows * iou_per_class(matrix))
    return float(_ratio(weighted, total, where=total > 0))


def boundary_iou_per_class(counts: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Summed `boundary_counts` (2, C) -> (C,) float64, NaN where not `present` (C,) bool."""
    intersection, union = counts
    return _ratio(intersection, union, where=present & (union > 0))


def ece(bins: CalibrationBins) -> float:
    """Expected calibration error: sum of share x |accuracy - confidence|; NaN for no pixels."""
    total = bins.pixels.sum()
    gap = np.abs(bins.correct - bins.confidence).sum()  # the bin's own count cancels
    return float(_ratio(gap, total, where=total > 0))


TASM_SMOOTH = 1e-5
"""What TASM adds to intersection and union."""


def tasm_iou_score(
    truth: np.ndarray,
    prediction: np.ndarray,
    confidence: np.ndarray,
    space: LabelSpace,
) -> float:
    """One image's IOUScore(threshold=0.5) of TensorFlow Advanced Segmentation Models.

    For comparing with published figures only, and no mean IoU: all C classes count, void with
    them, and a class that is neither there nor predicted scores 1. The library's score of several
    images is the mean of theirs.

    Args:
        truth: (H, W) uint8 label ids; 255 belongs to no class.
        prediction, confidence: (H, W) uint8 top class and its probability. No class but the top one
            can have a probability above the threshold.
    """
    thresholded = confidence > 0.5
    intersection, of_truth, of_prediction = (
        count_ids(ids, space)
        for ids in (
            truth[thresholded & (truth == prediction)],
            truth[truth < space.num_classes],
            prediction[thresholded],
        )
    )
    union = of_truth + of_prediction - intersection
    return float(np.mean((intersection + TASM_SMOOTH) / (union + TASM_SMOOTH)))


def _sums(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows, columns and diagonal of (..., C, C), each (..., C)."""
    return matrix.sum(axis=-1), matrix.sum(axis=-2), np.diagonal(matrix, axis1=-2, axis2=-1)


def _ratio(numerator: np.ndarray, denominator: np.ndarray, where: np.ndarray) -> np.ndarray:
    """numerator / denominator in float64, NaN elsewhere."""
    result: np.ndarray = np.full(np.shape(numerator), np.nan)
    np.divide(numerator, denominator, out=result, where=where)
    return result
