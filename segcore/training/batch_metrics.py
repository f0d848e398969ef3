"""Metrics of the training batches, accumulated on the device (validation has its own, exact ones).

They describe the augmented crops that the model learnt from, so they are read as curves beside
the validation's, never quoted as results. So every 4th row and column is enough: counting every
pixel of 34 classes costs as much as a good part of the network itself.

Of joined data sets each image counts by the classes of its own (`segcore.training.targets`).
"""

from typing import Any

import keras
import numpy as np
from keras import ops

from segcore.labels import NO_LABEL, LabelSpace, metrics
from segcore.training.targets import Targets

SAMPLING = 4


class ConfusionMatrix(keras.metrics.Metric):
    """Sums the confusion matrix over an epoch, rows truth, valid truth only.

    `result` is the pixel accuracy, so that progress bars have something to show; the matrix itself
    is read with `matrix()`.
    """

    def __init__(
        self,
        space: LabelSpace,
        targets: Targets | None = None,
        name: str = "accuracy",
    ) -> None:
        super().__init__(name=name, dtype="float32")
        self.targets, self.space = targets, space
        self.counts = self.add_weight(
            shape=(space.num_classes, space.num_classes), initializer="zeros", name="counts"
        )

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        size = self.space.num_classes
        truth = ops.cast(_sampled(y_true), "int32")
        predicted = ops.argmax(_sampled(y_pred), axis=-1)
        if self.targets is not None:
            groups = _groups(self.targets, truth)[:, None, None]
            truth = _labels(self.targets, truth)
            table = ops.convert_to_tensor(self.targets.classes.astype(np.int32).ravel())
            predicted = ops.take(table, groups * size + ops.cast(predicted, "int32"))
        truth, predicted = ops.reshape(truth, (-1,)), ops.reshape(predicted, (-1,))
        valid = ops.convert_to_tensor(self.space.is_evaluated)
        rows = ops.where(ops.take(valid, truth), truth, -1)
        rows = ops.one_hot(rows, size, dtype="float32")  # (pixels, classes), void all zero
        columns = ops.one_hot(predicted, size, dtype="float32")
        self.counts.assign_add(ops.matmul(ops.transpose(rows), columns))

    def result(self) -> Any:
        return ops.trace(self.counts) / ops.maximum(ops.sum(self.counts), 1.0)

    def matrix(self) -> np.ndarray:
        """(C, C) int64 counts so far."""
        counts: np.ndarray = ops.convert_to_numpy(self.counts).astype(np.int64)
        return counts

    def mean_iou(self) -> float:
        return metrics.mean_iou(self.matrix())


class IoUScore(keras.metrics.Metric):
    """TASM's IOUScore(threshold=0.5): per image and class, smoothed by 1e-5, then averaged."""

    def __init__(
        self,
        space: LabelSpace,
        targets: Targets | None = None,
        name: str = "iou_score",
    ) -> None:
        super().__init__(name=name, dtype="float32")
        self.targets, self.space = targets, space
        self.total = self.add_weight(initializer="zeros", name="total")
        self.pictures = self.add_weight(initializer="zeros", name="pictures")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        size = self.space.num_classes
        truth = ops.cast(_sampled(y_true), "int32")
        probabilities = ops.softmax(ops.cast(_sampled(y_pred), "float32"), axis=-1)
        if self.targets is not None:
            classes = np.eye(size, dtype=np.float32)[self.targets.classes]  # (G, C, C)
            classes = ops.take(ops.convert_to_tensor(classes), _groups(self.targets, truth), axis=0)
            truth = _labels(self.targets, truth)
            probabilities = ops.einsum("bhwc,bck->bhwk", probabilities, classes)
        truth = ops.one_hot(truth, size, dtype="float32")
        predicted = ops.cast(probabilities > 0.5, "float32")
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


def _groups(targets: Targets, codes: Any) -> Any:
    """(B, H, W) codes -> (B,) int32, which group each image's are of."""
    table = np.zeros(256, np.int32)
    table[: len(targets.groups)] = targets.groups
    return ops.max(ops.take(ops.convert_to_tensor(table), codes), axis=(1, 2))


def _labels(targets: Targets, codes: Any) -> Any:
    """(B, H, W) codes -> int32 label ids, of a coarse class the one that its masks have."""
    table = np.full(256, NO_LABEL, np.int32)
    table[: len(targets.labels)] = targets.labels
    return ops.take(ops.convert_to_tensor(table), codes)
