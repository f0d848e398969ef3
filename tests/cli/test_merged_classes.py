"""Eleven classes merged to seven by the command line: trained, scored, labelled, gone on with."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segcore import runs
from segcore.cli import main
from segcore.data.sources import open_source
from segcore.labels import CITYSCAPES, metrics
from segcore.labels.merge_syntax import merging
from segcore.labels.merges import merged
from segcore.prediction.loading import load_predictor
from segcore.training.session import train
from tests.cli.test_own_classes import run_command
from tests.factories.fake_runs import make_run
from tests.factories.made_data import write_picture
from tests.training.test_training import TINY

pytestmark = pytest.mark.usefixtures("networks_made_once")

SEVEN = (
    "road; sidewalk; sky; vegetation; building,wall,fence=building; car,truck=vehicle; rest=other"
)
NAMES = ["road", "building", "sidewalk", "vegetation", "sky", "vehicle", "other"]
RECIPE = replace(TINY, epochs=1, size=(32, 32), crop=None)


def stop(run: runs.Run) -> None:
    raise KeyboardInterrupt


def test_from_training_to_scores(
    camvid: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = f"camvid:{camvid}"
    with pytest.raises(KeyboardInterrupt):
        train(RECIPE, spec, merge=[SEVEN], ignore=["bicycle"], on_start=stop)
    run_command(capsys, "train", "--resume", runs.list_runs()[0].name)  # with its classes
    run = runs.list_runs()[0]
    assert sorted(run.label_space.names) == sorted(NAMES)
    assert run.class_map.origin == CITYSCAPES and run.manifest.merged_from is not None
    assert list(run.class_iou()[0]) == ["epoch", *run.label_space.names]

    scored = ["--run", run.name, "--data", spec]
    report = json.loads(run_command(capsys, "evaluate", *scored, "--json"))
    assert report["policy"] == "cityscapes-merged-7"
    assert set(report["per_class"]) == set(NAMES)
    source, predictor = open_source(spec), load_predictor(run)
    counted = np.zeros((7, 7), np.int64)
    for item in source.items("val"):
        sample = source.read(item)
        assert sample.mask is not None
        found = predictor.predict(sample.image).labels
        ids = {0: 255} | {id_: run.class_map.ids[id_] for id_ in range(34)}
        truth = np.vectorize(ids.get)(sample.mask).astype(np.uint8)
        counted += metrics.confusion_matrix(truth, found, run.label_space)
    assert report["mean_iou"] == metrics.mean_iou(counted)
    assert run.best_mean_iou == pytest.approx(report["mean_iou"])

    photo = write_picture(tmp_path / "street.png", np.zeros((30, 40, 3), np.uint8))
    run_command(capsys, "predict", "--run", run.name, "--out", str(tmp_path), str(photo))
    assert np.asarray(Image.open(tmp_path / "street_labelIds.png")).max() < 7


def test_a_finer_run_is_compared_by_the_classes_of_the_coarser(
    camvid: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec, map_ = f"camvid:{camvid}", merging(CITYSCAPES, [SEVEN])
    fine = make_run()
    coarse = make_run("unet-camvid-20250101-000000-cccc", merged=map_)
    other = merging(CITYSCAPES, ["road,car=x"])
    odd = make_run("unet-camvid-20250101-000000-dddd", merged=other)
    data = ["--data", spec, "--split", "val"]
    pair = ["--a", fine.name, "--b", coarse.name, *data]
    compared = json.loads(run_command(capsys, "compare", *pair, "--json"))
    assert set(compared["per_class"]) == set(NAMES)
    assert compared["policy"] == "cityscapes-merged-7"
    source, predictor = open_source(spec), load_predictor(fine)
    table = np.array([*map_.ids, *[255] * 222])
    counted = np.zeros((8, 8), np.int64)
    for item in source.items("val"):
        sample = source.read(item)
        labels = merged(predictor.predict(sample.image).labels, source.merges)
        assert sample.mask is not None
        found = np.where(table[labels] == 255, 7, table[labels])
        np.add.at(counted, (np.minimum(table[sample.mask], 7), found), 1)
    counted[7] = 0
    iou = np.diag(counted) / np.maximum(counted.sum(0) + counted.sum(1) - np.diag(counted), 1)
    assert compared["mean_iou_a"] == pytest.approx(iou[counted.sum(1) > 0].mean())
    alone = json.loads(run_command(capsys, "evaluate", "--run", coarse.name, *data, "--json"))
    assert compared["mean_iou_b"] == alone["mean_iou"]
    page = tmp_path / "report.html"
    run_command(capsys, "report", *pair, "--out", str(page))
    assert "vehicle" in page.read_text()

    assert main(["compare", "--a", coarse.name, "--b", odd.name, *data]) == 2
    assert "tell other classes apart" in capsys.readouterr().err


def test_an_unknown_class_is_told_before_anything_is_prepared(
    camvid: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["train", "--recipe", "quick-unet", "--data", f"camvid:{camvid}"]
    assert main([*asked, "--merge", "cra,truck=vehicle"]) == 2
    error = capsys.readouterr().err.strip()
    assert "no class 'cra'; the nearest are car" in error and "\n" not in error
    assert runs.list_runs() == []
