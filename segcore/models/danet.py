"""Dual Attention Network (Fu et al., "Dual Attention Network for Scene Segmentation", CVPR 2019)
on a dilated, pretrained backbone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from segcore.models.backbones import BACKBONES, build_backbone
from segcore.models.drawing_stages import ATTENTION, DECODER, ENCODER, Stage
from segcore.models.options import EVEN_LIGHT, Option
from segcore.models.spec import GIGABYTE, Memory, ModelSpec

if TYPE_CHECKING:
    import keras

DECODER_CHANNELS = 64


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
        even_light: begins with `segcore.models.even_light.EvenLight`.

    Returns:
        A model from RGB images (B, H, W, 3), values 0-255, to float32 logits (B, H, W,
        num_classes): "logits" of the sum fusion, and of the auxiliary heads "position" and
        "channel", one on each branch.

    Raises:
        RecipeError: a backbone, output stride or backbone weights that cannot be had.
    """
    from keras import Model, layers

    from segcore.models.attention import ChannelAttention, PositionAttention
    from segcore.models.blocks import ResizeTo, conv_norm, conv_norm_relu

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
        branch = conv_norm_relu(x, attention_channels, 3, f"{name}_in")
        branch = attention(name=f"{name}_attention")(branch)
        branches[name] = conv_norm_relu(branch, attention_channels, 3, f"{name}_out")
    fused = layers.Add(name="fusion")(list(branches.values()))

    if decoder:
        detail = conv_norm(features.output["block2"], DECODER_CHANNELS, 1, "decoder_detail")
        fused = conv_norm(fused, DECODER_CHANNELS, 1, "decoder_fused")
        fused = ResizeTo(name="decoder_up")(fused, detail)
        fused = layers.Add(name="decoder_add")([fused, detail])
        fused = layers.Activation("relu", name="decoder_relu")(fused)
        fused = conv_norm_relu(fused, DECODER_CHANNELS, 3, "decoder_out")

    outputs = {}
    for name, branch in {"logits": fused, **branches}.items():
        branch = layers.Dropout(0.1, name=f"{name}_dropout")(branch)
        scores = layers.Conv2D(num_classes, 1, dtype="float32", name=f"{name}_classifier")(branch)
        outputs[name] = ResizeTo(dtype="float32", name=name)(scores, image)
    return Model(image, outputs, name="danet")


def danet_stages(options: Mapping[str, Any]) -> list[Stage]:
    """What a drawing of `danet` shows."""
    least = options.get("output_stride") or 16
    attended = options.get("attention_channels") or 128
    blocks = BACKBONES[options.get("backbone") or "efficientnet-b3"].blocks
    names = ["stem", *(f"block {number}" for number in range(1, len(blocks)))]
    down = [
        Stage(name, None, ENCODER, channels, min(stride, least), is_backbone=True)
        for name, (channels, stride) in zip(names, blocks, strict=True)
    ]
    attentions = [
        Stage(
            f"{kind} attention",
            f"{kind}_out_relu",
            ATTENTION,
            attended,
            least,
            is_parallel=kind == "channel",
        )
        for kind in ("position", "channel")
    ]
    if not options.get("decoder", True):
        return [*down, *attentions]
    decoder = Stage("decoder", "decoder_out_relu", DECODER, DECODER_CHANNELS, 4, skip=2)
    return [*down, *attentions, decoder]


def _bytes_per_pixel(options: Mapping[str, Any]) -> float:
    """Measured at an output stride of 16 or 32, and at 8."""
    return 5700.0 * (1.5 if options.get("output_stride") == 8 else 1.0)


DANET = ModelSpec(
    "danet",
    "DANet",
    danet,
    options=(
        Option(
            "backbone", "Backbone", "The network whose features the attention works on.", "choice",
            choices=tuple(BACKBONES), default="efficientnet-b3",
        ),
        EVEN_LIGHT,
        Option(
            "output_stride", "Output stride",
            "Input pixels per position of the attention; 8 is finer and half as dear again.",
            "choice", choices=(8, 16, 32), default=16,
        ),
        Option(
            "attention_channels", "Attention channels", "Channels of the two attention branches.",
            "whole", 16, 512, optional="the usual 128",
        ),
        Option(
            "decoder", "Decoder",
            "Adds fine features before the classifier, so that thin things come out thin.",
            "switch", default=True,
        ),
    ),
    backbones=tuple(BACKBONES),
    has_auxiliary_heads=True,
    trains_in_bfloat16_on_cpu=False,
    memory=Memory(1.6 * GIGABYTE, _bytes_per_pixel),
    usual_parameters=12_000_000,
    stages=danet_stages,
    remark="DANet's backbone has learned from ImageNet's photographs before (filled); its two "
    "attentions relate every position and every channel to all others.",
)  # fmt: skip
