"""The table of a recipe's parameters: complete, and the check of what comes from outside."""

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from segcore.errors import RecipeError
from segcore.recipes import RECIPES, Augmentation, Recipe, get_recipe
from segcore.recipes.checks import checked, edited, find_recipe, recipe_of
from segcore.recipes.fields import FIELDS, fields_of, value_of
from segcore.recipes.fields import LOSSES as OFFERED_LOSSES
from segcore.training.losses import LOSSES

QUICK = get_recipe("quick-unet")


def test_every_parameter_of_a_recipe_has_its_field() -> None:
    named = {"name", "model", "summary", "expected"}
    nested = {"model_options", "loss_options", "augmentation"}
    paths = {field.path for field in FIELDS}
    assert {field.name for field in fields(Recipe)} - named - nested == {
        path for path in paths if "." not in path
    }
    assert {f"augmentation.{field.name}" for field in fields(Augmentation)} <= paths
    assert all(field.sentence.endswith(".") and field.range for field in FIELDS)
    assert set(OFFERED_LOSSES) == set(LOSSES)


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_of_ours_is_within_the_ranges(name: str) -> None:
    recipe = RECIPES[name]
    assert checked(recipe) is recipe
    same = {field.path: value_of(recipe, field) for field in fields_of(recipe.model)}
    assert edited(recipe, same) == recipe


def test_an_edited_recipe_is_named_so_unless_only_its_length_changed() -> None:
    assert edited(QUICK, {"epochs": 2, "seed": 7}) == replace(QUICK, epochs=2, seed=7)
    changed = edited(
        QUICK, {"augmentation.flip": False, "model_options.stem_width": None, "crop": (64, 96)}
    )
    assert changed.name == "quick-edited-unet"
    assert not changed.augmentation.flip
    assert changed.model_options == {"width": 16, "depth": 3}
    entered = edited(QUICK, {"size": "64 x 96", "crop": " ", "augmentation.scale": "0.5 to 2"})
    assert (entered.size, entered.crop, entered.augmentation.scale) == ((64, 96), None, (0.5, 2))
    assert edited(changed, {"balance": 1.0}).name == "quick-edited-unet"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"learning_rate": 3}, "Learning rate 3: must be 1e-06 to 1"),
        ({"learning_rate": float("nan")}, "Learning rate nan"),
        ({"epochs": 2.5}, "Epochs 2.5: must be 1 to 1000"),
        ({"epochs": "many"}, "Epochs many"),
        ({"size": (100, 256)}, "Size 100×256: must be 32 to 4096 pixels a side, multiples of 32"),
        ({"crop": (256, 256)}, "Crop 256×256: is larger than the size 128×256"),
        ({"augmentation.scale": (2, 0.5)}, "Zoom 2×0.5"),
        ({"crop": "64"}, "Crop 64: give two numbers such as 128 × 256"),
        ({"loss": "hinge"}, "Loss hinge: must be one of cross_entropy"),
        ({"loss": "dice", "loss_options.label_smoothing": 0.1}, "Label smoothing goes with"),
        ({"optimizer": None}, "Optimizer None"),
        ({"schedule": "linear.h5"}, "Schedule linear.h5"),
        ({"epochs": 8.0}, "Epochs 8.0"),
        ({"backbone_weights": "imagenet"}, "quick-unet: a unet has no backbone_weights"),
    ],
)
def test_what_is_out_of_range_is_named_with_the_range(values: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError) as error:
        edited(QUICK, values)
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


def test_a_recipe_is_read_from_a_file_and_checked(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    mine = replace(QUICK, name="mine", epochs=3)
    path.write_text(json.dumps(mine.to_dict()))
    assert find_recipe(str(path)) == mine
    assert find_recipe("quick-unet") is QUICK
    for changes, name in (
        ({"epochs": 2}, "quick-unet"),
        ({"learning_rate": 0.5}, "quick-edited-unet"),
    ):
        path.write_text(json.dumps(replace(QUICK, **changes).to_dict()))
        assert find_recipe(str(path)).name == name
    for content, message in (
        ('{"name": "mine"}', "is not complete"),
        (json.dumps({**mine.to_dict(), "lr": 1}), "has no parameter lr"),
        (json.dumps({**mine.to_dict(), "epochs": 0}), "Epochs 0"),
        (json.dumps({**mine.to_dict(), "loss_options": {"gamma": 2}}), "no loss_options.gamma"),
        (json.dumps({**mine.to_dict(), "model_options": {"widht": 8}}), "no model_options.widht"),
        (json.dumps({**mine.to_dict(), "model": "vit"}), "vit: no such model"),
        ("[", "cannot be read as a recipe"),
    ):
        path.write_text(content)
        with pytest.raises(RecipeError, match=message):
            find_recipe(str(path))


DEEP = {"model_options.depth": 5, "model_options.stem_width": 8}


@pytest.mark.parametrize(
    ("recipe", "values", "message"),
    [
        ("quick-unet", {**DEEP, "crop": (96, 96)}, "Crop 96×96: a unet .* multiples of 64"),
        ("seed-danet", {"size": None}, "Size: danet-tasm takes images of one size"),
        ("seed-danet", {"crop": (64, 64)}, "Crop: danet-tasm takes whole images"),
        ("seed-danet", {"backbone_weights": "packaged"}, "Backbone weights packaged: .* imagenet"),
        ("quick-danet", {"backbone_weights": "imagenet"}, "Backbone weights imagenet: .*packaged"),
        ("quick-danet", {"model_options.backbone": "efficientnet-b3"}, "Backbone weights packaged"),
    ],
)
def test_what_a_network_does_not_take_is_refused(
    recipe: str, values: dict[str, Any], message: str
) -> None:
    with pytest.raises(RecipeError, match=message) as error:
        edited(get_recipe(recipe), values)
    assert "\n" not in str(error.value)


def test_an_option_without_a_value_is_the_networks_own() -> None:
    """As the form leaves it out, and a file may have it as null."""
    values = QUICK.to_dict()
    values["model_options"] = {"width": 8, "depth": None, "stem_width": None}
    values["loss_options"] = {"label_smoothing": None}
    recipe = recipe_of(json.loads(json.dumps(values)))
    assert (recipe.model_options, recipe.loss_options) == ({"width": 8}, {})
    with pytest.raises(RecipeError, match="Backbone weights packaged"):
        recipe_of({**values, "backbone_weights": "packaged"})
