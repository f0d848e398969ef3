"""Dual Attention Network (Fu et al., "Dual Attention Network for Scene Segmentation", CVPR 2019)
on a dilated, pretrained backbone."""

from typing import Any

import keras
from keras import layers, ops

from segcore.models.backbones import build_backbone
from segcore.models.normalization import MOMENTUM, BatchNormalization

DECODER_CHANNELS = 64


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


def danet(
    input_size: tuple[int, int] | None,
    num_classes: int,
    *,
    backbone: str = "efficientnet-b3",
    backbone_weights: str = "none",
    output_stride: int = 16,
    attention_channels: int = 128,
    decoder: bool = True,
    even_light: bool = False,
) -> keras.Model:
    """Builds a DANet.

    Args:
        input_size: (H, W) of the input, or None for any.
        num_classes: channels of the logits.
        backbone: one of `segcore.models.backbones.BACKBONES`.
        backbone_weights: "none" (random), "packaged", "imagenet" or a file, as the backbone has it.
        output_stride: input pixels per position of the attention, 32, 16 or 8.
        attention_channels: channels of the two attention branches.
        decoder: adds the backbone's block 2 at 1/4 resolution to the fused features before the
            classifier. The paper has no decoder; it makes thin things come out thin.
        even_light: begins with `segcore.models.light.EvenLight`.

    Returns:
        A model from RGB images (B, H, W, 3), values 0-255, to float32 logits (B, H, W,
        num_classes): "logits" of the sum fusion, and of the auxiliary heads "position" and
        "channel", one on each branch.

    Raises:
        RecipeError: a backbone, output stride or backbone weights that cannot be had.
    """
    features = build_backbone(
        backbone,
        input_size,
        output_stride=output_stride,
        weights=backbone_weights,
        even_light=even_light,
    )
    image = features.input
    x = features.output["block7"]

    branches = {}
    for name, attention in (("position", PositionAttention), ("channel", ChannelAttention)):
        branch = _conv_norm_relu(x, attention_channels, 3, f"{name}_in")
        branch = attention(name=f"{name}_attention")(branch)
        branches[name] = _conv_norm_relu(branch, attention_channels, 3, f"{name}_out")
    fused = layers.Add(name="fusion")(list(branches.values()))

    if decoder:
        detail = _conv_norm(features.output["block2"], DECODER_CHANNELS, 1, "decoder_detail")
        fused = _conv_norm(fused, DECODER_CHANNELS, 1, "decoder_fused")
        fused = ResizeTo(name="decoder_up")(fused, detail)
        fused = layers.Add(name="decoder_add")([fused, detail])
        fused = layers.Activation("relu", name="decoder_relu")(fused)
        fused = _conv_norm_relu(fused, DECODER_CHANNELS, 3, "decoder_out")

    outputs = {}
    for name, branch in {"logits": fused, **branches}.items():
        branch = layers.Dropout(0.1, name=f"{name}_dropout")(branch)
        scores = layers.Conv2D(num_classes, 1, dtype="float32", name=f"{name}_classifier")(branch)
        outputs[name] = ResizeTo(dtype="float32", name=name)(scores, image)
    return keras.Model(image, outputs, name="danet")


def _conv_norm(x: keras.KerasTensor, channels: int, size: int, name: str) -> keras.KerasTensor:
    x = layers.Conv2D(channels, size, padding="same", use_bias=False, name=f"{name}_conv")(x)
    return BatchNormalization(momentum=MOMENTUM, name=f"{name}_norm")(x)


def _conv_norm_relu(x: keras.KerasTensor, channels: int, size: int, name: str) -> keras.KerasTensor:
    return layers.Activation("relu", name=f"{name}_relu")(_conv_norm(x, channels, size, name))


def _positions(features: Any) -> Any:
    """(B, H, W, C) -> (B, H W, C)."""
    batch, height, width, channels = ops.shape(features)
    return ops.reshape(features, (batch, height * width, channels))


def _softmax(affinity: Any) -> Any:
    """Softmax over the last axis, in float32: products of many terms overflow half precision."""
    return ops.cast(ops.softmax(ops.cast(affinity, "float32"), axis=-1), affinity.dtype)
