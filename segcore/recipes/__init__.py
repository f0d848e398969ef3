"""Recipes: how a network is trained. `fields` has each parameter's range, `checks` hold them."""

from segcore.recipes.recipe import (
    BACKBONE_WEIGHTS,
    RECIPES,
    STRONG,
    Augmentation,
    Recipe,
    from_dict,
    get_recipe,
)

__all__ = [
    "BACKBONE_WEIGHTS",
    "RECIPES",
    "STRONG",
    "Augmentation",
    "Recipe",
    "from_dict",
    "get_recipe",
]
