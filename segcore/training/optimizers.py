"""How a recipe's gradients become steps: the optimizer, its schedule, its moving average."""

from typing import Any

import keras
from keras import ops

from segcore.errors import RecipeError
from segcore.recipes import Recipe


def build_optimizer(recipe: Recipe, steps_per_epoch: int) -> keras.optimizers.Optimizer:
    """The recipe's optimizer, its learning rate following the schedule over the whole training.

    Raises:
        RecipeError: there is no optimizer of that name.
    """
    # A file may have whole numbers, which Keras refuses.
    rate: Any = float(recipe.learning_rate)
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
            return SGD(rate, momentum=float(recipe.momentum), **average)
        case "adamw":
            optimizer = AdamW(rate, weight_decay=float(recipe.weight_decay), **average)
            optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta", "alpha"])
            return optimizer
        case "adam":
            return Adam(rate, **average)
    raise RecipeError(f"{recipe.optimizer}: no such optimizer; choose adam, adamw or sgd")


REACH = 17
"""The moving average reaches back over a seventeenth of the steps so far: Karras et al.'s 7 %."""


class _GrowingAverage:
    """An optimizer's moving average whose reach grows with the training, up to its momentum's.

    With Keras' own, of momentum m, a training of fewer than some 5 / (1 - m) steps is judged by
    weights which are in good part those it came from, or lag behind what it has learnt.
    """

    iterations: Any

    @property
    def ema_momentum(self) -> Any:
        """(1 - 1 / t)^17 in step t, from 1, and at most m (Karras et al., "Analyzing and Improving
        the Training Dynamics of Diffusion Models", CVPR 2024, section 3.1)."""
        before = ops.cast(self.iterations, "float32")
        return ops.minimum((before / (before + 1)) ** REACH, self._momentum)

    @ema_momentum.setter
    def ema_momentum(self, momentum: float) -> None:
        self._momentum = momentum

    def finalize_variable_values(self, var_list: list[Any]) -> None:
        """Writes the average into the network, as a copy.

        With JAX Keras' own gives it the average's very array, which the next prediction gives
        away for its result: the average is gone then.
        """
        super().finalize_variable_values(var_list)  # type: ignore[misc]
        for variable in var_list:
            variable.assign(ops.copy(variable.value))


class SGD(_GrowingAverage, keras.optimizers.SGD):
    pass


class Adam(_GrowingAverage, keras.optimizers.Adam):
    pass


class AdamW(_GrowingAverage, keras.optimizers.AdamW):
    pass
