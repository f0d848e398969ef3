"""A model is one `ModelSpec`: with a line in `SPECS` everything else knows it."""

from __future__ import annotations

import inspect
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from segcore import runs
from segcore.cli import main
from segcore.errors import RecipeError
from segcore.evaluation import cost
from segcore.jobs.estimates import estimate
from segcore.models import SPECS, ModelSpec, family_of, model_families
from segcore.models.drawing_stages import ENCODER, Stage
from segcore.models.options import Option
from segcore.prediction.loading import load_predictor
from segcore.presentation.names import model_name
from segcore.recipes import Recipe
from segcore.recipes.checks import checked, edited
from tests.factories.made_data import noise

if TYPE_CHECKING:
    import keras


def tiny(input_size: tuple[int, int] | None, num_classes: int, *, channels: int = 4) -> keras.Model:
    """One convolution, and another that classifies."""
    from keras import Input, Model, layers

    image = Input((*(input_size or (None, None)), 3), name="image")
    x = layers.Rescaling(1 / 255)(image)
    x = layers.Conv2D(channels, 3, padding="same", activation="relu", name="features")(x)
    x = layers.Conv2D(num_classes, 1, name="classifier")(x)
    logits = layers.Activation("linear", dtype="float32", name="logits")(x)
    return Model(image, {"logits": logits}, name="tiny")


TINY = ModelSpec(
    "tiny",
    "Tiny network",
    tiny,
    options=(Option("channels", "Channels", "Of its features.", "whole", 1, 8, default=4),),
    usual_parameters=1000,
    stages=lambda options: [Stage("features", "features", ENCODER, options["channels"], 1)],
)
RECIPE = Recipe(
    name="first-tiny",
    model="tiny",
    summary="for a test",
    model_options={"channels": 5},
    size=(32, 32),
    epochs=1,
    batch_size=2,
    steps_per_epoch=1,
)


@pytest.fixture
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SPECS, TINY.name, TINY)


@pytest.mark.usefixtures("_registered")
def test_a_new_model_is_trained_scored_measured_and_named(
    camvid: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    spec = f"camvid:{camvid}"
    assert checked(RECIPE) == RECIPE
    assert edited(RECIPE, {"model_options.channels": 6}).model_options == {"channels": 6}
    for values, message in (
        ({"model_options.channels": 9}, "Channels 9: must be 1 to 8"),
        ({"model_options.width": 8}, "a tiny has no model_options.width"),
        ({"backbone_weights": "packaged"}, "a tiny has no backbone_weights"),
        ({"aux_weight": 0.5}, "a tiny has no aux_weight"),
    ):
        with pytest.raises(RecipeError, match=message):
            edited(RECIPE, values)
    expected = estimate(RECIPE, spec)
    assert expected.memory > TINY.memory.base and expected.disk > 0

    recipe = tmp_path / "first.json"
    recipe.write_text(json.dumps(RECIPE.to_dict()))
    assert main(["train", "--recipe", str(recipe), "--data", spec]) == 0
    (run,) = runs.list_runs()
    assert (run.model, run.status, model_name(run)) == ("tiny", "finished", "Tiny network")
    assert run.parameters == 5 * (27 + 1) + 34 * (5 + 1)
    assert estimate(replace(RECIPE, epochs=2), spec).timed == run

    prediction = load_predictor(run).predict(noise(0, 40, 60))
    assert prediction.labels.shape == (40, 60)
    np.testing.assert_array_equal(  # the same again from the file of weights
        load_predictor(run).predict(noise(0, 40, 60)).labels, prediction.labels
    )

    runs.promote(run)
    (data,) = {runs.identity_of(run)}
    assert runs.champions(data) == {"tiny": run}
    assert model_families() == ("unet", "danet", "tiny")
    capsys.readouterr()
    assert main(["runs", "list"]) == 0
    assert run.name in capsys.readouterr().out

    monkeypatch.setattr(cost, "BATCHES", (1,))
    monkeypatch.setattr(cost, "SCALES", (1.0,))
    monkeypatch.setattr(cost, "REPEATS", 2)
    measured = cost.measure_cost(run)
    by_hand = 32 * 32 * (5 * 27 + 5 * 34)
    assert measured.flops == 2 * by_hand


@pytest.mark.parametrize("name", SPECS)
def test_a_specs_options_are_its_builders(name: str) -> None:
    spec = SPECS[name]
    parameters = dict(inspect.signature(spec.build).parameters)
    del parameters["input_size"], parameters["num_classes"]
    assert bool(spec.backbones) is (parameters.pop("backbone_weights", None) is not None)
    assert {option.name for option in spec.options} == parameters.keys()
    for option in spec.options:
        assert option.default in (None, parameters[option.name].default)
        assert option.optional or option.default is not None


def test_a_variant_belongs_to_another_models_family() -> None:
    assert family_of("danet-tasm") == "danet" and family_of("unet") == "unet"
    assert family_of("no longer known") == "no longer known"
