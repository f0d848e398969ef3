"""The parameters of a recipe as a person edits them: name, range, and a sentence on each.

The one table behind the form of the admin page and behind the check of every recipe that comes from
outside (a file, a form, the queue).
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from segcore.errors import RecipeError
from segcore.recipes import RECIPES, Augmentation, Recipe, from_dict, get_recipe

Kind = Literal["whole", "number", "switch", "choice", "size", "range"]

LOSSES = ("cross_entropy", "focal", "dice", "lovasz")


class Group(StrEnum):
    SCHEDULE = "Length and learning rate"
    INPUT = "Pictures"
    AUGMENTATION = "Augmentation"
    LOSS = "Loss"
    NETWORK = "Network"


@dataclass(frozen=True)
class Field:
    """One parameter.

    Attributes:
        path: where it is in the recipe: `epochs`, `augmentation.flip`, `model_options.width`.
        kind: whole and number lie in `low` to `high`; size is (H, W), range (low, high), both of
            whose parts lie there.
        optional: whether None is a value too, and what it stands for.
        models: the networks that have it; all where empty.
    """

    path: str
    label: str
    group: Group
    sentence: str
    kind: Kind
    low: float = 0
    high: float = 1
    choices: tuple[Any, ...] = ()
    optional: str | None = None
    models: tuple[str, ...] = ()

    @property
    def range(self) -> str:
        """What it may be, in words."""
        if self.kind == "switch":
            return "on or off"
        if self.kind == "choice":
            return "one of " + ", ".join(map(str, self.choices))
        words = f"{self.low:g} to {self.high:g}"
        if self.kind == "size":
            words += " pixels a side, multiples of 32"
        return f"{words}, or {self.optional}" if self.optional else words


FIELDS = (
    Field(
        "epochs", "Epochs", Group.SCHEDULE,
        "Passes over the training pictures; the best one is kept.", "whole", 1, 1000,
    ),
    Field(
        "batch_size", "Batch size", Group.SCHEDULE,
        "Pictures in a step; more need more memory and make steadier steps.", "whole", 1, 512,
    ),
    Field(
        "steps_per_epoch", "Steps per epoch", Group.SCHEDULE,
        "Batches between two validations.", "whole", 1, 100_000,
        optional="one pass over the pictures",
    ),
    Field(
        "optimizer", "Optimizer", Group.SCHEDULE,
        "How gradients become steps; adamw is adam with weight decay.", "choice",
        choices=("adam", "adamw", "sgd"),
    ),
    Field(
        "learning_rate", "Learning rate", Group.SCHEDULE,
        "Size of a step; too high and the loss jumps, too low and nothing is learnt.",
        "number", 1e-6, 1.0,
    ),
    Field(
        "schedule", "Schedule", Group.SCHEDULE,
        "Cosine lowers the learning rate to zero at the last step, which ends a training better.",
        "choice", choices=("constant", "cosine"),
    ),
    Field(
        "warmup", "Warm-up", Group.SCHEDULE,
        "Share of all steps over which a cosine schedule first rises.", "number", 0, 0.5,
    ),
    Field(
        "momentum", "Momentum", Group.SCHEDULE,
        "How long sgd keeps its direction; other optimizers have their own.", "number", 0, 0.999,
    ),
    Field(
        "weight_decay", "Weight decay", Group.SCHEDULE,
        "How strongly adamw pulls weights to zero, against overfitting.", "number", 0, 1,
    ),
    Field(
        "ema", "Moving average", Group.SCHEDULE,
        "Momentum of the average of weights that is evaluated; it smooths the last steps.",
        "number", 0.5, 0.99999, optional="off",
    ),
    Field(
        "seed", "Seed", Group.SCHEDULE,
        "The same seed draws the same first weights and the same augmentation.",
        "whole", 0, 2**31 - 1,
    ),
    Field(
        "size", "Size", Group.INPUT,
        "Height and width that all pictures are stretched to.", "size", 32, 4096,
        optional="the data set's own proportions",
    ),
    Field(
        "input_scale", "Scale", Group.INPUT,
        "Without a fixed size, the share of the data set's default size that is used.",
        "number", 0.1, 2,
    ),
    Field(
        "crop", "Crop", Group.INPUT,
        "Height and width of the window cut from each picture at random.", "size", 32, 2048,
        optional="whole pictures",
    ),
    Field(
        "augmentation.flip", "Mirror", Group.AUGMENTATION,
        "Mirrors left and right, half of the time.", "switch",
    ),
    Field(
        "augmentation.rotation", "Rotation", Group.AUGMENTATION,
        "Largest angle either way, in degrees.", "number", 0, 45,
    ),
    Field(
        "augmentation.scale", "Zoom", Group.AUGMENTATION,
        "Smallest and largest zoom, drawn before a crop is cut.", "range", 0.25, 4,
        optional="off",
    ),
    Field(
        "augmentation.aspect", "Aspect", Group.AUGMENTATION,
        "Largest relative change of width against height.", "number", 0, 0.5,
    ),
    Field(
        "augmentation.brightness", "Brightness", Group.AUGMENTATION,
        "Largest change either way; 0.2 is from 80 to 120 %.", "number", 0, 0.9,
    ),
    Field(
        "augmentation.contrast", "Contrast", Group.AUGMENTATION,
        "Largest change either way.", "number", 0, 0.9,
    ),
    Field(
        "augmentation.saturation", "Saturation", Group.AUGMENTATION,
        "Largest change either way.", "number", 0, 0.9,
    ),
    Field(
        "augmentation.hue", "Hue", Group.AUGMENTATION,
        "Largest turn either way, as a share of the colour circle.", "number", 0, 0.5,
    ),
    Field(
        "augmentation.blur", "Blur", Group.AUGMENTATION,
        "Largest radius of a Gaussian blur in pixels, half of the time.", "number", 0, 10,
    ),
    Field(
        "augmentation.noise", "Noise", Group.AUGMENTATION,
        "Largest standard deviation of Gaussian noise, in grey levels.", "number", 0, 64,
    ),
    Field(
        "loss", "Loss", Group.LOSS,
        "What is made small: cross-entropy for pixels, dice and lovasz for overlap.", "choice",
        choices=(*LOSSES, *(f"cross_entropy+{name}" for name in LOSSES[2:])),
    ),
    Field(
        "loss_options.label_smoothing", "Label smoothing", Group.LOSS,
        "Share of the target spread over all classes, with a cross-entropy.", "number", 0, 0.5,
        optional="off",
    ),
    Field(
        "balance", "Class balance", Group.LOSS,
        "How much more rare classes weigh: 0 not at all, 1 by inverse frequency.", "number", 0, 1,
    ),
    Field(
        "logit_adjustment", "Logit adjustment", Group.LOSS,
        "How much of the class balance is taken back in what is predicted; up to as much as it.",
        "number", 0, 1,
    ),
    Field(
        "ignore_void", "Leave out void", Group.LOSS,
        "Leaves pixels of Cityscapes' void category out of the loss.", "switch",
    ),
    Field(
        "aux_weight", "Auxiliary heads", Group.LOSS,
        "Share of each auxiliary head's loss that is added; a U-Net has none.", "number", 0, 1,
        models=("danet", "danet-tasm"),
    ),
    Field(
        "backbone_weights", "Backbone weights", Group.NETWORK,
        "Random, or ImageNet's, which Keras downloads when they are used first.", "choice",
        choices=("none", "imagenet"), models=("danet", "danet-tasm"),
    ),
    Field(
        "model_options.width", "Width", Group.NETWORK,
        "Channels of the first level; each level below has twice as many.", "whole", 4, 128,
        optional="the usual 32", models=("unet",),
    ),
    Field(
        "model_options.depth", "Depth", Group.NETWORK,
        "How often the picture is halved.", "whole", 2, 5, optional="the usual 4",
        models=("unet",),
    ),
    Field(
        "model_options.stem_width", "Stem", Group.NETWORK,
        "Channels at full resolution, where the network proper works at half of it.",
        "whole", 4, 128, optional="no stem", models=("unet",),
    ),
    Field(
        "model_options.output_stride", "Output stride", Group.NETWORK,
        "Input pixels per position of the attention; 8 is finer and half as dear again.",
        "choice", choices=(8, 16, 32), models=("danet",),
    ),
    Field(
        "model_options.attention_channels", "Attention channels", Group.NETWORK,
        "Channels of the two attention branches.", "whole", 16, 512, optional="the usual 128",
        models=("danet",),
    ),
    Field(
        "model_options.decoder", "Decoder", Group.NETWORK,
        "Adds fine features before the classifier, so that thin things come out thin.", "switch",
        models=("danet",),
    ),
)  # fmt: skip

DEFAULTS = {"model_options.output_stride": 16, "model_options.decoder": True}
"""What the networks take where the recipe's options name nothing else."""

RUN_LENGTH = {"epochs", "batch_size", "steps_per_epoch", "seed", "backbone_weights"}
"""Changing these leaves a recipe the same recipe."""


def fields_of(model: str) -> list[Field]:
    """The fields that a network has."""
    return [field for field in FIELDS if not field.models or model in field.models]


def value_of(recipe: Recipe, field: Field) -> Any:
    """The field's value in the recipe; None where it is off."""
    outer, _, inner = field.path.rpartition(".")
    if not outer:
        return getattr(recipe, inner)
    holder = getattr(recipe, outer)
    if isinstance(holder, Augmentation):
        return getattr(holder, inner)
    return holder.get(inner, DEFAULTS.get(field.path))


def edited(recipe: Recipe, values: Mapping[str, Any]) -> Recipe:
    """The recipe with other values (path -> value), named as edited where it is another one.

    A size or a range may be given as text, as a person enters it: "128 x 256", "0.5 to 1.5", "".

    Raises:
        RecipeError: a value is out of its range, or for a parameter that its network has not.
    """
    changes = {}
    known = {field.path: field for field in fields_of(recipe.model)}
    for path, given in values.items():
        if path not in known:
            raise RecipeError(f"{recipe.name}: a {recipe.model} has no {path}; leave it out")
        value = _entered(known[path], given)
        if value != value_of(recipe, known[path]):
            changes[path] = value
    for path, value in changes.items():
        recipe = _with(recipe, path, value)
    return checked(_renamed(recipe) if changes.keys() - RUN_LENGTH else recipe)


def _renamed(recipe: Recipe) -> Recipe:
    """Another recipe than that of its name."""
    if "-edited-" in recipe.name:
        return recipe
    stem = recipe.name.removesuffix(f"-{recipe.model}")
    return replace(recipe, name=f"{stem}-edited-{recipe.model}", expected="")


def checked(recipe: Recipe) -> Recipe:
    """The recipe itself.

    Raises:
        RecipeError: a value is not of its kind or out of its range, in one line.
    """
    if recipe.model not in {known.model for known in RECIPES.values()}:
        raise RecipeError(f"{recipe.model}: no such model; clone a recipe of one that there is")
    known = {field.path for field in fields_of(recipe.model)}
    for outer in ("model_options", "loss_options"):
        for option in getattr(recipe, outer):
            if f"{outer}.{option}" not in known:
                raise RecipeError(f"Recipe: {recipe.model} has no {outer}.{option}; remove it")
    for field in fields_of(recipe.model):
        value = value_of(recipe, field)
        if not _fits(field, value):
            raise RecipeError(f"{field.label} {_shown(value)}: must be {field.range}")
    crop, size = recipe.crop, recipe.size
    if crop and size and (crop[0] > size[0] or crop[1] > size[1]):
        raise RecipeError(
            f"Crop {_shown(crop)}: is larger than the size {_shown(size)}; make it smaller"
        )
    if recipe.loss_options.get("label_smoothing") and "cross_entropy" not in recipe.loss:
        raise RecipeError(
            f"Label smoothing goes with cross_entropy, not {recipe.loss}; turn it off"
        )
    return recipe


def find_recipe(name_or_file: str) -> Recipe:
    """A recipe by its name, or from a JSON file of one, such as the `recipe` of a run.json.

    A file whose recipe has the name of one of ours, but is another, is named as edited.

    Raises:
        RecipeError: no such recipe, or a file that holds none that can be used.
    """
    if name_or_file.endswith(".json"):
        try:
            found = recipe_of(json.loads(Path(name_or_file).read_bytes()))
        except (OSError, ValueError) as error:
            raise RecipeError(f"{name_or_file}: cannot be read as a recipe ({error})") from error
        ours = RECIPES.get(found.name)
        return found if ours is None or _is_same(found, ours) else _renamed(found)
    return get_recipe(name_or_file)


def _is_same(recipe: Recipe, other: Recipe) -> bool:
    """Whether they differ in no more than in how long they train."""
    return recipe.model == other.model and all(
        value_of(recipe, field) == value_of(other, field)
        for field in fields_of(recipe.model)
        if field.path not in RUN_LENGTH
    )


def recipe_of(values: Mapping[str, Any]) -> Recipe:
    """The recipe that a JSON object holds, checked.

    Raises:
        RecipeError: a key is missing or unknown, or a value is out of its range.
    """
    known = {field.name for field in fields(Recipe)}
    try:
        if unknown := sorted(set(values) - known):
            raise RecipeError(f"Recipe: has no parameter {unknown[0]}; remove it")
        return checked(from_dict({"augmentation": {}, **values}))
    except (KeyError, TypeError, AttributeError) as error:
        raise RecipeError(f"Recipe: is not complete or has a wrong type ({error})") from error


def _entered(field: Field, value: Any) -> Any:
    """The value that a text of two numbers stands for, None where it is empty."""
    if field.kind not in ("size", "range") or not isinstance(value, str):
        return value
    if not value.strip():
        return None
    numbers = re.findall(r"\d+(?:\.\d+)?", value)
    if len(numbers) != 2:
        example = "128 × 256" if field.kind == "size" else "0.5 to 1.5"
        raise RecipeError(f"{field.label} {value}: give two numbers such as {example}")
    return tuple(float(part) if "." in part else int(part) for part in numbers)


def _with(recipe: Recipe, path: str, value: Any) -> Recipe:
    outer, _, inner = path.rpartition(".")
    if not outer:
        return replace(recipe, **{inner: value})
    holder = getattr(recipe, outer)
    if isinstance(holder, Augmentation):
        return replace(recipe, augmentation=replace(holder, **{inner: value}))
    options = {key: held for key, held in holder.items() if key != inner}
    if value is not None:
        options[inner] = value
    changes: dict[str, Any] = {outer: options}
    return replace(recipe, **changes)


def _fits(field: Field, value: Any) -> bool:
    if value is None:
        return field.optional is not None
    match field.kind:
        case "switch":
            return isinstance(value, bool)
        case "choice":
            # A backbone's weights may be a file too, from the command line.
            is_file = field.path == "backbone_weights" and str(value).endswith(".h5")
            return value in field.choices or is_file
        case "whole":
            return isinstance(value, int) and _is_number(value) and field.low <= value <= field.high
        case "number":
            return _is_number(value) and field.low <= value <= field.high
        case "size":
            return _is_pair(field, value) and all(side % 32 == 0 for side in value)
        case "range":
            return _is_pair(field, value) and value[0] <= value[1]


def _is_number(value: Any) -> bool:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and math.isfinite(value)


def _is_pair(field: Field, value: Any) -> bool:
    return (
        isinstance(value, (tuple, list))
        and len(value) == 2
        and all(_is_number(part) and field.low <= part <= field.high for part in value)
    )


def _shown(value: Any) -> str:
    return "×".join(map(str, value)) if isinstance(value, (tuple, list)) else str(value)
