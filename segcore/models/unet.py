"""U-Net (Ronneberger et al., "U-Net: Convolutional Networks for Biomedical Image Segmentation",
MICCAI 2015), with padded convolutions and batch normalisation, trained from scratch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from segcore.models.drawing_stages import DECODER, ENCODER, Stage
from segcore.models.options import EVEN_LIGHT, Option
from segcore.models.spec import GIGABYTE, LEAST_MULTIPLE, Memory, ModelSpec

if TYPE_CHECKING:
    import keras

MAX_CHANNELS = 512


def unet(
    input_size: tuple[int, int] | None,
    num_classes: int,
    *,
    width: int = 32,
    depth: int = 4,
    stem_width: int | None = None,
    even_light: bool = False,
) -> keras.Model:
    """Builds a U-Net.

    Args:
        input_size: (H, W) of the input, or None for any that is a multiple of the total stride.
        num_classes: channels of the logits.
        width: channels of the first level; each level below has twice as many, up to 512.
        depth: number of poolings. 32 and 4 make 7.8 M parameters, half the paper's width.
        stem_width: where given, full resolution only has one convolution of this many channels
            before and after, and the U-Net proper works at half resolution. The full-resolution
            level of a U-Net without costs as much as all others together.
        even_light: begins with `segcore.models.even_light.EvenLight`.

    Returns:
        A model from RGB images (B, H, W, 3), values 0-255, to {"logits": (B, H, W, num_classes)}
        float32.
    """
    from keras import Input, Model, layers

    from segcore.models.blocks import conv_norm_relu
    from segcore.models.even_light import EvenLight

    def convolved(x: keras.KerasTensor, channels: int, times: int, name: str) -> keras.KerasTensor:
        for number in range(1, times + 1):
            x = conv_norm_relu(x, channels, 3, name, str(number))
        return x

    height, columns = input_size or (None, None)
    image = Input((height, columns, 3), name="image")
    x = EvenLight(name="even_light")(image) if even_light else image
    x = layers.Rescaling(1 / 255, name="scale")(x)  # (B, H, W, 3) in [0, 1]

    skips: list[tuple[keras.KerasTensor, int]] = []
    if stem_width:
        x = convolved(x, stem_width, 1, "stem")
        skips.append((x, stem_width))
        x = layers.MaxPooling2D(name="stem_pool")(x)

    for level in range(depth):
        channels = min(width * 2**level, MAX_CHANNELS)
        x = convolved(x, channels, 2, f"encoder{level}")
        skips.append((x, channels))
        x = layers.MaxPooling2D(name=f"encoder{level}_pool")(x)

    x = convolved(x, min(width * 2**depth, MAX_CHANNELS), 2, "bottleneck")

    for level, (skip, channels) in reversed(list(enumerate(skips))):
        at_stem = bool(stem_width) and level == 0
        x = layers.Conv2DTranspose(channels, 2, strides=2, name=f"decoder{level}_up")(x)
        x = layers.Concatenate(name=f"decoder{level}_merge")([x, skip])
        x = convolved(x, channels, 1 if at_stem else 2, f"decoder{level}")

    x = layers.Conv2D(num_classes, 1, name="classifier")(x)
    logits = layers.Activation("linear", dtype="float32", name="logits")(x)
    return Model(image, {"logits": logits}, name="unet")


def unet_stages(options: Mapping[str, Any]) -> list[Stage]:
    """What a drawing of `unet` shows."""
    width, depth = options.get("width") or 32, options.get("depth") or 4
    stem = options.get("stem_width")
    channels = [min(width * 2**level, MAX_CHANNELS) for level in range(depth + 1)]
    first = 2 if stem else 1
    down = [
        Stage(f"encoder {level + 1}", f"encoder{level}_relu2", ENCODER, count, first * 2**level)
        for level, count in enumerate(channels[:-1])
    ]
    if stem:
        down.insert(0, Stage("stem", "stem_relu1", ENCODER, stem, 1))
    bottom = Stage("bottleneck", "bottleneck_relu2", ENCODER, channels[-1], first * 2**depth)
    up = [
        Stage(
            f"decoder {number + 1}",
            f"decoder{number}_relu{1 if stem and number == 0 else 2}",
            DECODER,
            stage.channels,
            stage.stride,
            skip=number,
        )
        for number, stage in reversed(list(enumerate(down)))
    ]
    return [*down, bottom, *up]


def _multiple(options: Mapping[str, Any]) -> int:
    """Every pooling halves the sides, that of the stem too."""
    poolings = options.get("depth", 4) + bool(options.get("stem_width"))
    return max(LEAST_MULTIPLE, 2**poolings)


def _bytes_per_pixel(options: Mapping[str, Any]) -> float:
    """Measured: so much for each channel of the first level, and of a stem, behind which the
    network proper sees a quarter of the pixels."""
    width, stem = options.get("width", 32), options.get("stem_width")
    return 105.0 * width if stem is None else 48.0 * stem + 105.0 * width / 4


UNET = ModelSpec(
    "unet",
    "U-Net",
    unet,
    options=(
        EVEN_LIGHT,
        Option(
            "width", "Width", "Channels of the first level; each level below has twice as many.",
            "whole", 4, 128, optional="the usual 32",
        ),
        Option(
            "depth", "Depth", "How often the image is halved.", "whole", 2, 5,
            optional="the usual 4",
        ),
        Option(
            "stem_width", "Stem",
            "Channels at full resolution; the rest of the network works at half of it.",
            "whole", 4, 128, optional="no stem",
        ),
    ),
    multiple=_multiple,
    memory=Memory(1.2 * GIGABYTE, _bytes_per_pixel),
    usual_parameters=8_000_000,
    stages=unet_stages,
    remark="U-Net hands its fine features across (the dotted lines) and begins with random "
    "weights.",
)  # fmt: skip
