"""Recipes: how a network is trained.

`named` has those of ours, `fields` each parameter's range, `checks` hold them.
"""

from segcore.recipes.named import RECIPES, STORY, STRONG, get_recipe
from segcore.recipes.recipe import BACKBONE_WEIGHTS, Augmentation, Recipe, from_dict

__all__ = [
    "BACKBONE_WEIGHTS",
    "RECIPES",
    "STORY",
    "STRONG",
    "Augmentation",
    "Recipe",
    "from_dict",
    "get_recipe",
]
