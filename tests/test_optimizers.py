"""The moving average of weights, which is what a training is judged by."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from segcore.learning.optimizers import build_optimizer
from segcore.recipes import get_recipe

MOMENTUM = 0.9


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
def test_the_average_is_of_the_steps_alone(optimizer: str) -> None:
    recipe = replace(get_recipe("tuned-unet"), optimizer=optimizer, ema=MOMENTUM)
    stepping = build_optimizer(recipe, steps_per_epoch=10)
    weight = keras.Variable([100.0, -3.0])
    seen = []
    for _ in range(5):
        stepping.apply([keras.ops.ones(2)], [weight])
        seen.append(keras.ops.convert_to_numpy(weight).copy())
    expected = np.average(seen, axis=0, weights=[MOMENTUM**age for age in (4, 3, 2, 1, 0)])
    stepping.finalize_variable_values([weight])  # puts the average in the weight's place
    np.testing.assert_allclose(keras.ops.convert_to_numpy(weight), expected, rtol=1e-6)
