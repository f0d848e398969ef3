import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segcore import runs
from segcore.cli import main
from segcore.errors import SegcoreError
from tests.factories.fake_runs import make_run
from tests.factories.made_data import id_mask, noise, write_picture
from tests.training.test_training import TINY

pytestmark = pytest.mark.usefixtures("networks_made_once")

REPORT_KEYS = {
    "run", "data", "split", "images", "resolution", "policy", "mean_iou", "pixel_accuracy",
    "mean_accuracy", "frequency_weighted_iou", "mean_boundary_iou", "ece", "tasm_iou_score",
    "per_class",
}  # fmt: skip
COMPARISON_KEYS = {
    "a", "b", "mean_iou_a", "mean_iou_b", "delta", "ci95", "verdict", "per_class",
    "groups", "resampled_by", "reason",
}  # fmt: skip


def only_json(capsys: pytest.CaptureFixture[str]) -> dict:
    return json.loads(capsys.readouterr().out)


def test_evaluate_prints_one_json_object(camvid: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = make_run()
    arguments = ["evaluate", "--run", run.name, "--data", f"camvid:{camvid}", "--split", "val"]
    assert main([*arguments, "--json"]) == 0
    report = only_json(capsys)
    assert set(report) >= REPORT_KEYS
    assert (report["run"], report["images"], report["resolution"]) == (run.name, 3, "32x24")
    assert set(report["per_class"]["road"]) >= {"iou", "boundary_iou", "accuracy", "pixels"}
    assert main(arguments) == 0
    assert f"{report['mean_iou']:.4f}" in capsys.readouterr().out


def test_compare_prints_one_json_object(camvid: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a = make_run("unet-camvid-20250101-000000-aaaa")
    b = make_run("unet-camvid-20250101-000000-bbbb", seed=1)
    arguments = ["compare", "--a", a.name, "--b", b.name, "--data", f"camvid:{camvid}"]
    assert main([*arguments, "--json"]) == 0
    report = only_json(capsys)
    assert set(report) >= COMPARISON_KEYS
    assert report["delta"] == pytest.approx(report["mean_iou_a"] - report["mean_iou_b"])
    # Two films, as many as CamVid's test split has
    assert (report["verdict"], report["ci95"]) == ("none", [None, None])
    assert (report["groups"], report["resampled_by"]) == (2, "sequence")
    assert report["reason"].startswith("2 sequences with scored pixels are too few for a verdict")
    assert main(arguments) == 0
    assert f"no verdict: {report['reason']}" in capsys.readouterr().out


def test_compare_tells_the_verdict_with_what_it_rests_on(
    camvid: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for film in range(6):
        name = f"film{film}_000.png"
        write_picture(camvid / "val" / name, noise(film, 24, 32))
        write_picture(camvid / "valannot" / name, id_mask(film, 24, 32, list(range(12))))
    run = make_run()
    arguments = ["compare", "--a", run.name, "--b", run.name, "--data", f"camvid:{camvid}"]
    assert main(arguments) == 0
    assert (
        "a minus b +0.0000 (95 % interval +0.0000 to +0.0000, 6 sequences): undecided"
        in capsys.readouterr().out
    )


def test_a_split_without_a_scored_pixel_is_told_and_no_defect(
    camvid: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for mask in (camvid / "valannot").iterdir():
        write_picture(mask, np.full((24, 32), 11, np.uint8))  # unlabelled
    run, data = make_run().name, f"camvid:{camvid}"
    path = runs.get_run(run).path / "run.json"
    path.write_text(path.read_text().replace("camvid:/none", data))
    for command in (
        ["evaluate", "--run", run, "--data", data],
        ["compare", "--a", run, "--b", run, "--data", data],
    ):
        assert main(command) == 0
        assert "no pixel" in capsys.readouterr().out
        assert main([*command, "--json"]) == 0
        assert (
            only_json(capsys)["per_class"]["road"]["pixels" if "--run" in command else "groups"]
            == 0
        )
    for file in ("report.html", "report.zip"):
        out = str(tmp_path / file)
        assert main(["report", "--a", run, "--b", run, "--data", data, "--out", out]) == 0
        assert "No verdict: no pixel" in capsys.readouterr().out
    assert main(["robustness", "--run", run, "--data", data]) == 0
    assert main(["runs", "card", run]) == 2
    assert "holds no scored pixel" in capsys.readouterr().err


def test_predict_writes_three_pictures_at_the_inputs_size(tmp_path: Path) -> None:
    run = make_run()
    photo = write_picture(tmp_path / "street.jpg", noise(0, 45, 61))
    out = tmp_path / "out"
    assert main(["predict", "--run", run.name, "--out", str(out), str(photo)]) == 0
    pictures = {path.name: np.asarray(Image.open(path)) for path in out.iterdir()}
    assert set(pictures) == {
        "street_labelIds.png",
        "street_color.png",
        "street_overlay.png",
    }
    assert pictures["street_labelIds.png"].shape == (45, 61)
    assert pictures["street_labelIds.png"].max() < 34
    assert pictures["street_color.png"].shape == (45, 61, 3)


def test_images_of_one_name_do_not_overwrite_each_others_results(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run()
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        write_picture(tmp_path / folder / "1.png", noise(0, 24, 32))
    images = [str(tmp_path / folder / "1.png") for folder in ("a", "b")]
    assert main(["predict", "--run", run.name, "--out", str(tmp_path / "out"), *images]) == 2
    assert capsys.readouterr().err.startswith("error: 1: two images of that name")
    assert not (tmp_path / "out").exists()


def test_predict_goes_on_after_an_image_that_is_none_and_names_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = [write_picture(tmp_path / f"{name}.jpg", noise(0, 24, 32)) for name in "abc"]
    photos[1].write_bytes(photos[1].read_bytes()[:400])
    out = tmp_path / "out"
    arguments = ["predict", "--run", make_run().name, "--out", str(out), *map(str, photos)]
    for _ in range(2):  # its own results are made again
        assert main(arguments) == 2
        captured = capsys.readouterr()
        assert [line[:5] for line in captured.out.splitlines()] == ["a.jpg", "c.jpg"]
        reason, summary = captured.err.splitlines()
        assert "b.jpg" in reason
        assert summary == f"error: 1 of 3 images could not be labelled: {photos[1]}"
        assert {path.name[0] for path in out.iterdir()} == {"a", "c"}


def test_predict_takes_a_directory_of_images(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = tmp_path / "photos"
    for name in ("b.JPG", "a.png", "day 2/c.jpg", ".hidden.png", ".trash/d.png"):
        write_picture(photos / name, noise(0, 24, 32))
    (photos / "notes.txt").write_text("not a photo")
    # Its own results in the same place are no images to label, however often it runs.
    arguments = ["predict", "--run", make_run().name, "--out", str(photos / "labelled")]
    for _ in range(2):
        assert main([*arguments, str(photos)]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert [line.partition(":")[0] for line in lines] == ["a.png", "b.JPG", "c.jpg"]
    assert len(list((photos / "labelled").iterdir())) == 9
    empty = tmp_path / "empty"
    empty.mkdir()
    assert main([*arguments, str(empty)]) == 2
    assert f"error: {empty}: no images in it" in capsys.readouterr().err


@pytest.mark.parametrize("theirs", ["street_color.png", "street_overlay.png"])
def test_predict_overwrites_nothing_that_it_did_not_make(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], theirs: str
) -> None:
    photo = write_picture(tmp_path / "street.jpg", noise(0, 24, 32))
    other = write_picture(tmp_path / "other.jpg", noise(1, 24, 32))
    kept = write_picture(tmp_path / theirs, noise(2, 24, 32)).read_bytes()
    arguments = ["--out", str(tmp_path), str(photo), str(other)]
    assert main(["predict", "--run", make_run().name, *arguments]) == 2
    assert "`predict` did not write it: choose another --out" in capsys.readouterr().err
    assert (tmp_path / theirs).read_bytes() == kept
    assert not (tmp_path / "street_labelIds.png").exists()
    assert (tmp_path / "other_color.png").exists()


def test_runs_list_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    run = make_run()
    assert main(["runs", "promote", run.name]) == 0
    capsys.readouterr()
    assert main(["runs", "list", "--json"]) == 0
    (row,) = only_json(capsys)
    told = {"run", "model", "data", "recipe", "champion", "mean_iou", "created", "labels", "note"}
    assert set(row) == told
    assert (row["run"], row["champion"]) == (run.name, True)
    assert main(["runs", "rollback", "unet", "camvid"]) == 0
    assert main(["runs", "show", run.name]) == 0


def test_prepare_tells_what_it_found(camvid: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (camvid / "train" / "film0_000.png").write_bytes(b"no image")
    assert main(["prepare", "--data", f"camvid:{camvid}", "--size", "32"]) == 0
    out = capsys.readouterr().out
    assert "train: 5 images of 32x32" in out
    assert "film0_000" in out


def test_prepare_says_what_it_understood_and_stops_where_that_is_doubtful(
    cityscapes: Path, artifacts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, path in enumerate(sorted(cityscapes.glob("gtFine/*/*/*.png"))):
        write_picture(path, id_mask(number, 32, 64, [0, 1, 2, 8, 10, 11, 13, 255]))  # train ids
    command = ["prepare", "--data", f"cityscapes:{cityscapes}", "--size", "32"]
    assert main(command) == 2
    told = capsys.readouterr()
    assert "train 4 images with 4 masks, val 2 images with 2 masks, test 1 images" in told.out
    assert "rail track" in told.out
    assert len(told.err.splitlines()) == 1
    assert "rename them to *_gtFine_labelTrainIds.png" in told.err
    assert "--yes" in told.err
    assert not artifacts.exists()
    assert main([*command, "--yes"]) == 0
    assert main(command) == 0  # it is prepared: nothing is left to decide


def test_train_warns_of_what_is_doubtful_in_any_of_its_data(
    camvid: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, path in enumerate(sorted(camvid.glob("*annot/*.png"))):
        write_picture(path, id_mask(number, 24, 32, [0, 1, 2]))

    def train(*_: object, **__: object) -> None:
        raise SegcoreError("begun")

    monkeypatch.setattr("segcore.training.session.train", train)
    assert main(["train", "--recipe", "quick-unet", "--data", f"streets+camvid:{camvid}"]) == 2
    warning, error = capsys.readouterr().err.splitlines()
    assert warning.startswith(f"warning: camvid:{camvid}: The masks hold only the first 3")
    assert error == "error: begun"


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["evaluate", "--run", "none", "--data", "streets"], "none: no such run"),
        (["prepare", "--data", "camvid:/not/there"], "/not/there"),
        (["prepare", "--data", "kitti:/x"], "kitti"),
        (["train", "--recipe", "tuned-vnet", "--data", "streets"], "tuned-vnet"),
        (["train", "--recipe", "quick-unet"], "--data"),
        (["train", "--resume", "none"], "none: no such run"),
        (["train", "--resume", "none", "--epochs", "9"], "--start-from none"),
        (["train", "--recipe", "quick-unet", "--data", "streets", "--seed", "-1"], "Seed -1"),
        (["runs", "promote", "none"], "none: no such run"),
        (["runs", "import", "/not/there.zip"], "/not/there.zip"),
    ],
)
def test_what_a_user_got_wrong_is_one_line_and_status_2(
    arguments: list[str], names: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1
    assert names in captured.err


def test_a_photo_that_is_none_and_weights_that_are_not_the_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run()
    text = tmp_path / "notes.jpg"
    text.write_text("not a photo")
    predict = ["predict", "--run", run.name, "--out", str(tmp_path / "out")]
    assert main([*predict, str(text)]) == 2
    assert "notes.jpg" in capsys.readouterr().err

    weights = run.path / "best.weights.h5"
    weights.write_bytes(weights.read_bytes()[:-100])
    photo = write_picture(tmp_path / "street.png", noise(0, 32, 32))
    assert main([*predict, str(photo)]) == 2
    assert "best.weights.h5 does not match its hash" in capsys.readouterr().err


def test_doctor_says_what_is_missing_and_how_to_fix_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(line.startswith(("ok  ", "--  ")) for line in lines)
    assert any("python -m segcore prepare --data streets" in line for line in lines)


def test_a_python_without_our_packages_is_told_which_one_to_take() -> None:
    root = Path(__file__).resolve().parents[2]
    without_packages = [sys.executable, "-S", "-m", "segcore", "doctor"]
    done = subprocess.run(without_packages, cwd=root, capture_output=True, text=True)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr and ".venv/bin/python" in done.stderr


def test_a_second_data_set_in_the_same_layout_leaves_all_else_as_it_was(
    camvid: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A shipped champion of one, and a run that is trained, scored and promoted on another."""
    shipped = make_run()
    evaluate = ["evaluate", "--run", shipped.name, "--json", "--data"]
    assert main([*evaluate, f"camvid:{camvid}"]) == 0
    known = json.loads(capsys.readouterr().out)
    manifest = {**shipped.record, "shipped": True, "shipped_champion": [known["data_sha256"]]}
    (shipped.path / "run.json").write_text(json.dumps(manifest))
    before = {path: path.read_bytes() for path in shipped.path.rglob("*") if path.is_file()}

    toys = tmp_path / "toys"
    shutil.copytree(camvid, toys)
    for index, path in enumerate(sorted(toys.glob("*/*_00?.png"))):
        if path.parent.name in ("train", "val"):
            write_picture(path, noise(50 + index, 24, 32))
    recipe = tmp_path / "tiny.json"
    recipe.write_text(json.dumps(replace(TINY, epochs=1, size=(32, 32), crop=None).to_dict()))
    assert main(["train", "--recipe", str(recipe), "--data", f"camvid:{toys}"]) == 0
    (new,) = (run for run in runs.list_runs() if run.name != shipped.name)
    assert new.name.startswith("unet-toys-")
    for run in (shipped, new):
        assert main(["evaluate", "--run", run.name, "--data", "toys"]) == 0
    assert main(["runs", "promote", new.name]) == 0
    assert f"{new.name} is the champion of unet on toys" in capsys.readouterr().out

    assert {path: path.read_bytes() for path in before} == before
    assert len(before) == sum(path.is_file() for path in shipped.path.rglob("*"))
    assert main([*evaluate, f"camvid:{camvid}"]) == 0
    assert json.loads(capsys.readouterr().out) == known
    assert runs.champions(known["data_sha256"])["unet"].name == shipped.name
    assert runs.champions(runs.PHOTOS)["unet"].name == shipped.name
    assert main(["runs", "rollback", "unet", "toys"]) == 0
    assert "is now none" in capsys.readouterr().out


def test_a_data_set_is_listed_and_renamed(
    camvid: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SEGCORE_DATA", f"camvid:{camvid}")
    assert main(["data", "rename", "camvid", "Two films"]) == 0
    capsys.readouterr()
    assert main(["data", "list", "--json"]) == 0
    assert [row["name"] for row in json.loads(capsys.readouterr().out)] == [
        "Streets (built in)", "Two films",
    ]  # fmt: skip
    assert main(["prepare", "--data", "two films", "--yes"]) == 0
    assert main(["data", "rename", "Two films", "streets (built in)"]) == 2
