"""A network's stages, from the image to the labels, as its options make them: what a drawing shows.

Known without building the network: loads neither Keras nor TensorFlow.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ENCODER, ATTENTION, DECODER = "encoder", "attention", "decoder"


@dataclass(frozen=True)
class Stage:
    """Layers that work at one resolution.

    Attributes:
        layer: the last of them, by its name in the network; of a backbone None.
        part: ENCODER, ATTENTION or DECODER.
        channels: of its features.
        stride: input pixels per position, each way.
        skip: the number of the stage whose features it is given as well.
        is_backbone: whether it can begin with weights of ImageNet.
    """

    name: str
    layer: str | None
    part: str
    channels: int
    stride: int
    skip: int | None = None
    is_backbone: bool = False


def unet_stages(options: Mapping[str, Any]) -> list[Stage]:
    """Of `segcore.models.unet.unet`."""
    width, depth = options.get("width") or 32, options.get("depth") or 4
    stem = options.get("stem_width")
    channels = [min(width * 2**level, 512) for level in range(depth + 1)]
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


# Backbone -> (channels, stride as published) of the stem and of blocks 1 to 7.
BLOCKS = {
    "efficientnet-b3": (
        (40, 2), (24, 2), (32, 4), (48, 8), (96, 16), (136, 16), (232, 32), (384, 32)
    ),
    "efficientnet-lite2": (
        (32, 2), (16, 2), (24, 4), (48, 8), (88, 16), (120, 16), (208, 32), (352, 32)
    ),
}  # fmt: skip


def danet_stages(options: Mapping[str, Any]) -> list[Stage]:
    """Of `segcore.models.danet.danet`."""
    least = options.get("output_stride") or 16
    attended = options.get("attention_channels") or 128
    blocks = BLOCKS[options.get("backbone") or "efficientnet-b3"]
    names = ["stem", *(f"block {number}" for number in range(1, len(blocks)))]
    down = [
        Stage(name, None, ENCODER, channels, min(stride, least), is_backbone=True)
        for name, (channels, stride) in zip(names, blocks, strict=True)
    ]
    attentions = [
        Stage("position attention", "position_out_relu", ATTENTION, attended, least),
        Stage("channel attention", "channel_out_relu", ATTENTION, attended, least),
    ]
    if not options.get("decoder", True):
        return [*down, *attentions]
    return [*down, *attentions, Stage("decoder", "decoder_out_relu", DECODER, 64, 4, skip=2)]
