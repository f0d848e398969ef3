"""The attention modules of the Dual Attention Network (Fu et al., CVPR 2019)."""

from typing import Any

from keras import layers, ops


class PositionAttention(layers.Layer):
    """Position attention module, section 3.2 of the paper.

    Every position gathers the features of all positions that look alike,
    `E_j = alpha * sum_i s_ji D_i + A_j` with `s_ji = exp(B_i . C_j) / sum_i exp(B_i . C_j)`, where
    B, C and D are 1x1 convolutions of the input A. B and C have an eighth of its channels, as in
    the authors' code. alpha starts at 0.

    Memory: the affinities of N = H W positions are an (N, N) matrix per image.
    """

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        channels = input_shape[-1]
        assert channels is not None
        self.query = layers.Dense(max(channels // 8, 1), dtype=self.dtype_policy, name="query")
        self.key = layers.Dense(max(channels // 8, 1), dtype=self.dtype_policy, name="key")
        self.value = layers.Dense(channels, dtype=self.dtype_policy, name="value")
        for projection in (self.query, self.key, self.value):
            projection.build(input_shape)
        self.alpha = self.add_weight(shape=(), initializer="zeros", name="alpha")

    def call(self, features: Any) -> Any:  # (B, H, W, C) -> (B, H, W, C)
        query = _positions(self.query(features))  # (B, N, C/8), C_j of the paper
        key = _positions(self.key(features))  # (B, N, C/8), B_i
        value = _positions(self.value(features))  # (B, N, C), D_i
        affinity = ops.matmul(query, ops.transpose(key, (0, 2, 1)))  # (B, N, N): [j, i]
        attended = ops.matmul(_softmax(affinity), value)  # (B, N, C)
        return self.alpha * ops.reshape(attended, ops.shape(features)) + features


class ChannelAttention(layers.Layer):
    """Channel attention module, section 3.3 of the paper.

    Every channel gathers the channels that respond alike, `E_j = beta * sum_i x_ji A_i + A_j` with
    `x_ji = exp(A_i . A_j) / sum_i exp(A_i . A_j)`, the products taken over all positions.
    beta starts at 0.
    """

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.beta = self.add_weight(shape=(), initializer="zeros", name="beta")

    def call(self, features: Any) -> Any:  # (B, H, W, C) -> (B, H, W, C)
        flat = _positions(features)  # (B, N, C)
        affinity = ops.matmul(ops.transpose(flat, (0, 2, 1)), flat)  # (B, C, C), symmetric
        attention = _softmax(affinity)  # [j, i]: rows sum to 1
        attended = ops.matmul(flat, ops.transpose(attention, (0, 2, 1)))  # (B, N, C)
        return self.beta * ops.reshape(attended, ops.shape(features)) + features


def _positions(features: Any) -> Any:
    """(B, H, W, C) -> (B, H W, C)."""
    batch, height, width, channels = ops.shape(features)
    return ops.reshape(features, (batch, height * width, channels))


def _softmax(affinity: Any) -> Any:
    """Softmax over the last axis, in float32: products of many terms overflow half precision."""
    return ops.cast(ops.softmax(ops.cast(affinity, "float32"), axis=-1), affinity.dtype)
