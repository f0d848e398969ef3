"""Recipes from outside, of a form, a file, the queue: edited, and checked by their fields."""

import json
import re
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from segcore.errors import RecipeError
from segcore.models import SPECS
from segcore.models.backbones import FILE
from segcore.recipes import BACKBONE_WEIGHTS, RECIPES, Augmentation, Recipe, from_dict, get_recipe
from segcore.recipes.fields import Field, fields_of, value_of

RUN_LENGTH = {"epochs", "batch_size", "steps_per_epoch", "seed", "backbone_weights"}
"""Changing these leaves a recipe the same recipe."""


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
        RecipeError: a value is not of its kind or out of its range, or the network cannot be
            trained or served with it, in one line.
    """
    if recipe.model not in SPECS:
        raise RecipeError(f"{recipe.model}: no such model; clone a recipe of one that there is")
    known = {field.path for field in fields_of(recipe.model)}
    for outer in ("model_options", "loss_options"):
        for option in getattr(recipe, outer):
            if f"{outer}.{option}" not in known:
                raise RecipeError(f"Recipe: {recipe.model} has no {outer}.{option}; remove it")
    for field in fields_of(recipe.model):
        value = value_of(recipe, field)
        if not field.accepts(value):
            raise RecipeError(f"{field.label} {_shown(value)}: must be {field.range}")
    crop, size = recipe.crop, recipe.size
    if crop and size and (crop[0] > size[0] or crop[1] > size[1]):
        raise RecipeError(
            f"Crop {_shown(crop)}: is larger than the size {_shown(size)}; make it smaller"
        )
    _check_input(recipe)
    _check_backbone(recipe)
    if recipe.loss_options.get("label_smoothing") and "cross_entropy" not in recipe.loss:
        raise RecipeError(
            f"Label smoothing goes with cross_entropy, not {recipe.loss}; turn it off"
        )
    return recipe


def _check_input(recipe: Recipe) -> None:
    """Raises RecipeError where the network does not take the images that the recipe makes."""
    spec = SPECS[recipe.model]
    if spec.fixed_size and recipe.size is None:
        raise RecipeError(f"Size: {spec.name} takes images of one size; give it, as 256×256")
    if spec.fixed_size and recipe.crop is not None:
        raise RecipeError(f"Crop: {spec.name} takes whole images of one size; turn it off")
    multiple = spec.multiple(recipe.model_options)
    for label, sides in (("Size", recipe.size), ("Crop", recipe.crop)):
        if sides is not None and any(side % multiple for side in sides):
            raise RecipeError(
                f"{label} {_shown(sides)}: a {spec.name} with these options takes multiples of "
                f"{multiple}; choose other sides, or a smaller depth"
            )


def _check_backbone(recipe: Recipe) -> None:
    """Raises RecipeError where the network cannot begin with these weights."""
    given = recipe.backbone_weights
    allowed = SPECS[recipe.model].weights_for(recipe.model_options)
    if (given if given in BACKBONE_WEIGHTS else FILE) not in allowed:
        raise RecipeError(
            f"Backbone weights {given}: with this network they are {' or '.join(allowed)}"
        )


def checked_options(model: str, options: Mapping[str, Any]) -> Mapping[str, Any]:
    """A network's options themselves, as a run.json from anywhere names them.

    Raises:
        RecipeError: one that the network has not, or a value out of its range.
    """
    known = {field.path: field for field in fields_of(model)}
    for name, value in options.items():
        field = known.get(f"model_options.{name}")
        if field is None:
            raise RecipeError(f"Network: a {model} has no option {name}; remove it from run.json")
        if not field.accepts(value):
            raise RecipeError(f"{field.label} {_shown(value)}: must be {field.range}")
    return options


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


def _shown(value: Any) -> str:
    return "×".join(map(str, value)) if isinstance(value, (tuple, list)) else str(value)
