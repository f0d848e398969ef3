"""The pretrained networks that a model can be built on, by name."""

from collections.abc import Callable

import keras

from segcore.errors import RecipeError
from segcore.models.efficientnet import efficientnet_b3
from segcore.models.efficientnet_lite import efficientnet_lite2

BACKBONES: dict[str, Callable[..., keras.Model]] = {
    "efficientnet-b3": efficientnet_b3,
    "efficientnet-lite2": efficientnet_lite2,
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
        even_light: begins with `segcore.models.light.EvenLight`.

    Returns:
        A model from RGB images (B, H, W, 3), values 0-255, to the features of its stages
        {"block2": at 1/4 of the size, "block3": at 1/8, "block7": at 1/output_stride}.

    Raises:
        RecipeError: unknown backbone or output stride, or weights that cannot be had.
    """
    if name not in BACKBONES:
        raise RecipeError(f"There is no backbone '{name}': choose one of {', '.join(BACKBONES)}.")
    return BACKBONES[name](
        input_size, output_stride=output_stride, weights=weights, even_light=even_light
    )
