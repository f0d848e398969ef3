"""What is known of a model without building it. Loads neither Keras nor TensorFlow.

A new model is a file of its own like `unet.py`, with its `ModelSpec`, and a line in `SPECS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from segcore.models.backbones import BACKBONES
from segcore.models.drawing_stages import Stage
from segcore.models.options import Option

if TYPE_CHECKING:
    import keras

LEAST_MULTIPLE = 32
"""Sides of an input are multiples of this for every model: the stride of the usual backbones."""

GIGABYTE = 2**30


def _least_multiple(_: Mapping[str, Any]) -> int:
    return LEAST_MULTIPLE


@dataclass(frozen=True)
class Memory:
    """What a training on a processor takes, as measured (docs/speed.md).

    Attributes:
        base: bytes without images: Python, the network library, weights and optimizer.
        per_pixel: of the model's options, bytes of activations and gradients that are kept for each
            pixel of a batch.
    """

    base: float
    per_pixel: Callable[[Mapping[str, Any]], float]


NOT_MEASURED = Memory(1.6 * GIGABYTE, lambda _: 14_500.0)
"""Memory of the largest model that was measured."""


@dataclass(frozen=True)
class ModelSpec:
    """A model: what it is called, how it is built, and what it takes.

    Attributes:
        name: in recipes, run folders and on the command line.
        title: for people.
        build: (input_size, num_classes, **options) -> keras.Model, which takes RGB images with
            values 0-255 to {"logits": ...}; loads Keras when called, not before.
        family: of a variant, the model whose place among the champions it may be shown in; it has
            none of its own.
        options: the keywords of `build` that a recipe may set.
        backbones: names of `BACKBONES` that it can be built on. The option `backbone` chooses, the
            first where it does not; none for a model that begins with random weights.
        has_auxiliary_heads: whether there are outputs beside the logits, for training only.
        fixed_size: whether it is built for one input size and takes no other, so that every image
            is stretched to it.
        multiple: of the model's options; sides of an input must be multiples of it.
        trains_in_bfloat16_on_cpu: whether it is trained in it on processors that have it. Depthwise
            convolutions are slower in it there, the gradients of their filters two to four times
            (docs/speed.md).
        memory, usual_parameters: what a training is expected to take; the defaults are for a model
            that was not measured.
        package: (import name, how to install it) of what it needs beside requirements.txt.
        stages: of the model's options, what a drawing of it shows; None where there is none.
        remark: what a speaker says of that drawing.
    """

    name: str
    title: str
    build: Callable[..., keras.Model]
    family: str | None = None
    options: tuple[Option, ...] = ()
    backbones: tuple[str, ...] = ()
    has_auxiliary_heads: bool = False
    fixed_size: bool = False
    multiple: Callable[[Mapping[str, Any]], int] = _least_multiple
    trains_in_bfloat16_on_cpu: bool = True
    memory: Memory = NOT_MEASURED
    usual_parameters: int = 12_000_000
    package: tuple[str, str] | None = None
    stages: Callable[[Mapping[str, Any]], list[Stage]] | None = None
    remark: str = ""

    def weights_for(self, options: Mapping[str, Any]) -> tuple[str, ...]:
        """What the weights of the chosen backbone may be; "none" alone without one."""
        if not self.backbones:
            return ("none",)
        return BACKBONES[options.get("backbone") or self.backbones[0]].weights
