"""U-Net (Ronneberger et al., "U-Net: Convolutional Networks for Biomedical Image Segmentation",
MICCAI 2015), with padded convolutions and batch normalisation, trained from scratch."""

import keras
from keras import layers

from segcore.models.light import EvenLight
from segcore.models.normalization import MOMENTUM, BatchNormalization

MAX_CHANNELS = 512


def conv_block(
    x: keras.KerasTensor, channels: int, convolutions: int, name: str
) -> keras.KerasTensor:
    """3x3 convolution, batch normalisation, ReLU, `convolutions` times."""
    for i in range(1, convolutions + 1):
        x = layers.Conv2D(channels, 3, padding="same", use_bias=False, name=f"{name}_conv{i}")(x)
        x = BatchNormalization(momentum=MOMENTUM, name=f"{name}_norm{i}")(x)
        x = layers.Activation("relu", name=f"{name}_relu{i}")(x)
    return x


def up_and_merge(
    x: keras.KerasTensor, skip: keras.KerasTensor, channels: int, name: str
) -> keras.KerasTensor:
    """Doubles the resolution of `x` and joins it with the encoder's features of that level."""
    x = layers.Conv2DTranspose(channels, 2, strides=2, name=f"{name}_up")(x)
    return layers.Concatenate(name=f"{name}_merge")([x, skip])


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
        even_light: begins with `segcore.models.light.EvenLight`.

    Returns:
        A model from RGB images (B, H, W, 3), values 0-255, to {"logits": (B, H, W, num_classes)}
        float32.
    """
    height, columns = input_size or (None, None)
    image = keras.Input((height, columns, 3), name="image")
    x = EvenLight(name="even_light")(image) if even_light else image
    x = layers.Rescaling(1 / 255, name="scale")(x)  # (B, H, W, 3) in [0, 1]

    skips: list[tuple[keras.KerasTensor, int]] = []
    if stem_width:
        x = conv_block(x, stem_width, 1, "stem")
        skips.append((x, stem_width))
        x = layers.MaxPooling2D(name="stem_pool")(x)

    for level in range(depth):
        channels = min(width * 2**level, MAX_CHANNELS)
        x = conv_block(x, channels, 2, f"encoder{level}")
        skips.append((x, channels))
        x = layers.MaxPooling2D(name=f"encoder{level}_pool")(x)

    x = conv_block(x, min(width * 2**depth, MAX_CHANNELS), 2, "bottleneck")

    for level, (skip, channels) in reversed(list(enumerate(skips))):
        at_stem = bool(stem_width) and level == 0
        x = up_and_merge(x, skip, channels, f"decoder{level}")
        x = conv_block(x, channels, 1 if at_stem else 2, f"decoder{level}")

    x = layers.Conv2D(num_classes, 1, name="classifier")(x)
    logits = layers.Activation("linear", dtype="float32", name="logits")(x)
    return keras.Model(image, {"logits": logits}, name="unet")
