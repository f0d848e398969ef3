"""Layers, and small groups of them, that networks are built of."""

from typing import Any

import keras
from keras import layers, ops

from segcore.models.normalization import MOMENTUM, BatchNormalization


def conv_norm(
    x: keras.KerasTensor, channels: int, size: int, name: str, number: str = ""
) -> keras.KerasTensor:
    """Convolution and batch normalisation, NAME_convNUMBER and NAME_normNUMBER."""
    convolution = layers.Conv2D(
        channels, size, padding="same", use_bias=False, name=f"{name}_conv{number}"
    )
    return BatchNormalization(momentum=MOMENTUM, name=f"{name}_norm{number}")(convolution(x))


def conv_norm_relu(
    x: keras.KerasTensor, channels: int, size: int, name: str, number: str = ""
) -> keras.KerasTensor:
    """As `conv_norm`, with NAME_reluNUMBER after it."""
    x = conv_norm(x, channels, size, name, number)
    return layers.Activation("relu", name=f"{name}_relu{number}")(x)


class ResizeTo(layers.Layer):
    """Bilinear resize of the first input to the height and width of the second."""

    def compute_output_shape(
        self, features_shape: tuple[int | None, ...], reference_shape: tuple[int | None, ...]
    ) -> tuple[int | None, ...]:
        return (features_shape[0], *reference_shape[1:3], features_shape[3])

    def call(self, features: Any, reference: Any) -> Any:
        _, height, width, _ = ops.shape(reference)
        resized = ops.image.resize(features, (height, width), interpolation="bilinear")
        return ops.cast(resized, self.compute_dtype)


class LogProbabilities(layers.Layer):
    """Probabilities, clipped away from 0, as logits whose softmax gives them back."""

    def call(self, probabilities: Any) -> Any:  # (B, H, W, C) -> (B, H, W, C) float32
        probabilities = ops.cast(probabilities, "float32")
        return ops.log(ops.clip(probabilities, keras.config.epsilon(), 1.0))
