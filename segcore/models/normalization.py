"""Batch normalisation (Ioffe and Szegedy, ICML 2015), as all networks here have it."""

from typing import Any

import keras

# Keras' default of 0.99 needs thousands of steps to settle; our trainings are short.
MOMENTUM = 0.9


class BatchNormalization(keras.layers.BatchNormalization):
    """Keras' layer, with TensorFlow's fused kernel in training.

    Keras' own trains by a dozen operations, each of which reads and writes all features: on a
    processor a quarter of a DANet's step (docs/speed.md). The kernel's moving variance is of
    the unbiased estimate, n / (n - 1) times Keras'.
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        fused = keras.backend.backend() == "tensorflow" and training and self.trainable
        if not fused:
            return super().call(inputs, training=training, mask=mask)
        import tensorflow as tf

        features, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            inputs,
            tf.convert_to_tensor(self.gamma),
            tf.convert_to_tensor(self.beta),
            epsilon=self.epsilon,
        )
        for moving, seen in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + seen * (1 - self.momentum))
        return features
