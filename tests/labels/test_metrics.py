"""Metrics against direct loops, cases done by hand, and their edges."""

import numpy as np
import pytest

from segcore.labels import CITYSCAPES, IDS, metrics

ROAD, CAR, SKY, PERSON, VOID = IDS["road"], IDS["car"], IDS["sky"], IDS["person"], 0


@pytest.fixture
def pair() -> tuple[np.ndarray, np.ndarray]:
    """Blobs of random ids, void and 255 among the truth, and a prediction that is half right."""
    rng = np.random.default_rng(7)
    ids = np.array([*range(CITYSCAPES.num_classes), 255], np.uint8)
    truth = np.kron(rng.choice(ids, (7, 9)), np.ones((5, 4), np.uint8))
    other = np.kron(
        rng.integers(0, CITYSCAPES.num_classes, (7, 9), np.uint8), np.ones((5, 4), np.uint8)
    )
    keep = (rng.random(truth.shape) < 0.5) & (truth != 255)
    return truth, np.where(keep, truth, other)


def direct_confusion(truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    matrix = np.zeros((CITYSCAPES.num_classes, CITYSCAPES.num_classes), np.int64)
    for t, p in zip(truth.ravel(), prediction.ravel(), strict=True):
        if t in CITYSCAPES.evaluated_ids:
            matrix[t, p] += 1
    return matrix


def test_confusion_matrix_equals_a_direct_loop(pair):
    matrix = metrics.confusion_matrix(*pair, CITYSCAPES)
    assert matrix.dtype == np.int64
    assert np.array_equal(matrix, direct_confusion(*pair))


def test_confusion_matrix_keeps_void_predictions_as_misses():
    truth = np.array([[ROAD, ROAD, VOID, 255]], np.uint8)
    prediction = np.array([[ROAD, VOID, ROAD, ROAD]], np.uint8)
    matrix = metrics.confusion_matrix(truth, prediction, CITYSCAPES)
    assert matrix.sum() == 2
    assert matrix[ROAD, VOID] == 1
    assert metrics.mean_iou(matrix) == 0.5


@pytest.mark.parametrize(
    ("prediction", "reason"),
    [(np.full((2, 2), 34, np.uint8), "no label"), (np.zeros((2, 3), np.uint8), "not one size")],
)
def test_confusion_matrix_refuses_what_it_would_miscount(prediction, reason):
    with pytest.raises(ValueError, match=reason):
        metrics.confusion_matrix(np.full((2, 2), ROAD, np.uint8), prediction, CITYSCAPES)


def test_case_done_by_hand():
    truth = np.array([[ROAD, ROAD, ROAD, CAR]], np.uint8)
    prediction = np.array([[ROAD, ROAD, SKY, ROAD]], np.uint8)
    matrix = metrics.confusion_matrix(truth, prediction, CITYSCAPES)
    iou = metrics.iou_per_class(matrix)
    assert iou[ROAD] == 2 / 4
    assert iou[CAR] == 0
    assert np.isnan(iou[SKY])  # predicted, but not in the truth: no IoU of its own
    assert metrics.mean_iou(matrix) == (0.5 + 0) / 2
    assert metrics.pixel_accuracy(matrix) == 2 / 4
    assert metrics.mean_accuracy(matrix) == pytest.approx((2 / 3 + 0) / 2)
    assert metrics.frequency_weighted_iou(matrix) == 0.75 * 0.5


def test_formulas_equal_set_arithmetic(pair):
    truth, prediction = pair
    matrix = metrics.confusion_matrix(truth, prediction, CITYSCAPES)
    valid = np.isin(truth, CITYSCAPES.evaluated_ids)
    iou = {}
    for c in np.unique(truth[valid]):
        both = valid & (truth == c) & (prediction == c)
        either = valid & ((truth == c) | (prediction == c))
        iou[c] = both.sum() / either.sum()
    expected = np.array([iou.get(c, np.nan) for c in range(CITYSCAPES.num_classes)])
    np.testing.assert_allclose(metrics.iou_per_class(matrix), expected, atol=1e-15)
    assert metrics.mean_iou(matrix) == pytest.approx(np.mean(list(iou.values())), abs=1e-12)
    assert np.array_equal(metrics.present_classes(matrix), ~np.isnan(expected))


def test_formulas_take_stacked_matrices(pair):
    matrix = metrics.confusion_matrix(*pair, CITYSCAPES)
    stack = np.stack([matrix, np.zeros_like(matrix)])
    ious = metrics.iou_per_class(stack)
    np.testing.assert_array_equal(ious[0], metrics.iou_per_class(matrix))
    assert np.isnan(ious[1]).all()


def test_no_valid_pixel_is_nan_without_a_warning():
    void = np.zeros((3, 3), np.uint8)
    matrix = metrics.confusion_matrix(void, void, CITYSCAPES)
    bins = metrics.CalibrationBins.of(void, void, np.ones((3, 3), np.float32), CITYSCAPES)
    for value in (
        metrics.mean_iou(matrix),
        metrics.pixel_accuracy(matrix),
        metrics.mean_accuracy(matrix),
        metrics.frequency_weighted_iou(matrix),
        metrics.ece(bins),
    ):
        assert np.isnan(value)


@pytest.mark.parametrize(
    ("height", "width", "d"), [(360, 480, 3), (1024, 2048, 11), (16, 16, 1), (256, 256, 2)]
)
def test_boundary_width(height, width, d):
    assert metrics.boundary_width(height, width) == d


def direct_boundary(mask: np.ndarray, d: int) -> np.ndarray:
    """Mask minus mask eroded 3x3 d times, zero outside, pixel by pixel."""
    eroded = mask
    for _ in range(d):
        padded = np.pad(eroded, 1)
        height, width = mask.shape
        eroded = np.array(
            [[padded[y : y + 3, x : x + 3].all() for x in range(width)] for y in range(height)]
        )
    return mask & ~eroded


@pytest.mark.parametrize("d", [1, 2, 3])
def test_boundary_counts_equal_erosion_of_each_binary_mask(d):
    rng = np.random.default_rng(d)
    ids = np.array([VOID, ROAD, CAR, SKY, 255], np.uint8)
    truth = np.kron(rng.choice(ids, (3, 3)), np.ones((9, 11), np.uint8))
    prediction = np.kron(rng.choice(ids[:4], (3, 3)), np.ones((9, 11), np.uint8))
    prediction = np.roll(np.where(prediction == VOID, truth, prediction) % 255, 1, axis=1)
    counts = metrics.boundary_counts(truth, prediction, d, CITYSCAPES)
    valid = np.isin(truth, CITYSCAPES.evaluated_ids)
    for c in range(CITYSCAPES.num_classes):
        a, b = direct_boundary(truth == c, d) & valid, direct_boundary(prediction == c, d) & valid
        assert counts[0, c] == (a & b).sum()
        assert counts[1, c] == (a | b).sum()


def test_boundary_of_images_thinner_than_the_window():
    truth = np.full((1, 5), ROAD, np.uint8)
    assert metrics.boundary_counts(truth, truth, 2, CITYSCAPES)[:, ROAD].tolist() == [5, 5]


def test_boundary_iou_is_nan_for_a_class_not_in_the_truth():
    counts = np.zeros((2, CITYSCAPES.num_classes), np.int64)
    counts[:, ROAD] = 1, 4
    counts[1, SKY] = 9  # predicted only
    present = np.arange(CITYSCAPES.num_classes) == ROAD
    iou = metrics.boundary_iou_per_class(counts, present)
    assert iou[ROAD] == 0.25
    assert np.isnan(np.delete(iou, ROAD)).all()


def test_ece_of_a_case_done_by_hand():
    truth = np.array([[ROAD, ROAD, ROAD, VOID]], np.uint8)
    prediction = np.array([[ROAD, ROAD, CAR, ROAD]], np.uint8)
    confidence = np.array([[1.0, 0.5, 0.52, 0.1]], np.float32)
    bins = metrics.CalibrationBins.of(truth, prediction, confidence, CITYSCAPES)
    assert bins.pixels.sum() == 3  # the void pixel is left out
    # Bin of 1.0: accuracy 1. Bin (7/15, 8/15]: accuracy 1/2, confidence 0.51.
    assert metrics.ece(bins) == pytest.approx(2 / 3 * abs(0.5 - 0.51), abs=1e-6)


def test_calibration_bins_of_images_add_up_to_those_of_all_pixels(pair):
    truth, prediction = pair
    confidence = np.random.default_rng(0).random(truth.shape)
    halves = [
        metrics.CalibrationBins.of(truth[rows], prediction[rows], confidence[rows], CITYSCAPES)
        for rows in (slice(0, 10), slice(10, None))
    ]
    total = sum(halves, metrics.CalibrationBins.empty())
    whole = metrics.CalibrationBins.of(truth, prediction, confidence, CITYSCAPES)
    assert np.array_equal(total.pixels, whole.pixels)
    assert metrics.ece(total) == pytest.approx(metrics.ece(whole), abs=1e-12)


def test_tasm_score_follows_the_librarys_formula(pair):
    truth, _ = pair
    rng = np.random.default_rng(3)
    probabilities = rng.dirichlet(np.full(CITYSCAPES.num_classes, 0.05), truth.shape)
    top = probabilities.max(axis=-1)
    order = np.argmax(probabilities, axis=-1).astype(np.uint8)
    one_hot = (truth[..., None] == np.arange(CITYSCAPES.num_classes)).astype(float)
    over = (probabilities > 0.5).astype(float)
    intersection = (one_hot * over).sum(axis=(0, 1))
    union = (one_hot + over).sum(axis=(0, 1)) - intersection
    expected = ((intersection + 1e-5) / (union + 1e-5)).mean()
    assert metrics.tasm_iou_score(truth, order, top, CITYSCAPES) == pytest.approx(
        expected, abs=1e-12
    )


def test_tasm_score_flatters_a_constant_prediction():
    truth = np.full((4, 4), ROAD, np.uint8)
    truth[0] = CAR
    road = np.full_like(truth, ROAD)
    assert metrics.tasm_iou_score(truth, road, np.ones(truth.shape), CITYSCAPES) > 0.94
    assert metrics.mean_iou(metrics.confusion_matrix(truth, road, CITYSCAPES)) == 0.375


def test_a_category_is_right_whichever_of_its_classes_is_called():
    bus, parking = IDS["bus"], IDS["parking"]
    matrix = np.zeros((34, 34), np.int64)
    matrix[CAR, [CAR, bus, ROAD]] = 5, 3, 2
    matrix[ROAD, [ROAD, CAR, parking]] = 6, 1, 3  # parking is flat too, but not evaluated
    found = dict(
        zip(CITYSCAPES.categories, metrics.iou_per_category(matrix, CITYSCAPES), strict=True)
    )
    assert found["vehicle"] == 8 / 11
    assert found["flat"] == 6 / 12
    assert np.isnan(
        [found[name] for name in CITYSCAPES.categories if name not in ("vehicle", "flat")]
    ).all()
    assert len(CITYSCAPES.categories) == 7
