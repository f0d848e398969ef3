import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from segcore import runs
from segcore.data.counts import logit_offsets
from segcore.data.preparation import prepare
from segcore.data.preparation.digests import split_digest
from segcore.errors import RecipeError, RunError, SegcoreError, StorageError, TrainingError
from segcore.evaluation import evaluate
from segcore.labels import CITYSCAPES, Label, LabelSpace, metrics
from segcore.models import build_model
from segcore.recipes import RECIPES, Augmentation, Recipe, from_dict
from segcore.runs import Run
from segcore.runs.lineage import earlier_trainings, seconds_in_all, training_seconds
from segcore.runs.weights import load_weights
from segcore.training.progress import TrainingProgress
from segcore.training.session import Session, resume, train
from segcore.training.warm_start import TrainedOn, inherit
from tests.factories.fake_runs import TINY_UNET, make_run
from tests.factories.made_data import write_camvid

TINY = Recipe(
    name="tiny",
    model="unet",
    summary="for tests",
    model_options={"width": 4, "depth": 2},
    size=(24, 32),
    crop=(16, 16),
    augmentation=Augmentation(flip=True, brightness=0.2),
    epochs=3,
    batch_size=2,
    balance=0.25,
    optimizer="adamw",
    learning_rate=1e-2,
    weight_decay=0.01,
    schedule="cosine",
    warmup=0.1,
    ema=0.9,
)


class Interrupt:
    """Stops a training in the first step of an epoch, as Ctrl-C would."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def __call__(self, progress: TrainingProgress) -> None:
        if progress.epoch == self.epoch:
            raise KeyboardInterrupt


@pytest.fixture
def spec(camvid: Path) -> str:
    return f"camvid:{camvid}"


@dataclass(frozen=True)
class Trained:
    """A finished training of TINY: its data, its artifacts/, and what it reported."""

    spec: str
    artifacts: Path
    name: str
    progress: list[TrainingProgress]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Trained once for all tests of this file: the graph of a network takes seconds to make."""
    folder = tmp_path_factory.mktemp("trained")
    spec, artifacts = f"camvid:{write_camvid(folder / 'camvid')}", folder / "artifacts"
    seen: list[TrainingProgress] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEGCORE_ARTIFACTS", str(artifacts))
        run = train(TINY, spec, on_progress=seen.append)
    return Trained(spec, artifacts, run.name, seen)


@pytest.fixture
def whole(trained: Trained, artifacts: Path) -> Run:
    """The run of that training, in a copy of its artifacts/ that is the test's own."""
    shutil.copytree(trained.artifacts, artifacts, symlinks=True)
    return runs.get_run(trained.name)


def interrupted(epoch: int, recipe: Recipe, spec: str, **options: Any) -> str:
    """The name of a run that was stopped in its given epoch."""
    started: list[Run] = []
    with pytest.raises(KeyboardInterrupt):
        train(recipe, spec, on_progress=Interrupt(epoch), on_start=started.append, **options)
    return started[0].name


def assert_same_history(found: Run, expected: Run) -> None:
    """All but the times; rounding differs a little from one making of a graph to the next."""
    for row, wanted in zip(found.history(), expected.history(), strict=True):
        for column in set(wanted) - {"seconds", "images_per_second"}:
            assert row[column] == pytest.approx(wanted[column], abs=1e-5), column


@contextmanager
def taken_away(*paths: Path) -> Iterator[None]:
    """While the files or folders are elsewhere; they come back as they were."""
    for path in paths:
        path.rename(path.with_name(f"{path.name}.away"))
    yield
    for path in paths:
        path.with_name(f"{path.name}.away").rename(path)


def test_a_training_leaves_a_whole_run(whole: Run, trained: Trained) -> None:
    run, seen = whole, trained.progress
    assert run.status == "finished"
    assert run.name.startswith("unet-camvid-")
    digests = {split: split_digest(trained.spec, split) for split in ("train", "val")}
    assert run.manifest.data.digests == digests
    assert runs.identity_of(run) == digests["val"]
    history = run.history()
    assert [row["epoch"] for row in history] == [1, 2, 3]
    assert all(np.isfinite(list(row.values())).all() for row in history)
    assert [row["epoch"] for row in run.class_iou()] == [1, 2, 3]
    for row, classes in zip(history, run.class_iou(), strict=True):
        held = [iou for name, iou in classes.items() if name != "epoch" and np.isfinite(iou)]
        assert np.mean(held) == pytest.approx(row["val_mean_iou"], abs=1e-6)
    best = max(history, key=lambda row: row["val_mean_iou"])
    assert run.best_epoch == best["epoch"]
    assert sorted(run.snapshots()) == [1, 2, 3]
    index = run.snapshot_index()
    picture = np.asarray(Image.open(run.snapshots()[3]))
    assert picture.shape == (index.height * len(index.keys), index.width)
    assert (seen[-1].epoch, seen[-1].step) == (3, seen[-1].steps)
    assert run.progress() is None  # nothing is running any more
    for name in ("best.weights.h5", "last.weights.h5", "optimizer.npz"):
        runs.verified_file(run, name)
    for tag in ("val_mean_iou", "loss", "learning_rate"):
        assert tensorboard_curve(run.path, tag) == pytest.approx([row[tag] for row in history])


def tensorboard_curve(run: Path, tag: str) -> list[float]:
    """The curve of that name as `tensorboard --logdir artifacts/runs` reads it."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(run / "tensorboard"))
    events.Reload()
    return [event.value for event in events.Scalars(tag)]


def test_the_best_epochs_validation_is_what_evaluation_finds(whole: Run, trained: Trained) -> None:
    """The checkpoint on disk, reloaded, scores what the history says."""
    evaluation = evaluate(whole, trained.spec, "val")
    assert metrics.mean_iou(evaluation.matrix) == pytest.approx(whole.best_mean_iou, abs=1e-4)


def test_a_resumed_run_equals_an_uninterrupted_one(whole: Run, spec: str, camvid: Path) -> None:
    name = interrupted(3, TINY, spec)
    assert runs.get_run(name).status == "stopped"
    film = "film0_000.png"
    with (
        taken_away(camvid / "train" / film, camvid / "trainannot" / film),
        pytest.raises(RunError, match="has changed"),
    ):
        resume(name)
    for path in camvid.rglob("*.png"):
        os.utime(path)  # as after a copy
    resumed = resume(name)
    assert_same_history(resumed, whole)
    assert resumed.best_epoch == whole.best_epoch
    with pytest.raises(RunError, match="is finished"):
        resume(name)


COARSE_FIRST = replace(TINY, crop=(16, 16), steps_per_epoch=4, epochs=2, logit_adjustment=0.2)


def test_joined_data_sets_are_trained_on_together_and_resumed(
    spec: str, camvid: Path, cityscapes: Path
) -> None:
    joined = f"{spec}+cityscapes:{cityscapes}"
    whole = train(COARSE_FIRST, joined)
    assert (whole.dataset, whole.spec, whole.specs) == ("camvid", spec, joined)
    assert evaluate(whole, spec, "val").report()["policy"] == "camvid-11"
    name = interrupted(2, COARSE_FIRST, joined)
    with (
        taken_away(*cityscapes.rglob("aachen_000000_*.png")),
        pytest.raises(RunError, match=r"its data cityscapes:.* has changed"),
    ):
        resume(name)
    assert_same_history(resume(name), whole)


def test_a_film_that_is_left_out_is_not_trained_on_and_can_be_scored(
    spec: str, camvid: Path
) -> None:
    recipe = replace(TINY, epochs=1)
    run = train(recipe, spec, leave_out=["film1"])
    assert run.left_out == ["film1"]
    for path in camvid.rglob("film1_*.png"):  # the same training where the film never was
        if path.parent.name.startswith("train"):
            path.unlink()
    without = train(recipe, spec)
    assert without.history()[0]["loss"] == pytest.approx(run.history()[0]["loss"], abs=1e-5)
    with pytest.raises(TrainingError, match="film9: leave out one of film0"):
        train(recipe, spec, leave_out=["film9"])
    with pytest.raises(TrainingError, match="nothing is left"):
        train(recipe, spec, leave_out=["film0"])


def test_heads_that_do_not_count_are_not_trained(spec: str) -> None:
    small = {"attention_channels": 16, "backbone": "efficientnet-lite2"}
    recipe = replace(TINY, model="danet", model_options=small)
    session = Session(replace(recipe, aux_weight=0.0), [prepare(spec, size=TINY.size)], None)
    trained = {variable.path.partition("/")[0] for variable in session.model.trainable_variables}
    assert "logits_classifier" in trained
    assert not trained & {"position_classifier", "channel_classifier"}
    # They are saved all the same: a later training may count them again.
    saved = {variable.path.partition("/")[0] for variable in session.network.trainable_variables}
    assert saved >= {"position_classifier", "channel_classifier"}


def test_a_loss_that_is_no_number_ends_the_run_and_says_so(spec: str) -> None:
    exploding = replace(TINY, optimizer="sgd", learning_rate=1e30, schedule="constant", ema=None)
    started: list[runs.Run] = []
    with pytest.raises(TrainingError, match=r"the loss became .* lower the learning rate"):
        train(exploding, spec, on_start=started.append)
    run = runs.get_run(started[0].name)
    assert run.status == "failed"
    assert "lower the learning rate" in run.manifest.reason


def test_a_run_that_is_deleted_while_it_trains_ends_in_one_line(spec: str) -> None:
    def delete(run: Run) -> None:
        shutil.rmtree(run.path)

    with pytest.raises(StorageError, match="is not there any more"):
        train(TINY, spec, on_start=delete)


def test_starting_from_another_run_keeps_its_weights_and_names_it(
    whole: Run, trained: Trained
) -> None:
    parent, spec = whole, trained.spec
    still = replace(
        TINY, epochs=1, optimizer="sgd", learning_rate=0.0, schedule="constant", ema=None
    )
    child = train(still, spec, start_from=parent.name)
    stage = child.manifest.start_from
    assert (stage.run, stage.sha256) == (parent.name, parent.weights_hash)
    assert stage.start_from is None
    grandchild = train(still, spec, start_from=child.name)
    assert grandchild.manifest.start_from.start_from == stage
    assert [one.run for one in earlier_trainings(grandchild)] == [child.name, parent.name]
    family = (parent, child, grandchild)
    assert seconds_in_all(grandchild) == pytest.approx(sum(map(training_seconds, family)))
    with pytest.raises(RunError, match="does not fit"):
        train(replace(still, model_options={"width": 8}), spec, start_from=parent.name)


def test_whole_pictures_of_any_size_are_trained_on(spec: str) -> None:
    deep = {"width": 4, "depth": 4}  # which takes multiples of 16, and the images are 24 high
    run = train(replace(TINY, model_options=deep, crop=None, epochs=1), spec)
    assert run.status == "finished"


def test_a_training_stopped_in_its_first_epoch_resumes_from_the_run_it_began_with(
    whole: Run, trained: Trained
) -> None:
    parent, spec = whole, trained.spec
    child = replace(TINY, epochs=1, seed=1)
    uninterrupted = train(child, spec, start_from=parent.name)
    name = interrupted(1, child, spec, start_from=parent.name)
    with taken_away(parent.path), pytest.raises(RunError, match="began with"):
        resume(name)
    assert_same_history(resume(name), uninterrupted)


HERE = TrainedOn(["a"], [""], (32, 32))


@pytest.mark.parametrize(
    "data",
    [HERE, replace(HERE, digests=["b"]), replace(HERE, left_out=["film0"])],
    ids=["the same", "other pixels", "without a film"],
)
def test_on_other_data_a_run_begins_with_a_classifier_of_its_own(data: TrainedOn) -> None:
    """Other pixels are other data, whatever the layout and the name."""
    parent = made_on("a")
    network = build_model("unet", input_size=None, **TINY_UNET)
    fresh = network.get_layer("classifier").get_weights()
    inherit(network, parent, TINY, data, np.ones(34), CITYSCAPES)
    inherited = build_model("unet", input_size=None, **TINY_UNET)
    load_weights(inherited, parent)
    for layer in network.layers:
        expected = inherited.get_layer(layer.name).get_weights()
        if layer.name == "classifier" and data != HERE:
            expected = fresh
        for found, wanted in zip(layer.get_weights(), expected, strict=True):
            np.testing.assert_array_equal(found, wanted)


def test_a_run_of_other_classes_gives_all_but_its_classifier() -> None:
    few = LabelSpace.made("few", tuple(Label(id_, str(id_), (9, 9, 9)) for id_ in range(5)))
    parent = make_run()
    network = build_model("unet", input_size=None, num_classes=5, **TINY_UNET)
    fresh = network.get_layer("classifier").get_weights()
    inherit(network, parent, TINY, HERE, np.ones(5), few)
    theirs = build_model("unet", input_size=None, **TINY_UNET)
    load_weights(theirs, parent)
    for layer, other in zip(network.layers, theirs.layers, strict=True):
        expected = fresh if layer.name == "classifier" else other.get_weights()
        for found, wanted in zip(layer.get_weights(), expected, strict=True):
            np.testing.assert_array_equal(found, wanted)


def made_on(train: str) -> Run:
    run = make_run()
    digests = {"train": train, "val": "v"}
    return Run.of(run.path, {**run.record, "data": {**run.record["data"], "digests": digests}})


@pytest.mark.parametrize(
    ("fingerprint", "size", "is_same"),
    [("f", (8, 8), True), ("g", (8, 8), False), ("f", (9, 9), False)],
)
def test_runs_of_before_were_trained_on_what_their_arrays_say(
    fingerprint: str, size: tuple[int, int], is_same: bool
) -> None:
    run = make_run()
    data = {"spec": "camvid:/none", "dataset": "camvid", "fingerprint": "f", "size": [8, 8]}
    before = Run.of(run.path, {**run.record, "data": data})
    assert TrainedOn(["a"], [fingerprint], size).is_of(before) is is_same


def test_another_logit_adjustment_begins_with_the_same_loss() -> None:
    parent = made_on("a")
    network = build_model("unet", input_size=None, **TINY_UNET)
    load_weights(network, parent)
    images = np.random.default_rng(0).uniform(0, 255, (1, 32, 32, 3)).astype(np.float32)
    before = np.array(network(images)["logits"])
    pixels = np.arange(34) * 100
    adjusted = replace(TINY, logit_adjustment=0.4)
    inherit(network, parent, adjusted, HERE, pixels, CITYSCAPES)
    after = np.array(network(images)["logits"]) + logit_offsets(pixels, 0.4, CITYSCAPES)
    np.testing.assert_allclose(after, before, atol=1e-4)


def test_an_unknown_recipe_names_those_there_are(spec: str) -> None:
    with pytest.raises(RecipeError, match="tuned-unet"):
        train("tuned-vnet", spec)


def test_data_without_a_split_to_validate_on_is_refused(spec: str, camvid: Path) -> None:
    shutil.rmtree(camvid / "val")
    with pytest.raises(SegcoreError):
        train(TINY, spec)


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=lambda recipe: recipe.name)
def test_recipes_survive_run_json(recipe: Recipe) -> None:
    assert from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe
