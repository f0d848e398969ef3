"""Trainings with a teacher: the loss, what is recorded of it, and resuming."""

import json
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from scipy.special import rel_entr, softmax

from segcore.errors import RunError, SegcoreError
from segcore.evaluation import evaluate
from segcore.labels import CITYSCAPES
from segcore.models import build_model
from segcore.presentation.model_card import model_card
from segcore.presentation.names import model_name, teaching
from segcore.training.distillation import HEAD, distillation_loss, with_teacher
from segcore.training.session import resume, train
from tests.factories.fake_runs import make_run
from tests.training.test_training import TINY, assert_same_history, interrupted


def test_loss_is_the_divergence_from_the_teacher() -> None:
    random = np.random.default_rng(0)
    own, teachers = random.normal(0, 3, (2, 2, 3, 4, 5)).astype(np.float32)
    found = np.asarray(distillation_loss(None, np.concatenate([own, teachers], axis=-1)))
    divergence = rel_entr(softmax(teachers, -1), softmax(own, -1)).sum(-1)
    np.testing.assert_allclose(found, divergence.mean((1, 2)), rtol=1e-5)
    same = np.asarray(distillation_loss(None, np.concatenate([own, own], axis=-1)))
    np.testing.assert_allclose(same, 0, atol=1e-6)


def test_a_taught_run_names_its_teacher_and_is_served_alone(camvid: Path) -> None:
    spec = f"camvid:{camvid}"
    teacher = train(replace(TINY, epochs=1, learning_rate=3e-2), spec)
    alone, taught = train(TINY, spec), train(TINY, spec, teacher=teacher.name)
    stored = taught.manifest.teacher
    assert stored is not None
    assert (stored.run, stored.sha256) == (teacher.name, teacher.weights_hash)
    assert taught.parameters == alone.parameters
    assert abs(taught.weights_bytes - alone.weights_bytes) < 100
    assert [row["loss"] for row in taught.history()] != [row["loss"] for row in alone.history()]
    assert model_name(taught) == "Distilled U-Net" and model_name(alone) == "U-Net"
    card = model_card(taught, evaluate(taught, spec, "val"))
    assert f"predictions of `{teacher.name}`" in card and "no other weights" not in card
    further = train(replace(TINY, epochs=1), spec, start_from=taught.name)
    assert model_name(further) == "Distilled U-Net" and teacher.name in teaching(further)


def test_without_labels_a_network_comes_to_agree_with_its_teacher(camvid: Path) -> None:
    """An image's pixels teach where nobody labelled them."""
    network = build_model("unet", input_size=None, width=4, depth=2)
    spec = f"camvid:{camvid}"
    teacher = train(replace(TINY, epochs=1, learning_rate=3e-2), spec)
    model = with_teacher(network, teacher, CITYSCAPES)
    images = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3)).astype(np.uint8)
    before = float(np.mean(distillation_loss(None, model(images)[HEAD])))
    weights = model.layers[-2].get_weights()
    model.compile(keras.optimizers.Adam(1e-2), {HEAD: distillation_loss})
    nothing = {HEAD: np.full((4, 16, 16), 255, np.uint8)}
    model.fit(images, nothing, epochs=80, verbose=0)
    assert float(np.mean(distillation_loss(None, model(images)[HEAD]))) < before / 2
    kept = model.layers[-2].get_weights()
    assert all(np.array_equal(old, new) for old, new in zip(weights, kept, strict=True))


def test_a_training_with_a_teacher_resumes(camvid: Path) -> None:
    spec = f"camvid:{camvid}"
    teacher = train(replace(TINY, epochs=1), spec)
    whole = train(TINY, spec, teacher=teacher.name)
    name = interrupted(2, TINY, spec, teacher=teacher.name)
    away = teacher.path.rename(teacher.path.with_name("away"))
    with pytest.raises(RunError, match="its teacher: .* train a new one"):
        resume(name)
    away.rename(teacher.path)
    assert_same_history(resume(name), whole)


def test_who_cannot_teach_is_refused_in_a_line(camvid: Path) -> None:
    spec = f"camvid:{camvid}"
    other = train(replace(TINY, epochs=1), spec, merge=["road; rest=other"])
    with pytest.raises(RunError, match="other classes .* choose a teacher of the same classes"):
        train(TINY, spec, teacher=other.name)
    fixed = make_run()
    (fixed.path / "run.json").write_text(json.dumps({**fixed.record, "model": "danet-tasm"}))
    with pytest.raises(SegcoreError, match="images of one size"):
        train(TINY, spec, teacher=fixed.name)
