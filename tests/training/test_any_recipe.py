"""Whatever the checks let through trains, is validated, saved, loaded, converted and served.

Recipes are drawn at random over all fields. The usual run has a few U-Nets, which take seconds;
`RANDOM_RECIPES=200` draws as many, of all networks, ten in a process each: TensorFlow keeps some
100 MB of each network that it has met. `RANDOM_RECIPES=10 RECIPES_SEED=3` repeats one of those.
"""

import json
import math
import os
import subprocess
import sys
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, assume, given, seed, settings
from hypothesis import strategies as st

from segcore.errors import RecipeError
from segcore.prediction.conversion import convert
from segcore.prediction.engines import openvino_store
from segcore.prediction.engines.openvino_engine import OpenVINOEngine
from segcore.prediction.inference import Predictor
from segcore.prediction.loading import load_predictor
from segcore.recipes.checks import recipe_of
from segcore.recipes.fields import Field, fields_of
from segcore.training.session import train
from tests.factories.made_data import id_mask, noise, write_picture

EXAMPLES = int(os.environ.get("RANDOM_RECIPES", "3"))
SEED = int(os.environ.get("RECIPES_SEED", "0"))
MODELS = ("unet", "danet") if "RANDOM_RECIPES" in os.environ else ("unet",)
PIECE = 10

SMALL: dict[str, st.SearchStrategy[Any]] = {
    "epochs": st.just(1),
    "batch_size": st.integers(1, 3),
    "steps_per_epoch": st.just(1),
    "seed": st.integers(0, 9),
    "learning_rate": st.floats(1e-6, 1e-2),  # with more a loss may become none, which ends a run
    "size": st.tuples(*[st.sampled_from((32, 64, 96))] * 2),
    "crop": st.tuples(*[st.sampled_from((32, 64, 128))] * 2),
    "input_scale": st.floats(0.1, 0.3),
    "backbone_weights": st.sampled_from(("none", "packaged")),  # the others are downloaded
    "model_options.width": st.integers(4, 8),
    "model_options.stem_width": st.integers(4, 8),
    "model_options.attention_channels": st.integers(16, 32),
}
"""What would take long or a connection; all else is drawn from its whole range."""


def values_of(field: Field) -> st.SearchStrategy[Any]:
    """All that the field's range allows, and None where that is a value too."""
    match field.kind:
        case "switch":
            drawn = st.booleans()
        case "choice":
            drawn = st.sampled_from(field.choices)
        case "whole":
            drawn = st.integers(int(field.low), int(field.high))
        case "range":
            number = st.floats(field.low, field.high)
            drawn = st.tuples(number, number).map(sorted)
        case _:
            drawn = st.floats(field.low, field.high)
            if field.high >= 1:  # a whole number is one too
                drawn |= st.integers(math.ceil(field.low), int(field.high))
    drawn = SMALL.get(field.path, drawn)
    return st.none() | drawn if field.optional else drawn


@st.composite
def recipes(draw: st.DrawFn) -> dict[str, Any]:
    """The JSON of a recipe with every field of its network."""
    model = draw(st.sampled_from(MODELS))
    values: dict[str, Any] = {"name": "drawn", "model": model, "summary": ""}
    for field in fields_of(model):
        outer, _, inner = field.path.rpartition(".")
        held = values.setdefault(outer, {}) if outer else values
        held[inner] = draw(values_of(field))
    return values


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Three images to train on and two to validate on, of 40x32."""
    root = tmp_path_factory.mktemp("any") / "camvid"
    for split, frames in (("train", 3), ("val", 2)):
        for frame in range(frames):
            write_picture(root / split / f"{frame}.png", noise(frame, 32, 40))
            mask = id_mask(frame, 32, 40, list(range(12)))
            write_picture(root / f"{split}annot" / f"{frame}.png", mask)
    return f"camvid:{root}"


@pytest.mark.skipif(EXAMPLES <= PIECE, reason="few enough for one process")
@pytest.mark.parametrize("piece", range(1, 1 + -(-EXAMPLES // PIECE)))
def test_many_recipes_work(piece: int) -> None:
    count = min(PIECE, EXAMPLES - PIECE * (piece - 1))
    drawn = {"RANDOM_RECIPES": str(count), "RECIPES_SEED": str(piece)}
    test = f"{__file__}::{test_what_the_checks_let_through_works.__name__}"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test]
    done = subprocess.run(command, env=os.environ | drawn, capture_output=True, text=True)
    assert done.returncode == 0, f"{drawn}: {done.stdout[-5000:]}"


@pytest.mark.skipif(EXAMPLES > PIECE, reason="too many for one process")
@seed(SEED)
@settings(
    max_examples=EXAMPLES,
    phases=[Phase.generate],  # each takes seconds: none to make a failing one smaller
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(values=recipes())
def test_what_the_checks_let_through_works(spec: str, values: dict[str, Any]) -> None:
    try:
        recipe = recipe_of(json.loads(json.dumps(values)))
    except RecipeError:
        assume(False)
    run = train(recipe, spec)
    assert (run.status, run.best_epoch) == ("finished", 1)
    image = noise(7, 45, 70)
    expected = load_predictor(run).predict(image)
    assert expected.labels.shape == (45, 70)
    verdict = convert(run)
    assert verdict.close > 0.99, verdict.reason
    engine = OpenVINOEngine(openvino_store.folder_of(run), verdict.precision)
    found = Predictor(run, run.preprocessing, engine).predict(image)
    np.testing.assert_allclose(found.scores, expected.scores, atol=0.02)
    keras.backend.clear_session()
