"""Metrics of the training batches, accumulated on the device (validation has its own, exact ones).

They describe the augmented crops that the model learnt from, so they are read as curves beside
the validation's, never quoted as results. So every 4th row and column is enough: counting every
pixel of 34 classes costs as much as a good part of the network itself.
"""

from typing import Any

import keras
import numpy as np
from keras import ops

from segcore import metrics
from segcore.labels import EVALUATED_IDS, NUM_CLASSES

SAMPLING = 4


class ConfusionMatrix(keras.metrics.Metric):
    """Sums the confusion matrix over an epoch, rows truth, valid truth only.

    `result` is the pixel accuracy, so that progress bars have something to show; the matrix itself
    is read with `matrix()`.
    """

    def __init__(self, name: str = "accuracy") -> None:
        super().__init__(name=name, dtype="float32")
        self.counts = self.add_weight(
            shape=(NUM_CLASSES, NUM_CLASSES), initializer="zeros", name="counts"
        )

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        truth = ops.reshape(ops.cast(_sampled(y_true), "int32"), (-1,))
        predicted = ops.reshape(ops.argmax(_sampled(y_pred), axis=-1), (-1,))
        valid = np.isin(np.arange(256), EVALUATED_IDS)
        rows = ops.where(ops.take(ops.convert_to_tensor(valid), truth), truth, -1)
        rows = ops.one_hot(rows, NUM_CLASSES, dtype="float32")  # (pixels, classes), void all zero
        columns = ops.one_hot(predicted, NUM_CLASSES, dtype="float32")
        self.counts.assign_add(ops.matmul(ops.transpose(rows), columns))

    def result(self) -> Any:
        return ops.trace(self.counts) / ops.maximum(ops.sum(self.counts), 1.0)

    def matrix(self) -> np.ndarray:
        """(34, 34) int64 counts so far."""
        counts: np.ndarray = ops.convert_to_numpy(self.counts).astype(np.int64)
        return counts

    def mean_iou(self) -> float:
        return metrics.mean_iou(self.matrix())


class IoUScore(keras.metrics.Metric):
    """TASM's IOUScore(threshold=0.5): per picture and class, smoothed by 1e-5, then averaged."""

    def __init__(self, name: str = "iou_score") -> None:
        super().__init__(name=name, dtype="float32")
        self.total = self.add_weight(initializer="zeros", name="total")
        self.pictures = self.add_weight(initializer="zeros", name="pictures")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        truth = ops.one_hot(ops.cast(_sampled(y_true), "int32"), NUM_CLASSES, dtype="float32")
        logits = ops.cast(_sampled(y_pred), "float32")
        predicted = ops.cast(ops.softmax(logits, axis=-1) > 0.5, "float32")
        intersection = ops.sum(truth * predicted, axis=(1, 2))  # (B, classes)
        union = ops.sum(truth + predicted, axis=(1, 2)) - intersection
        scores = (intersection + metrics.TASM_SMOOTH) / (union + metrics.TASM_SMOOTH)
        self.total.assign_add(ops.sum(ops.mean(scores, axis=-1)))
        self.pictures.assign_add(ops.cast(ops.shape(truth)[0], "float32"))

    def result(self) -> Any:
        return self.total / ops.maximum(self.pictures, 1.0)


def _sampled(pixels: Any) -> Any:
    """(B, H, W, ...) -> every 4th row and column of it."""
    return pixels[:, ::SAMPLING, ::SAMPLING]
