"""The network that is exported: from an image as it is to labels and probabilities of its pixels.

All that a run's preprocessing does after scaling is part of it. Importing this loads Keras and
TensorFlow.
"""

from typing import Any

import keras
import tensorflow as tf

from segcore.prediction.conversion import with_sizes_from_the_input
from segcore.prediction.engines.keras_engine import build_network
from segcore.prediction.export.formats import IMAGES, LABELS, PROBABILITIES
from segcore.runs import Run


class PadToMultiple(keras.layers.Layer):
    """Images (B, H, W, 3) with their edges repeated at the bottom and the right, until both sides
    are multiples, as `Preprocessing.pad` has it."""

    def __init__(self, multiple: int, **options: Any) -> None:
        super().__init__(**options)
        self.multiple = multiple

    def call(self, images: Any) -> Any:
        for axis in (1, 2):
            side = tf.shape(images)[axis]
            # Rounded up without a negative number, which ONNX would divide in another way.
            padded = (side + self.multiple - 1) // self.multiple * self.multiple
            images = tf.gather(images, tf.minimum(tf.range(padded), side - 1), axis=axis)
        return images

    def compute_output_spec(self, images: Any) -> Any:
        batch, *sides, channels = images.shape
        padded = [side and side + -side % self.multiple for side in sides]
        return keras.KerasTensor((batch, *padded, channels), images.dtype)


class CropTo(keras.layers.Layer):
    """The first input (B, h, w, C), cut to the height and width of the second."""

    def call(self, padded: Any, reference: Any) -> Any:
        size = tf.shape(reference)
        return padded[:, : size[1], : size[2]]

    def compute_output_spec(self, padded: Any, reference: Any) -> Any:
        return keras.KerasTensor((*reference.shape[:3], padded.shape[-1]), padded.dtype)


class TopClass(keras.layers.Layer):
    """Probabilities (B, H, W, C) to the id of the highest, (B, H, W) uint8.

    By TensorFlow's own operation: that of Keras looks at the bits of numbers, which no other
    format can.
    """

    def call(self, probabilities: Any) -> Any:
        return tf.cast(tf.argmax(probabilities, axis=-1, output_type=tf.int32), tf.uint8)

    def compute_output_spec(self, probabilities: Any) -> Any:
        return keras.KerasTensor(probabilities.shape[:-1], "uint8")


def exported_network(run: Run, outputs: tuple[str, ...], batch: int | None) -> keras.Model:
    """The run's network with its best weights, for images of any size where it takes any.

    Args:
        outputs: of `formats.OUTPUTS`.
        batch: images at once; None for any number.

    Returns:
        A model from images (B, H, W, 3) uint8 RGB to a dict of labels (B, H, W) uint8 and
        probabilities (B, H, W, num_classes) float32.

    Raises:
        RunError, RecipeError, MissingPackageError: as `build_network`.
    """
    preprocessing = run.preprocessing
    network = with_sizes_from_the_input(build_network(run, preprocessing.input_size))
    sides = (None, None) if preprocessing.mode == "fit" else preprocessing.size
    images = keras.Input((*sides, 3), batch_size=batch, dtype="uint8", name=IMAGES)
    if preprocessing.input_size == preprocessing.size:  # nothing to pad, ever
        probabilities = network(images)
    else:
        padded = PadToMultiple(preprocessing.multiple, dtype="uint8")(images)
        probabilities = CropTo(dtype="float32")(network(padded), images)
    found = {LABELS: TopClass(name=LABELS)(probabilities), PROBABILITIES: probabilities}
    return keras.Model(images, {name: found[name] for name in outputs})
