"""How a recipe's gradients become steps: the optimizer, its schedule, its moving average."""

from typing import Any

import keras

from segcore.errors import RecipeError
from segcore.recipes import Recipe


def build_optimizer(recipe: Recipe, steps_per_epoch: int) -> keras.optimizers.Optimizer:
    """The recipe's optimizer, its learning rate following the schedule over the whole training.

    Raises:
        RecipeError: there is no optimizer of that name.
    """
    rate: Any = recipe.learning_rate
    if recipe.schedule == "cosine":
        total = recipe.epochs * steps_per_epoch
        warmup = round(recipe.warmup * total)
        rate = keras.optimizers.schedules.CosineDecay(
            initial_learning_rate=rate / 20 if warmup else rate,
            decay_steps=total - warmup,
            warmup_target=rate if warmup else None,
            warmup_steps=warmup,
        )
    average = {"use_ema": recipe.ema is not None, "ema_momentum": recipe.ema or 0.99}
    match recipe.optimizer:
        case "sgd":
            return keras.optimizers.SGD(rate, momentum=recipe.momentum, **average)
        case "adamw":
            optimizer = keras.optimizers.AdamW(rate, weight_decay=recipe.weight_decay, **average)
            optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta", "alpha"])
            return optimizer
        case "adam":
            return keras.optimizers.Adam(rate, **average)
    raise RecipeError(f"{recipe.optimizer}: no such optimizer; choose adam, adamw or sgd")
