"""The moving average of weights, which is what a training is judged by."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from segcore.errors import RunError
from segcore.recipes import get_recipe
from segcore.training import checkpoint
from segcore.training.optimizers import build_optimizer

STEPS = 60
MOMENTA = [
    0.998,  # of a reach that is longer than the training
    0.5,  # reached after 25 steps: (1 - 1 / 25)^17
]


@pytest.mark.parametrize("momentum", MOMENTA)
@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
def test_the_average_is_of_the_steps_alone(optimizer: str, momentum: float) -> None:
    recipe = replace(get_recipe("tuned-unet"), optimizer=optimizer, ema=momentum)
    stepping = build_optimizer(recipe, steps_per_epoch=10)
    weight = keras.Variable([100.0, -3.0])
    seen = []
    for _ in range(STEPS):
        stepping.apply([keras.ops.ones(2)], [weight])
        seen.append(keras.ops.convert_to_numpy(weight).copy())
    kept = [min((1 - 1 / step) ** 17, momentum) for step in range(1, STEPS + 1)]
    weights = [(1 - kept[step]) * np.prod(kept[step + 1 :]) for step in range(STEPS)]
    assert np.isclose(sum(weights), 1)  # the weights it began with have no say
    stepping.finalize_variable_values([weight])  # puts the average in the weight's place
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(weight), np.average(seen, axis=0, weights=weights), rtol=1e-6
    )


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
def test_whole_numbers_are_numbers(optimizer: str) -> None:
    """JSON has no others for 1.0 and 0.0."""
    whole = {"learning_rate": 1, "momentum": 0, "weight_decay": 0, "schedule": "constant"}
    recipe = replace(get_recipe("tuned-unet"), optimizer=optimizer, **whole)
    assert float(build_optimizer(recipe, steps_per_epoch=1).learning_rate) == 1.0


def test_only_a_state_of_the_same_network_is_restored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run of somebody else's names the hash of whatever its file is."""
    before, after, other = (
        build_optimizer(replace(get_recipe("tuned-unet"), optimizer="adamw"), steps_per_epoch=10)
        for _ in range(3)
    )
    weight = keras.Variable([100.0, -3.0])
    for optimizer in (before, after):
        optimizer.build([weight])
    other.build([keras.Variable(np.zeros((300, 300)))])
    before.apply([keras.ops.ones(2)])
    monkeypatch.setattr(checkpoint, "verified_file", lambda run, name: tmp_path / name)
    monkeypatch.setattr(checkpoint, "load_weights", lambda *_: None)
    path, run = tmp_path / checkpoint.OPTIMIZER, SimpleNamespace(name="theirs")

    path.write_bytes(checkpoint.optimizer_bytes(before))
    checkpoint.restore(run, None, after)
    for stored, restored in zip(before.variables, after.variables, strict=True):
        np.testing.assert_array_equal(stored, restored)
    for state in (checkpoint.optimizer_bytes(other), b"no archive"):
        path.write_bytes(state)
        with pytest.raises(RunError, match=r"theirs: optimizer.npz .+; train a new run instead"):
            checkpoint.restore(run, None, after)
