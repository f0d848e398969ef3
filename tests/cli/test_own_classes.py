"""Five classes of somebody's own by the command line, without a word of Cityscapes."""

import csv
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segcore import runs
from segcore.cli import main
from segcore.labels import CITYSCAPES
from segcore.recipes import get_recipe
from segcore.runs.writer import RunWriter, class_iou_csv
from tests.factories.fake_runs import TINY_UNET, make_run
from tests.factories.made_data import write_picture
from tests.factories.own_classes import CLASSES, foreign_words, space_of, write_plants
from tests.training.test_training import TINY

pytestmark = pytest.mark.usefixtures("networks_made_once")


@pytest.fixture
def plants(tmp_path: Path) -> str:
    return write_plants(tmp_path / "plants")


def run_command(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What the command prints; it must do its work."""
    capsys.readouterr()
    assert main([*arguments]) == 0, capsys.readouterr().err
    return capsys.readouterr().out


def small(name: str, folder: Path) -> str:
    """The named recipe for tiny images, as a file; the U-Net is that of `make_run`."""
    path, recipe = folder / f"{name}.json", get_recipe(name)
    options = TINY_UNET if recipe.model == "unet" else recipe.model_options
    size = {"epochs": 1, "steps_per_epoch": None, "size": (32, 32)}
    recipe = replace(recipe, model_options=options, **size)
    path.write_text(json.dumps(recipe.to_dict()))
    return str(path)


def test_from_a_folder_to_a_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plants = write_plants(tmp_path / "plants", train=48, val=12)
    said = [run_command(capsys, "prepare", "--data", plants)]
    assert "5 classes, named by classes.json" in said[0]

    parent = make_run("unet-camvid-20250101-000000-cccc").name  # of other classes
    started = {"quick-unet": ["--start-from", parent], "quick-danet": []}
    trained = []
    for name, options in started.items():
        arguments = ["--recipe", small(name, tmp_path), "--data", plants, *options]
        said.append(run_command(capsys, "train", *arguments))
        (run,) = (run for run in runs.list_runs() if run.name not in (parent, *trained))
        assert run.label_space == space_of(plants)
        assert list(run.class_iou()[0]) == ["epoch", *CLASSES]
        trained.append(run.name)
    unet, danet = trained

    scored = ["--data", plants, "--split", "val"]
    report = json.loads(run_command(capsys, "evaluate", "--run", unet, *scored, "--json"))
    assert set(report["per_class"]) == set(CLASSES) and report["images"] == 12
    assert report["policy"] == "plants-5"
    assert (report["per_category"], report["mean_category_iou"]) == ({}, None)
    pair = ["--a", unet, "--b", danet]
    compared = json.loads(run_command(capsys, "compare", *pair, *scored, "--json"))
    assert set(compared["per_class"]) == set(CLASSES) and compared["verdict"] != "none"

    photo = write_picture(tmp_path / "bed.png", np.zeros((30, 40, 3), np.uint8))
    said.append(run_command(capsys, "predict", "--run", danet, "--out", str(tmp_path), str(photo)))
    ids = np.asarray(Image.open(tmp_path / "bed_labelIds.png"))
    colors = np.asarray(Image.open(tmp_path / "bed_color.png"))
    np.testing.assert_array_equal(space_of(plants).colorize(ids), colors)

    page = tmp_path / "report.html"
    said.append(run_command(capsys, "report", *pair, *scored, "--out", str(page)))
    html = page.read_text()
    assert all(name in html for name in CLASSES)
    assert "Category by category" not in html
    for text in (*said, json.dumps(report), html):
        assert "cityscapes" not in text.lower() and "sidewalk" not in text

    said = [run_command(capsys, "runs", "card", unet)]
    exported = tmp_path / "unet.zip"
    said.append(run_command(capsys, "runs", "export", unet, str(exported), "--format", "onnx"))
    with zipfile.ZipFile(exported) as archive:
        written = [name for name in archive.namelist() if name.endswith((".md", ".json", ".py"))]
        said += [archive.read(name).decode() for name in written]
    assert all(any(f'"{name}"' in text for text in said) for name in CLASSES)
    for text in said:
        assert foreign_words(text) == []


def test_a_run_of_other_classes_is_told_in_one_sentence(
    plants: str, camvid: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ours = make_run("unet-plants-20250101-000000-aaaa", space=space_of(plants), spec=plants)
    theirs = make_run("unet-camvid-20250101-000000-bbbb")
    for command in (
        ["evaluate", "--run", theirs.name, "--data", plants],
        ["evaluate", "--run", ours.name, "--data", f"camvid:{camvid}"],
        ["compare", "--a", ours.name, "--b", theirs.name, "--data", plants],
    ):
        assert main(command) == 2
        error = capsys.readouterr().err.strip()
        assert "classes of" in error and error.count("\n") == 0


def test_data_of_other_classes_is_not_trained_on_together(
    plants: str, tmp_path: Path, camvid: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = tmp_path / "tiny.json"
    recipe.write_text(json.dumps(replace(TINY, epochs=1, size=(32, 32), crop=None).to_dict()))
    joined = f"{plants}+camvid:{camvid}"
    assert main(["train", "--recipe", str(recipe), "--data", joined]) == 2
    assert "train on data of the same classes together" in capsys.readouterr().err


def test_a_class_with_a_comma_in_its_name_has_a_column_of_its_own(plants: str) -> None:
    space = space_of(plants)
    first, *others = space.labels
    commas = replace(space, labels=(replace(first, name='sand, "wet"'), *others))
    made = make_run("unet-plants-20250101-000000-aaaa", space=commas, spec=plants)
    rows = [{"epoch": 1.0, **dict.fromkeys(commas.names, 0.5)}]
    RunWriter.reopen(made).commit_epoch({runs.CLASS_IOU: class_iou_csv(rows, commas)})
    assert runs.get_run(made.name).class_iou() == rows
    header = next(csv.reader((made.path / runs.CLASS_IOU).read_text().splitlines()))
    assert header[1] == 'sand, "wet"'


def test_run_json_of_cityscapes_says_nothing_of_label_spaces() -> None:
    run = make_run()
    assert "label_space" not in json.loads((run.path / runs.MANIFEST).read_text())
    assert run.label_space is CITYSCAPES
