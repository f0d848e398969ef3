"""Evaluation: the report against numbers computed on the spot, and when a stored one is taken."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segcore.data.preparation import native_samples
from segcore.data.preparation.digests import split_digest
from segcore.data.sources.camvid import CAMVID_MERGES
from segcore.errors import DataError, RunError
from segcore.evaluation import evaluate, labelling, stored_evaluation
from segcore.labels import CITYSCAPES, metrics
from segcore.labels.merges import merged
from segcore.prediction.loading import load_predictor
from segcore.runs import Run, list_runs
from segcore.runs.results import result_files
from tests.factories.fake_runs import make_run

pytestmark = pytest.mark.usefixtures("networks_made_once")

IMAGES = 4
CLASSES = 7  # sky, building, pole, road, pavement, tree, sign: the rest is not in the truth


@pytest.fixture
def folder(tmp_path) -> Path:
    """A CamVid layout of noise, blocks of classes and some void, from two films."""
    rng = np.random.default_rng(0)
    root = tmp_path / "camvid"
    for split in ("train", "val"):
        (root / split).mkdir(parents=True)
        (root / f"{split}annot").mkdir()
        for index in range(IMAGES):
            name = f"film{index % 2}_{index:06}.png"
            image = rng.integers(0, 256, (24, 32, 3), dtype=np.uint8)
            classes = np.append(np.arange(CLASSES), 11)
            mask = np.kron(rng.choice(classes, (3, 4)), np.ones((8, 8), np.int64)).astype(np.uint8)
            Image.fromarray(image).save(root / split / name)
            Image.fromarray(mask).save(root / f"{split}annot" / name)
    return root


@pytest.fixture
def spec(folder) -> str:
    return f"camvid:{folder}"


@pytest.fixture(scope="module")
def shared(tmp_path_factory) -> Path:
    """Artifacts with one run that no test changes."""
    path = tmp_path_factory.mktemp("shared")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEGCORE_ARTIFACTS", str(path))
        make_run()
    return path


@pytest.fixture
def run(shared, artifacts) -> Run:
    """A fresh copy of the run."""
    shutil.copytree(shared, artifacts)
    return list_runs()[0]


@pytest.fixture
def predictions(monkeypatch) -> list[str]:
    """Runs whose network was loaded, so that a test sees whether a stored result was taken."""
    loaded: list[str] = []

    def counting(run: Run):
        loaded.append(run.name)
        return load_predictor(run)

    monkeypatch.setattr(labelling, "load_predictor", counting)
    return loaded


def stored_file(run: Run) -> Path:
    (path,) = result_files(run, "evaluation", "val")
    return path


def report_of(run: Run) -> dict:
    return json.loads(stored_file(run).with_suffix(".json").read_bytes())


def test_report_equals_scores_of_the_concatenated_images(run, spec):
    report = evaluate(run, spec, "val").report()

    predictor = load_predictor(run)
    samples = native_samples(spec, "val")
    samples = [samples[i] for i in range(len(samples))]
    results = [predictor.predict(sample.image) for sample in samples]
    truth = np.stack([sample.mask for sample in samples])
    labels = merged(np.stack([result.labels for result in results]), CAMVID_MERGES)
    confidence = np.stack([result.confidence for result in results])
    matrix = metrics.confusion_matrix(truth, labels, CITYSCAPES)
    boundary = sum(
        metrics.boundary_counts(t, p, 1, CITYSCAPES) for t, p in zip(truth, labels, strict=True)
    )
    tasm = [
        metrics.tasm_iou_score(*arrays, CITYSCAPES)
        for arrays in zip(truth, labels, confidence, strict=True)
    ]

    assert report["mean_iou"] == pytest.approx(metrics.mean_iou(matrix), abs=1e-12)
    assert report["pixel_accuracy"] == pytest.approx(metrics.pixel_accuracy(matrix), abs=1e-12)
    assert report["mean_accuracy"] == pytest.approx(metrics.mean_accuracy(matrix), abs=1e-12)
    assert report["frequency_weighted_iou"] == pytest.approx(
        metrics.frequency_weighted_iou(matrix), abs=1e-12
    )
    boundary_iou = boundary[0] / np.maximum(boundary[1], 1)
    assert report["mean_boundary_iou"] == pytest.approx(
        boundary_iou[matrix.sum(1) > 0].mean(), abs=1e-12
    )
    bins = metrics.CalibrationBins.of(truth, labels, confidence, CITYSCAPES)
    assert report["ece"] == pytest.approx(metrics.ece(bins), abs=1e-9)
    assert report["tasm_iou_score"] == pytest.approx(np.mean(tasm), abs=1e-12)
    assert report["images"] == IMAGES
    assert report["sequences"] == 2
    assert report["resolution"] == "32x24"
    assert report["boundary_width_px"] == 1
    assert report["policy"] == "camvid-11"
    assert (report["run"], report["data"], report["split"]) == (run.name, spec, "val")


def test_errors_and_confidence_are_counted_in_the_same_pass(run, spec):
    evaluation = evaluate(run, spec, "val")
    assert evaluation.is_complete
    matrix = evaluation.matrix
    near, inside = evaluation.anatomy.bands.sum(axis=0)
    assert np.array_equal(near[0] + inside[0], matrix.sum(axis=1))
    assert np.array_equal(near[1] + inside[1], matrix.sum(axis=1) - np.diagonal(matrix))
    regions = evaluation.anatomy.regions.sum(axis=(0, 3))
    assert np.array_equal(regions[2], matrix.sum(axis=1))
    assert np.array_equal(regions[3], np.diagonal(matrix))
    assert evaluation.trust.coverage.sum(axis=1).tolist() == [matrix.sum(), np.trace(matrix)]
    # 32x24 is small enough for temperatures to be tried on every pixel
    assert evaluation.trust.scaling.before.pixels.sum() == matrix.sum()
    assert metrics.ece(evaluation.trust.scaling.before) == pytest.approx(
        metrics.ece(evaluation.calibration), abs=1e-4
    )


def test_a_result_of_before_they_were_counted_is_still_read(run, spec, predictions):
    before = evaluate(run, spec, "val")
    path = stored_file(run)
    with np.load(path) as arrays:
        old = {key: arrays[key] for key in arrays if not key.startswith(("anatomy", "trust"))}
    np.savez_compressed(path, allow_pickle=False, **old)
    after = evaluate(run, spec, "val")
    assert predictions == [run.name]
    assert not after.is_complete
    assert after.report()["trust"] is after.report()["error_anatomy"] is None
    assert after.report()["mean_iou"] == before.report()["mean_iou"]


def test_report_has_all_evaluated_classes_and_null_for_the_absent(run, spec):
    report = evaluate(run, spec, "val").report()
    assert list(report["per_class"]) == [CITYSCAPES.names[c] for c in CITYSCAPES.evaluated_ids]
    present = {name for name, row in report["per_class"].items() if row["pixels"]}
    assert len(present) == CLASSES
    for name, row in report["per_class"].items():
        scores = [row["iou"], row["boundary_iou"], row["accuracy"]]
        assert (None in scores) == (name not in present)
    known = [row["iou"] for row in report["per_class"].values() if row["iou"] is not None]
    assert np.mean(known) == pytest.approx(report["mean_iou"], abs=1e-12)
    json.dumps(report, allow_nan=False)


def test_result_is_stored_and_taken_from_there(run, spec, predictions):
    seen: list[tuple[int, int]] = []
    first = evaluate(run, spec, "val", progress=lambda *done: seen.append(done))
    assert seen == [(i + 1, IMAGES) for i in range(IMAGES)]
    again = evaluate(run, spec, "val")
    assert predictions == [run.name]
    assert again.report() == first.report() == report_of(run)
    assert np.array_equal(again.matrices, first.matrices)
    assert again.matrices.dtype == np.int64
    assert (again.keys, again.sequences) == (first.keys, first.sequences)
    assert stored_evaluation(run, split_digest(spec, "val"), "val").report() == first.report()
    assert stored_evaluation(run, split_digest(spec, "train"), "train") is None

    path = stored_file(run)
    whole = path.read_bytes()
    for damaged in (b"", whole[:200] + bytes(100) + whole[300:], whole[:-100]):
        path.write_bytes(damaged)
        assert stored_evaluation(run, split_digest(spec, "val"), "val") is None
    assert evaluate(run, spec, "val").report() == first.report()


def test_test_time_augmentation_is_kept_apart(run, spec):
    plain = evaluate(run, spec, "val")
    augmented = evaluate(run, spec, "val", augmented=True)
    assert augmented.report()["test_time_augmentation"] is True
    assert plain.report()["test_time_augmentation"] is False
    assert not np.array_equal(plain.matrices, augmented.matrices)
    stored = stored_evaluation(run, split_digest(spec, "val"), "val")
    assert np.array_equal(stored.matrices, plain.matrices)


def test_data_copied_elsewhere_is_the_same_data(run, spec, folder, predictions, tmp_path):
    evaluate(run, spec, "val")
    for path in folder.rglob("*.png"):
        os.utime(path, (1, 1))
    moved = tmp_path / "moved"
    folder.rename(moved)
    report = evaluate(run, f"camvid:{moved}", "val").report()
    assert predictions == [run.name]
    assert report["data"] == f"camvid:{moved}"


def change_a_mask(run: Run, folder: Path) -> Run:
    path = min((folder / "valannot").iterdir())
    mask = np.array(Image.open(path))
    Image.fromarray((mask + 1) % CLASSES).save(path)
    return run


def other_weights(run: Run, folder: Path) -> Run:
    other = make_run("unet-camvid-other", seed=1)
    for path in run.path.glob("evaluation-*"):
        (other.path / path.name).write_bytes(path.read_bytes())
    return other


def cut_the_counts_short(run: Run, folder: Path) -> Run:
    path = stored_file(run)
    path.write_bytes(path.read_bytes()[:500])
    return run


def remove_the_report(run: Run, folder: Path) -> Run:
    stored_file(run).with_suffix(".json").unlink()
    return run


@pytest.mark.parametrize(
    "change", [change_a_mask, other_weights, cut_the_counts_short, remove_the_report]
)
def test_stored_result_of_something_else_is_not_taken(run, spec, folder, predictions, change):
    before = evaluate(run, spec, "val").report()
    changed = change(run, folder)
    after = evaluate(changed, spec, "val").report()
    assert predictions == [run.name, changed.name]
    stored = stored_evaluation(changed, after["data_sha256"], "val")
    assert stored.report() == after
    same_numbers = change in (cut_the_counts_short, remove_the_report)
    assert (after["mean_iou"] == before["mean_iou"]) == same_numbers


def test_new_definitions_are_computed_anew(run, spec, predictions, monkeypatch):
    evaluate(run, spec, "val")
    monkeypatch.setattr(metrics, "METRIC_VERSION", metrics.METRIC_VERSION + 1)
    evaluate(run, spec, "val")
    evaluate(run, spec, "val", force=True)
    assert len(predictions) == 3


def test_damaged_weights_are_an_error_even_with_a_stored_result(run, spec):
    evaluate(run, spec, "val")
    (run.path / "best.weights.h5").write_bytes(b"short")
    with pytest.raises(RunError):
        evaluate(run, spec, "val")


def test_split_without_masks_has_no_scores(run, cityscapes):
    with pytest.raises(DataError, match="no masks"):
        evaluate(run, f"cityscapes:{cityscapes}", "test")


def test_the_scores_of_one_film_are_those_of_its_images_alone(camvid: Path) -> None:
    run = make_run()
    whole = evaluate(run, f"camvid:{camvid}", "train")
    film = whole.of_sequences(["film1"])
    assert film.keys == [key for key in whole.keys if key.startswith("film1")]
    rows = [place for place, key in enumerate(whole.keys) if key.startswith("film1")]
    assert film.report()["mean_iou"] == metrics.mean_iou(whole.matrices[rows].sum(axis=0))
    assert film.report()["ece"] is None  # it is counted over the split as a whole
    with pytest.raises(DataError, match="from film7: choose from film0, film1"):
        whole.of_sequences(["film7"])
