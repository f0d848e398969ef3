import numpy as np
import pytest

from segcore.labels import CITYSCAPES, metrics
from segcore.training.batch_metrics import SAMPLING, ConfusionMatrix, IoUScore
from tests.factories.made_data import id_mask


def blocks(seed: int) -> np.ndarray:
    """Masks (2, 16, 24) in blocks of 4x4, so that every 4th pixel says all."""
    return np.stack([id_mask(seed + i, 16, 24, [7, 11, 23, 255]) for i in range(2)])


def logits_of(labels: np.ndarray) -> np.ndarray:
    return np.float32(20) * np.eye(34, dtype=np.float32)[np.minimum(labels, 33)]


def test_the_running_matrix_is_the_evaluations_on_the_sampled_pixels() -> None:
    truth, predicted = blocks(0), np.minimum(blocks(5), 33)
    metric = ConfusionMatrix(CITYSCAPES)
    for _ in range(2):
        metric.update_state(truth, logits_of(predicted))
    exact = metrics.confusion_matrix(truth, predicted, CITYSCAPES)
    np.testing.assert_array_equal(metric.matrix() * SAMPLING**2, 2 * exact)
    assert float(metric.result()) == pytest.approx(metrics.pixel_accuracy(exact))
    assert metric.mean_iou() == pytest.approx(metrics.mean_iou(exact))


def test_the_running_score_is_that_of_the_library() -> None:
    truth, predicted = blocks(0), np.minimum(blocks(5), 33)
    metric = IoUScore(CITYSCAPES)
    metric.update_state(truth, logits_of(predicted))
    confident = np.ones(truth.shape[1:], np.float32)
    one_by_one = [
        metrics.tasm_iou_score(mask, labels, confident, CITYSCAPES)
        for mask, labels in zip(truth, predicted.astype(np.uint8), strict=True)
    ]
    assert float(metric.result()) == pytest.approx(np.mean(one_by_one), abs=1e-4)
