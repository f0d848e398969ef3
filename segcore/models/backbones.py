"""The pretrained networks that a model can be built on, by name.

Importing this loads neither Keras nor TensorFlow; building one does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from segcore.errors import RecipeError

if TYPE_CHECKING:
    import keras

FILE = "FILE"
"""Stands for the path of any file of weights."""


@dataclass(frozen=True)
class Backbone:
    """A pretrained network.

    Attributes:
        weights: that it can begin with, `FILE` among them where they may be a file.
        blocks: (channels, stride as published) of the stem and of blocks 1 to 7.
        build: as `build_backbone`, without its name.
    """

    weights: tuple[str, ...]
    blocks: tuple[tuple[int, int], ...]
    build: Callable[..., keras.Model]


def _efficientnet_b3(*args: Any, **options: Any) -> keras.Model:
    from segcore.models.efficientnet import efficientnet_b3

    return efficientnet_b3(*args, **options)


def _efficientnet_lite2(*args: Any, **options: Any) -> keras.Model:
    from segcore.models.efficientnet_lite import efficientnet_lite2

    return efficientnet_lite2(*args, **options)


BACKBONES = {
    "efficientnet-b3": Backbone(
        ("none", "imagenet", FILE),
        ((40, 2), (24, 2), (32, 4), (48, 8), (96, 16), (136, 16), (232, 32), (384, 32)),
        _efficientnet_b3,
    ),
    "efficientnet-lite2": Backbone(
        ("none", "packaged"),
        ((32, 2), (16, 2), (24, 4), (48, 8), (88, 16), (120, 16), (208, 32), (352, 32)),
        _efficientnet_lite2,
    ),
}


def build_backbone(
    name: str,
    input_size: tuple[int, int] | None,
    *,
    output_stride: int,
    weights: str,
    even_light: bool = False,
) -> keras.Model:
    """Builds a dense backbone.

    Args:
        name: one of `BACKBONES`.
        input_size: (H, W) of the input, or None for any.
        output_stride: input pixels per position of the last features, 32, 16 or 8.
        weights: "none" (random), or what the backbone knows: see its own function.
        even_light: begins with `segcore.models.even_light.EvenLight`.

    Returns:
        A model from RGB images (B, H, W, 3), values 0-255, to the features of its stages
        {"block2": at 1/4 of the size, "block3": at 1/8, "block7": at 1/output_stride}.

    Raises:
        RecipeError: unknown backbone or output stride, or weights that cannot be had.
    """
    if name not in BACKBONES:
        raise RecipeError(f"There is no backbone '{name}': choose one of {', '.join(BACKBONES)}.")
    return BACKBONES[name].build(
        input_size, output_stride=output_stride, weights=weights, even_light=even_light
    )
