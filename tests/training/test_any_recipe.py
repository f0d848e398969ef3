"""Whatever the checks let through trains, is validated, saved, loaded, converted and served.

Recipes are drawn at random over all fields, each by its number. The usual run has a few U-Nets,
which take seconds. `RANDOM_RECIPES=200` takes as many, of all networks, ten in a process each:
TensorFlow keeps some 100 MB of each network that it has met. `RANDOM_RECIPES=10 FIRST_RECIPE=30`
takes those from 30 to 39.
"""

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable
from random import Random
from typing import Any

import keras
import numpy as np
import pytest

from segcore.errors import RecipeError
from segcore.prediction.conversion import convert
from segcore.prediction.engines import openvino_store
from segcore.prediction.engines.openvino_engine import OpenVINOEngine
from segcore.prediction.inference import Predictor
from segcore.prediction.loading import load_predictor
from segcore.recipes import Recipe
from segcore.recipes.checks import recipe_of
from segcore.recipes.fields import Field, fields_of
from segcore.training.session import train
from tests.factories.made_data import id_mask, noise, write_picture

COUNT = int(os.environ.get("RANDOM_RECIPES", "3"))
FIRST = int(os.environ.get("FIRST_RECIPE", "0"))
MODELS = ("unet", "unet", "unet", "danet")  # which takes six times as long
PIECE = 10

SMALL: dict[str, Callable[[Random], Any]] = {
    "epochs": lambda draw: 1,
    "batch_size": lambda draw: draw.randint(1, 3),
    "steps_per_epoch": lambda draw: 1,
    "learning_rate": lambda draw: 10 ** draw.uniform(-6, -2),  # more may end in a loss that is none
    "size": lambda draw: draw.choices((32, 64, 96), k=2),
    "crop": lambda draw: draw.choices((32, 64, 128), k=2),
    "input_scale": lambda draw: draw.uniform(0.1, 0.3),
    "backbone_weights": lambda draw: draw.choice(("none", "packaged")),  # others are downloaded
    "model_options.width": lambda draw: draw.randint(4, 8),
    "model_options.stem_width": lambda draw: draw.randint(4, 8),
    "model_options.attention_channels": lambda draw: draw.randint(16, 32),
}
"""What would take long or a connection; all else is drawn from its whole range."""


def value_of(field: Field, draw: Random) -> Any:
    """Any that the field's range allows, its ends more often, and None where that is one too."""
    if field.optional and draw.random() < 0.4:
        return None
    if field.path in SMALL:
        return SMALL[field.path](draw)
    ends = (field.low, field.high)
    match field.kind:
        case "switch":
            return draw.random() < 0.5
        case "choice":
            return draw.choice(field.choices)
        case "whole":
            return int(draw.choice((*ends, draw.randint(int(field.low), int(field.high)))))
        case "range":
            return sorted(draw.choice((*ends, draw.uniform(*ends))) for _ in range(2))
        case _:
            whole = int(field.high)  # a whole number is one too
            return draw.choice((*ends, max(whole, field.low), *(draw.uniform(*ends),) * 3))


def recipe_number(number: int) -> Recipe:
    """The first that the checks let through of those that are drawn for the number."""
    for again in itertools.count():
        draw = Random(f"{number}.{again}")
        model = draw.choice(MODELS) if "RANDOM_RECIPES" in os.environ else MODELS[0]
        values: dict[str, Any] = {"name": "drawn", "model": model, "summary": ""}
        for field in fields_of(model):
            outer, _, inner = field.path.rpartition(".")
            held = values.setdefault(outer, {}) if outer else values
            held[inner] = value_of(field, draw)
        try:
            return recipe_of(json.loads(json.dumps(values)))
        except RecipeError:
            continue
    raise AssertionError


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


@pytest.mark.parametrize("number", range(FIRST, FIRST + COUNT) if COUNT <= PIECE else ())
def test_what_the_checks_let_through_works(spec: str, number: int) -> None:
    run = train(recipe_number(number), spec)
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


@pytest.mark.parametrize("first", range(FIRST, FIRST + COUNT, PIECE) if COUNT > PIECE else ())
def test_many_recipes_work(first: int) -> None:
    count = min(PIECE, FIRST + COUNT - first)
    piece = {"RANDOM_RECIPES": str(count), "FIRST_RECIPE": str(first)}
    test = f"{__file__}::{test_what_the_checks_let_through_works.__name__}"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test]
    done = subprocess.run(command, env=os.environ | piece, capture_output=True, text=True)
    assert done.returncode == 0, f"{piece}: {done.stdout[-5000:]}"
