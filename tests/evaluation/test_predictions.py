"""Predictions of a whole split, and what is found by them."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from segcore.data.preparation import native_samples
from segcore.errors import UnreadableError
from segcore.evaluation import predictions
from segcore.evaluation.disagreement import agreements, suspect_pixels
from segcore.evaluation.predictions import StoredPredictions, predict_split, stored_predictions
from segcore.labels import CITYSCAPES, IDS, ClassMap
from segcore.runs import Run
from tests.factories.made_data import id_mask, write_picture
from tests.factories.made_runs import make_run, stub_predictions

SAME = ClassMap.same(CITYSCAPES)
ROAD, SKY = IDS["road"], IDS["sky"]


@pytest.fixture
def spec(camvid: Path) -> str:
    """Three val images: one all road, one half sky, and one whose truth has a false car."""
    masks = [np.full((24, 32), 3, np.uint8) for _ in range(3)]  # CamVid's 3 is road
    masks[1][:12] = 0  # its 0 is sky
    masks[2][4:20, 6:26] = 8  # its 8 is car
    for mask, path in zip(masks, sorted((camvid / "valannot").iterdir()), strict=True):
        write_picture(path, mask)
    return f"camvid:{camvid}"


def predicted(
    run: Run, spec: str, label: int, confidence: float, monkeypatch: pytest.MonkeyPatch
) -> StoredPredictions:
    stub_predictions(monkeypatch, label, confidence)
    return predict_split(run, spec, "val")


def test_a_split_is_predicted_once(
    camvid: Path, spec: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run("unet", camvid)
    assert stored_predictions(run, spec, "val") is None
    stored = predicted(run, spec, ROAD, 0.75, monkeypatch)
    assert stored.keys == native_samples(spec, "val").keys
    assert stored.labels(stored.keys[0]).shape == (24, 32)
    assert (stored.labels(stored.keys[1]) == ROAD).all()
    assert stored.confidence(stored.keys[1]) == pytest.approx(0.75, abs=1 / 62)
    monkeypatch.setattr(predictions, "labeller_of", None)
    assert predict_split(run, spec, "val").keys == stored.keys


def test_damaged_predictions_are_made_anew_or_said_in_a_sentence(
    camvid: Path, spec: str, artifacts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run("unet", camvid)
    stored = predicted(run, spec, ROAD, 0.75, monkeypatch)
    (path,) = artifacts.glob("predictions/*/*.zip")
    whole = path.read_bytes()
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr(f"{stored.keys[0]}.labels.png", b"no image")
    with pytest.raises(UnreadableError, match="is damaged .* delete it, and predict again"):
        stored.labels(stored.keys[0])
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("keys.json", b"[1]")
    assert stored_predictions(run, spec, "val") is None
    path.write_bytes(whole[: len(whole) // 2])
    assert predict_split(run, spec, "val").keys == stored.keys


def test_predictions_of_other_data_are_not_taken(
    camvid: Path, spec: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run("unet", camvid)
    predicted(run, spec, ROAD, 0.9, monkeypatch)
    write_picture(camvid / "valannot" / "film0_000.png", id_mask(9, 24, 32, [3, 4]))
    assert stored_predictions(run, spec, "val") is None


def test_an_interrupted_prediction_leaves_nothing(
    camvid: Path, spec: str, artifacts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run("unet", camvid)
    stub_predictions(monkeypatch, ROAD)

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        predict_split(run, spec, "val", stop)
    assert stored_predictions(run, spec, "val") is None
    assert list((artifacts / "predictions" / run.name).iterdir()) == []


def test_confident_agreement_against_the_truth_is_suspect(
    camvid: Path, spec: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = native_samples(spec, "val")
    a = predicted(make_run("unet", camvid), spec, ROAD, 0.97, monkeypatch)
    b = predicted(make_run("danet", camvid), spec, ROAD, 0.95, monkeypatch)
    right, sky, car = agreements(samples, a, b, SAME)
    assert (right.suspect, right.differing) == (0, 0)
    assert (sky.truth, sky.prediction) == ("sky", "road")
    assert (car.truth, car.prediction) == ("car", "road")
    found = suspect_pixels(samples[2].mask, samples.keys[2], a, b, CITYSCAPES)
    assert found[12, 16] and not found[4, 6]  # the outline is left out
    assert not found[samples[2].mask == ROAD].any()


@pytest.mark.parametrize(("label", "confidence"), [(SKY, 0.97), (ROAD, 0.6)])
def test_one_unsure_or_other_voice_is_no_suspicion(
    camvid: Path, spec: str, monkeypatch: pytest.MonkeyPatch, label: int, confidence: float
) -> None:
    a = predicted(make_run("unet", camvid), spec, ROAD, 0.97, monkeypatch)
    b = predicted(make_run("danet", camvid), spec, label, confidence, monkeypatch)
    found = list(agreements(native_samples(spec, "val"), a, b, SAME))
    assert [picture.suspect for picture in found] == [0, 0, 0]
    assert [picture.differing for picture in found] == [float(label != ROAD)] * 3
