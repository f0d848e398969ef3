"""The networks. Importing this package loads neither Keras nor TensorFlow; building a model does.

Every model takes RGB images (B, H, W, 3) with values 0-255 (normalisation is its first layer) and
returns a dict of float32 logits (B, H, W, num_classes): "logits", the prediction, and possibly
auxiliary heads that only training uses. A model is one file with its `ModelSpec`, named in `SPECS`.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from segcore.errors import RecipeError
from segcore.labels import CITYSCAPES
from segcore.models.danet import DANET
from segcore.models.spec import ModelSpec
from segcore.models.tasm import DANET_TASM
from segcore.models.unet import UNET

if TYPE_CHECKING:
    import keras

__all__ = [
    "SPECS",
    "ModelSpec",
    "build_model",
    "family_of",
    "inference_model",
    "model_families",
    "spec_of",
]

SPECS: dict[str, ModelSpec] = {
    spec.name: spec
    for spec in (
        UNET,
        DANET,
        DANET_TASM,
    )
}
"""Every model, by name: a new one is a file like `unet.py` and a line here."""


def spec_of(model: str) -> ModelSpec:
    """Raises RecipeError where there is no such model."""
    if model not in SPECS:
        raise RecipeError(f"There is no model '{model}'. Models: {', '.join(SPECS)}.")
    return SPECS[model]


def model_families() -> tuple[str, ...]:
    """The models that have champions; the first is run A by default, the second run B."""
    return tuple(name for name, spec in SPECS.items() if spec.family is None)


def family_of(model: str) -> str:
    """The family of a run's model, of one that is no longer known its own name."""
    spec = SPECS.get(model)
    return (spec and spec.family) or model


def build_model(
    name: str,
    *,
    input_size: tuple[int, int] | None,
    num_classes: int = CITYSCAPES.num_classes,
    backbone_weights: str = "none",
    **options: Any,
) -> keras.Model:
    """Builds a network from code.

    Args:
        name: one of `SPECS`.
        input_size: (H, W) of the input, or None for any that the model's spec allows.
        num_classes: channels of the logits.
        backbone_weights: "none" (random), "imagenet" (Keras' download) or a file of
            `keras.applications.EfficientNetB3(include_top=False)`. The network is the same one
            whichever is chosen, so a trained run is rebuilt with "none".
        options: the builder's own, such as `width` of the U-Net or `output_stride` of the DANet.

    Raises:
        RecipeError: unknown model or option, or backbone weights that cannot be had.
        MissingPackageError: `danet-tasm` where the library is not installed.
    """
    builder = spec_of(name).build
    known = list(inspect.signature(builder).parameters)
    if "backbone_weights" in known:
        options["backbone_weights"] = backbone_weights
    elif backbone_weights != "none":
        raise RecipeError(
            f"{name} has no backbone to take weights '{backbone_weights}': "
            "choose backbone weights 'none'."
        )
    unknown = sorted(set(options) - set(known))
    if unknown:
        allowed = [option for option in known if option not in ("input_size", "num_classes")]
        raise RecipeError(
            f"{name} has no option {', '.join(unknown)}. Its options: {', '.join(allowed)}."
        )
    return builder(input_size, num_classes, **options)


def inference_model(model: keras.Model) -> keras.Model:
    """The part of `model` that predicts: images -> logits, sharing its weights.

    Layers that only feed auxiliary heads are left out.
    """
    import keras

    return keras.Model(model.input, model.output["logits"], name=f"{model.name}_inference")
