"""What is known of each model without building it. Loads neither Keras nor TensorFlow."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from segcore.errors import RecipeError
from segcore.models.stages import Stage, danet_stages, unet_stages

if TYPE_CHECKING:
    import keras

LEAST_MULTIPLE = 32
"""Sides of an input are multiples of this for every model: the stride of the usual backbones."""


FILE = "FILE"
"""Stands for the path of any file of weights."""


def _least_multiple(_: Mapping[str, Any]) -> int:
    return LEAST_MULTIPLE


@dataclass(frozen=True)
class ModelSpec:
    """A model: what it is called, how it is built, and what it needs of its input.

    Attributes:
        name: in recipes, run folders and on the command line.
        title: for people.
        module, function: where its builder is, in `segcore.models`.
        fixed_size: whether it is built for one input size and takes no other, so that every image
            is stretched to it.
        multiple: of the model's options; sides of an input must be multiples of it.
        backbones: name -> the weights that it can begin with, `FILE` among them where they may be
            a file. The option `backbone` chooses, the first where it does not; none for a model
            without one.
        stages: of the model's options, what a drawing of it shows; None where there is none.
    """

    name: str
    title: str
    module: str
    function: str
    fixed_size: bool = False
    multiple: Callable[[Mapping[str, Any]], int] = _least_multiple
    backbones: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    stages: Callable[[Mapping[str, Any]], list[Stage]] | None = None

    def weights_for(self, options: Mapping[str, Any]) -> tuple[str, ...]:
        """What the weights of the chosen backbone may be; "none" alone without one."""
        if not self.backbones:
            return ("none",)
        chosen = options.get("backbone") or next(iter(self.backbones))
        return self.backbones[chosen]

    def builder(self) -> Callable[..., keras.Model]:
        """The function (input_size, num_classes, **options) -> keras.Model; loads Keras."""
        module = importlib.import_module(f"segcore.models.{self.module}")
        build: Callable[..., keras.Model] = getattr(module, self.function)
        return build


def _unet_multiple(options: Mapping[str, Any]) -> int:
    """Every pooling halves the sides, that of the stem too."""
    poolings = options.get("depth", 4) + bool(options.get("stem_width"))
    return max(LEAST_MULTIPLE, 2**poolings)


B3: dict[str, tuple[str, ...]] = {"efficientnet-b3": ("none", "imagenet", FILE)}
LITE2: dict[str, tuple[str, ...]] = {"efficientnet-lite2": ("none", "packaged")}

SPECS: dict[str, ModelSpec] = {
    spec.name: spec
    for spec in (
        ModelSpec("unet", "U-Net", "unet", "unet", multiple=_unet_multiple, stages=unet_stages),
        ModelSpec("danet", "DANet", "danet", "danet", backbones=B3 | LITE2, stages=danet_stages),
        ModelSpec("danet-tasm", "DANet (TASM)", "tasm", "danet", fixed_size=True, backbones=B3),
    )
}


def spec_of(model: str) -> ModelSpec:
    """Raises RecipeError where there is no such model."""
    if model not in SPECS:
        raise RecipeError(f"There is no model '{model}'. Models: {', '.join(SPECS)}.")
    return SPECS[model]
