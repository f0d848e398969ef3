"""Scoring a network in training on the whole validation split, once an epoch.

As an evaluation does it: at the sizes at which the network is served, against the masks at their
own resolution, so that history and evaluation say the same.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from segcore.data.preparation import PreparedSplit
from segcore.images import resize_labels
from segcore.images.preprocessing import Preprocessing
from segcore.images.resampling import top_class
from segcore.images.resizing import Size
from segcore.labels import NO_LABEL, LabelSpace, metrics
from segcore.labels.merges import Merges, merged
from segcore.models import inference_model
from segcore.system import backend
from segcore.system.parallel import overlapped

BATCH_SIZE = 4


@dataclass(frozen=True)
class ValidationResult:
    loss: float
    accuracy: float
    mean_iou: float
    iou_score: float
    matrix: np.ndarray  # (C, C) int64


class Scorer(keras.Model):
    """Network and loss in one compiled step, so that logits never leave the device.

    Args:
        keeps_probabilities: where the labels are found later, at another size.
    """

    def __init__(self, network: keras.Model, loss: Callable, keeps_probabilities: bool) -> None:
        super().__init__()
        self.network = inference_model(network)
        self.loss_function = loss
        self.keeps_probabilities = keeps_probabilities
        # Else Keras builds it by running it, which JAX does operation by operation, compiling each.
        self.built = True

    def call(self, inputs: dict[str, Any]) -> dict[str, Any]:
        logits = self.network(inputs["image"], training=False)  # (B, H, W, C)
        probabilities = ops.softmax(logits, axis=-1)
        found = {
            "labels": ops.cast(ops.argmax(logits, axis=-1), "uint8"),
            "confidence": ops.max(probabilities, axis=-1),
            "loss": ops.reshape(self.loss_function(inputs["mask"], logits), (1,)),
        }
        return found | ({"probabilities": probabilities} if self.keeps_probabilities else {})


@dataclass(frozen=True)
class _Group:
    """Images that one compiled step scores: `size` is that of its input, (height, width)."""

    size: Size
    is_resized: bool  # the masks have another size than what the network sees


class _Seen(NamedTuple):
    """What the network says of one image."""

    probabilities: np.ndarray  # (h, w, C) float32; of one value where labels are not resized
    labels: np.ndarray  # (h, w) uint8
    confidence: np.ndarray  # (h, w) float32


@dataclass(frozen=True)
class _Scored:
    """One image, and the loss of its batch."""

    matrix: np.ndarray
    iou_score: float
    loss: float


class Validator:
    """Scores `network` on a prepared split.

    Args:
        network: the model in training; its weights are read again at each call.
        loss: (masks, logits) -> scalar, the loss of the main head.
        split: what is scored; it has masks.
        preprocessing: how its images were prepared.
        merges: of the data set, whose classes are what is scored.
        encoder: (256,) uint8, label id of the masks -> what `loss` takes; as they are where None.
        space: of the label ids.
    """

    def __init__(
        self,
        network: keras.Model,
        loss: Callable,
        split: PreparedSplit,
        preprocessing: Preprocessing,
        *,
        merges: Merges | None = None,
        encoder: np.ndarray | None = None,
        space: LabelSpace,
    ) -> None:
        self.network, self.loss = network, loss
        self.split, self.preprocessing = split, preprocessing
        self.merges, self.encoder, self.space = merges, encoder, space
        self._lock = threading.Lock()
        # Of this thread alone, in Keras; a network that makes layers as it runs, as the library's
        # DANet does, needs it in those that score too.
        self._policy = keras.mixed_precision.dtype_policy()
        # One for each size: a step that has met a second is traced for any, which is slower, and
        # which the DANet's resizing does not take.
        self._scorers: dict[_Group, Scorer] = {}
        self._groups: dict[_Group, list[int]] = {}
        for index in range(len(split.keys)):
            self._groups.setdefault(self._group_of(index), []).append(index)

    def __call__(self) -> ValidationResult:
        scored = [image for batch in overlapped(self._score, self._batches()) for image in batch]
        matrix = np.sum([image.matrix for image in scored], axis=0)
        return ValidationResult(
            loss=float(np.mean([image.loss for image in scored])),
            accuracy=metrics.pixel_accuracy(matrix),
            mean_iou=metrics.mean_iou(matrix),
            iou_score=float(np.mean([image.iou_score for image in scored])),
            matrix=matrix,
        )

    def predict(self, indices: list[int], size: Size) -> np.ndarray:
        """(len(indices), *size) uint8 label ids of those images, by the data set's classes."""
        found = [self._run([index])[0][0].labels for index in indices]
        return merged(np.stack([resize_labels(labels, size) for labels in found]), self.merges)

    def _group_of(self, index: int) -> _Group:
        padded = self.preprocessing.padded_size(*self.split.sizes[index])
        return _Group(padded, is_resized=len(self.split.truths[index]) > 0)

    def _batches(self) -> Iterator[list[int]]:
        for group, indices in self._groups.items():
            size = self._batch_size(group)
            yield from (indices[first : first + size] for first in range(0, len(indices), size))

    def _batch_size(self, group: _Group) -> int:
        # Probabilities that are fetched take 136 bytes a pixel, of 34 classes.
        return 1 if group.is_resized else min(BATCH_SIZE, len(self._groups[group]))

    def _score(self, indices: list[int]) -> list[_Scored]:
        outputs, loss = self._run(indices)
        scored = []
        for index, output in zip(indices, outputs, strict=True):
            truth = self.split.truth(index)
            labels, confidence = top_class(*output, _size_of(truth))
            classes = merged(labels, self.merges)
            matrix = metrics.confusion_matrix(truth, classes, self.space)
            iou_score = metrics.tasm_iou_score(truth, classes, confidence, self.space)
            scored.append(_Scored(matrix, iou_score, loss))
        return scored

    def _run(self, indices: list[int]) -> tuple[list[_Seen], float]:
        """What the network says of images of one group, without padding, and their loss."""
        group = self._group_of(indices[0])
        inputs = self._inputs(indices, self._batch_size(group))
        with self._lock:
            keras.mixed_precision.set_dtype_policy(self._policy)
            if group not in self._scorers:
                scorer = Scorer(self.network, self.loss, group.is_resized)
                scorer.compile(jit_compile=backend.compiles_with_xla())
                self._scorers[group] = scorer
            found = self._scorers[group].predict_on_batch(inputs)
        outputs = []
        for place, index in enumerate(indices):
            height, width = self.split.sizes[index]
            parts = found["labels"], found["confidence"]
            labels, confidence = (np.asarray(part)[place, :height, :width] for part in parts)
            # Where labels are not resized, nothing looks at the probabilities.
            probabilities = np.asarray(found.get("probabilities", found["confidence"][..., None]))
            outputs.append(_Seen(probabilities[place, :height, :width], labels, confidence))
        return outputs, float(found["loss"][0])

    def _inputs(self, indices: list[int], count: int) -> dict[str, np.ndarray]:
        """A batch of `count` images and masks, padded; those that are missing do not count."""
        assert self.split.masks is not None
        images, masks = [], []
        for index in indices:
            image = self.preprocessing.pad(np.asarray(self.split.images[index]))
            mask = np.asarray(self.split.masks[index])
            mask = mask if self.encoder is None else self.encoder[mask]
            bottom, right = image.shape[0] - mask.shape[0], image.shape[1] - mask.shape[1]
            images.append(image)
            masks.append(np.pad(mask, ((0, bottom), (0, right)), constant_values=NO_LABEL))
        missing = count - len(indices)
        images += images[-1:] * missing
        masks += [np.full_like(masks[-1], NO_LABEL)] * missing
        return {"image": np.stack(images), "mask": np.stack(masks)}


def _size_of(mask: np.ndarray) -> Size:
    height, width = mask.shape
    return height, width
