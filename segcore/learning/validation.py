"""Scoring a network in training on the whole validation split, once an epoch."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from segcore import devices, metrics
from segcore.labels import NUM_CLASSES
from segcore.merges import Merges, merged
from segcore.models import inference_model


@dataclass(frozen=True)
class ValidationResult:
    loss: float
    accuracy: float
    mean_iou: float
    iou_score: float
    matrix: np.ndarray  # (34, 34) int64


class Scorer(keras.Model):
    """Network and loss in one compiled step, so that logits never leave the device."""

    def __init__(self, network: keras.Model, loss: Callable) -> None:
        super().__init__()
        self.network = inference_model(network)
        self.loss_function = loss
        # Else Keras builds it by running it, which JAX does operation by operation, compiling each.
        self.built = True

    def call(self, inputs: dict[str, Any]) -> dict[str, Any]:
        logits = self.network(inputs["image"], training=False)  # (B, H, W, C)
        return {
            "labels": ops.cast(ops.argmax(logits, axis=-1), "uint8"),
            "confidence": ops.max(ops.softmax(logits, axis=-1), axis=-1),
            "loss": ops.reshape(self.loss_function(inputs["mask"], logits), (1,)),
        }


class Validator:
    """Scores `network` on pictures at the size they were prepared in.

    Args:
        network: the model in training; its weights are read anew at each call.
        loss: (masks, logits) -> scalar, the loss of the main head.
        images: (N, H, W, 3) uint8 RGB.
        masks: (N, H, W) uint8 label ids.
        multiple: what sides the network takes are multiples of.
        merges: of the data set, whose classes are what is scored.
        encoder: (256,) uint8, label id of the masks -> what `loss` takes; as they are where None.
    """

    def __init__(
        self,
        network: keras.Model,
        loss: Callable,
        images: np.ndarray,
        masks: np.ndarray,
        *,
        multiple: int,
        merges: Merges | None = None,
        encoder: np.ndarray | None = None,
        batch_size: int = 4,
    ) -> None:
        self.multiple, self.merges, self.encoder = multiple, merges, encoder
        self.scorer = Scorer(network, loss)
        self.scorer.compile(jit_compile=devices.compiles_with_xla())
        self.images, self.masks = images, masks
        self.batch_size = min(batch_size, len(images))

    def __call__(self) -> ValidationResult:
        matrix = np.zeros((NUM_CLASSES, NUM_CLASSES), np.int64)
        losses, scores = [], []
        for first in range(0, len(self.images), self.batch_size):
            truth = np.asarray(self.masks[first : first + self.batch_size])
            scored = self._score(np.asarray(self.images[first : first + self.batch_size]), truth)
            classes = merged(scored["labels"], self.merges)
            matrix += metrics.confusion_matrix(truth, classes)
            losses.append((float(scored["loss"][0]), len(truth)))
            for mask, labels, confidence in zip(truth, classes, scored["confidence"], strict=True):
                scores.append(metrics.tasm_iou_score(mask, labels, confidence))
        return ValidationResult(
            loss=float(np.average([loss for loss, _ in losses], weights=[n for _, n in losses])),
            accuracy=metrics.pixel_accuracy(matrix),
            mean_iou=metrics.mean_iou(matrix),
            iou_score=float(np.mean(scores)),
            matrix=matrix,
        )

    def predict(self, indices: list[int]) -> np.ndarray:
        """(len(indices), H, W) uint8 label ids of those pictures, by the data set's classes."""
        labels = [
            self._score(np.asarray(self.images[[i]]), np.asarray(self.masks[[i]]))["labels"]
            for i in indices
        ]
        return merged(np.concatenate(labels), self.merges)

    def _score(self, images: np.ndarray, masks: np.ndarray) -> dict[str, np.ndarray]:
        """One batch, padded to what the network takes and to full size: it compiles once."""
        count, height, width = masks.shape
        bottom, right = -height % self.multiple, -width % self.multiple
        edges = (0, self.batch_size - count), (0, bottom), (0, right)
        padded = {
            "image": np.pad(images, (*edges, (0, 0)), mode="edge"),
            "mask": np.pad(
                masks if self.encoder is None else self.encoder[masks], edges, constant_values=255
            ),
        }
        scored = self.scorer.predict_on_batch(padded)
        return {
            "labels": scored["labels"][:count, :height, :width],
            "confidence": scored["confidence"][:count, :height, :width],
            "loss": scored["loss"],
        }
