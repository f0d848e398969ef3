"""EfficientNet-Lite2 as a dense backbone: the late strides are traded for dilation.

EfficientNet-Lite is EfficientNet (Tan and Le, ICML 2019) without squeeze-and-excitation, with ReLU6
for swish and with stem, first and last stage of fixed size
(https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite). Dilation as in
Yu, Koltun and Funkhouser, "Dilated Residual Networks", CVPR 2017.
"""

from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from keras import layers

from segcore.errors import RecipeError
from segcore.models.even_light import EvenLight
from segcore.models.normalization import MOMENTUM, BatchNormalization

PACKAGED_WEIGHTS = Path(__file__).parent / "weights" / "efficientnet_lite2.npz"
"""ImageNet weights, made by scripts/convert_lite2.py."""

STEM_CHANNELS = 32
EPSILON = 1e-3
DROP_RATE = 0.2
"""Chance of the last block to be left out in training; earlier ones have less, in proportion
(Huang et al., "Deep Networks with Stochastic Depth", ECCV 2016)."""


@dataclass(frozen=True)
class Stage:
    """Blocks of one resolution; the first has the stride."""

    blocks: int
    kernel: int
    stride: int
    expansion: int
    channels: int


STAGES = (
    Stage(blocks=1, kernel=3, stride=1, expansion=1, channels=16),
    Stage(blocks=3, kernel=3, stride=2, expansion=6, channels=24),
    Stage(blocks=3, kernel=5, stride=2, expansion=6, channels=48),
    Stage(blocks=4, kernel=3, stride=2, expansion=6, channels=88),
    Stage(blocks=4, kernel=5, stride=1, expansion=6, channels=120),
    Stage(blocks=5, kernel=5, stride=2, expansion=6, channels=208),
    Stage(blocks=1, kernel=3, stride=1, expansion=6, channels=352),
)
BLOCKS = sum(stage.blocks for stage in STAGES)


def efficientnet_lite2(
    input_size: tuple[int, int] | None = None,
    *,
    output_stride: int = 16,
    weights: str = "none",
    even_light: bool = False,
) -> keras.Model:
    """Builds the backbone.

    Args:
        input_size: (H, W), or None for any.
        output_stride: 32 (as published), 16 or 8: input pixels per position of block 7.
        weights: "packaged" (ImageNet's, in this repository) or "none" (random).
        even_light: begins with `segcore.models.even_light.EvenLight`.

    Returns:
        A model from RGB images (B, H, W, 3), values 0-255, to {"block2": (B, H/4, W/4, 24),
        "block3": (B, H/8, W/8, 48), "block7": (B, H/output_stride, W/output_stride, 352)},
        sizes rounded up.

    Raises:
        RecipeError: an output stride or weights that cannot be had.
    """
    if output_stride not in (8, 16, 32):
        raise RecipeError(f"Output stride {output_stride} is not supported: choose 8, 16, 32.")
    if weights not in ("packaged", "none"):
        raise RecipeError(
            f"EfficientNet-Lite2 has no backbone weights '{weights}': give 'packaged' (ImageNet's, "
            "in this repository) or 'none'."
        )
    height, width = input_size or (None, None)
    image = keras.Input((height, width, 3), name="image")
    x = EvenLight(name="even_light")(image) if even_light else image
    x = layers.Rescaling(1 / 128, offset=-127 / 128, dtype="float32", name="scale")(x)
    x = layers.Conv2D(
        STEM_CHANNELS, 3, strides=2, padding="same", use_bias=False, name="stem_conv"
    )(x)
    x = _norm(x, "stem_norm")
    x = _relu6(x, "stem_relu")

    heads = {}
    stride, dilation, number = 2, 1, 0
    for index, stage in enumerate(STAGES, start=1):
        for place in range(stage.blocks):
            step = stage.stride if place == 0 else 1
            # The first layer past a removed stride still sees its input at the dilation before:
            # the strided one sampled that grid. All after it are dilated twice as much.
            removed = step > 1 and stride * step > output_stride
            x = _block(x, stage, number, 1 if removed else step, dilation)
            if removed:
                dilation *= step
            else:
                stride *= step
            number += 1
        heads[f"block{index}"] = x
    wanted = {name: heads[name] for name in ("block2", "block3", "block7")}
    backbone = keras.Model(image, wanted, name="efficientnet_lite2")
    if weights == "packaged":
        load_packaged(backbone)
    return backbone


def load_packaged(backbone: keras.Model) -> None:
    """Puts ImageNet's weights into the backbone, by name."""
    with np.load(PACKAGED_WEIGHTS, allow_pickle=False) as arrays:
        for layer in backbone.layers:
            for variable in layer.weights:
                name = variable.name.removeprefix("moving_")
                variable.assign(arrays[f"{layer.name}/{name}"])


def _block(
    x: keras.KerasTensor, stage: Stage, number: int, stride: int, dilation: int
) -> keras.KerasTensor:
    """Mobile inverted bottleneck (Sandler et al., "MobileNetV2", CVPR 2018)."""
    name, inputs, channels = f"block{number}", x, x.shape[-1]
    if stage.expansion > 1:
        x = layers.Conv2D(
            channels * stage.expansion, 1, use_bias=False, name=f"{name}_expand_conv"
        )(x)
        x = _relu6(_norm(x, f"{name}_expand_norm"), f"{name}_expand_relu")
    x = layers.DepthwiseConv2D(
        stage.kernel,
        strides=stride,
        dilation_rate=dilation,
        padding="same",
        use_bias=False,
        name=f"{name}_depthwise_conv",
    )(x)
    x = _relu6(_norm(x, f"{name}_depthwise_norm"), f"{name}_depthwise_relu")
    x = layers.Conv2D(stage.channels, 1, use_bias=False, name=f"{name}_project_conv")(x)
    x = _norm(x, f"{name}_project_norm")
    if stride == 1 and channels == stage.channels:
        rate = DROP_RATE * number / BLOCKS
        x = layers.Dropout(rate, noise_shape=(None, 1, 1, 1), name=f"{name}_drop")(x)
        x = layers.Add(name=f"{name}_add")([x, inputs])
    return x


def _norm(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    return BatchNormalization(momentum=MOMENTUM, epsilon=EPSILON, name=name)(x)


def _relu6(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    return layers.ReLU(6.0, name=name)(x)
