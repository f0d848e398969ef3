"""One run alone is enough for every page, which also says how to get the second."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from segcore.data.preparation.counting import count_split
from segcore.evaluation import evaluate
from segcore.evaluation.predictions import predict_split
from segcore.labels.merge_syntax import merging
from segcore.presentation import findings
from segcore.runs import Run
from segcore.runs.data_sets import data_sets, read_identity
from studio.choices import SPLIT
from tests.factories.fake_runs import make_run
from tests.factories.hostile_files import encoded
from tests.factories.own_classes import CLASSES, space_of, write_plants
from tests.studio import drawn_pages
from tests.studio.drawn_pages import open_part, text, viewer_data, when_done

pytestmark = pytest.mark.usefixtures("networks_made_once", "navigated")

SECOND = "python -m segcore train --recipe quick-danet --data plants"


@pytest.fixture
def plants(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    spec = write_plants(tmp_path / "plants")
    monkeypatch.setenv("SEGCORE_DATA", spec)
    for split in ("train", SPLIT):
        count_split(spec, split)
    read_identity(spec)
    return spec


@pytest.fixture
def run(plants: str) -> Run:
    return make_run("unet-plants-20250101-000000-aaaa", space=space_of(plants), spec=plants)


def open_page(name: str, **address: str) -> AppTest:
    slug = next(one.slug for one in data_sets() if one.layout == "folders")
    return when_done(drawn_pages.open_page(name, data=slug, **address))


def panels(app: AppTest, viewer: str) -> list[str]:
    return [panel["id"] for panel in viewer_data(app, viewer)["panels"]]


def test_the_overview_says_what_is_there_and_what_is_missing(run: Run, plants: str) -> None:
    app = open_page("overview")
    assert "not known yet" in text(app) and SECOND in text(app)
    assert panels(app, "overview") == ["photo", "truth", "a"]
    report = evaluate(run, plants, SPLIT).report()
    app = open_page("overview")
    assert app.title[0].value.startswith(f"U-Net has a mean IoU of {report['mean_iou']:.3f}")
    assert [metric.value for metric in app.metric] == [
        f"{report['mean_iou']:.3f}", f"{report['pixel_accuracy']:.3f}",
    ]  # fmt: skip
    assert "plants-5" in text(app) and SECOND in text(app)


def test_compare_shows_the_image_the_truth_and_the_mask(run: Run) -> None:
    app = open_page("compare")
    assert app.title[0].value.startswith("On this image U-Net has a mean IoU of 0.")
    assert panels(app, "compare") == ["photo", "truth", "outcomes", "a"]
    outcomes = viewer_data(app, "compare")["panels"][2]
    assert [one["name"] for one in outcomes["meaning"]] == ["right", "wrong", "not scored"]
    table = app.dataframe[0].value
    assert list(table.columns) == ["color", "class", "a", "pixels"]
    assert set(table["class"]) == set(CLASSES)
    assert SECOND in text(app)


def test_evaluation_shows_every_part_of_one_run(run: Run, plants: str) -> None:
    assert "not scored yet" in open_page("evaluate").title[0].value
    scored = evaluate(run, plants, SPLIT)
    report = scored.report()
    predict_split(run, plants, SPLIT)
    app = open_page("evaluate")
    assert f"mean IoU of {report['mean_iou']:.3f}" in app.title[0].value
    assert "policy `plants-5`" in text(app) and SECOND in text(app)
    scores, classes = (table.value for table in app.dataframe[:2])
    assert list(scores.columns) == ["Score", "A · U-Net", "What it is"]
    iou = dict(zip(classes["Class"], classes["A · U-Net"], strict=True))
    assert iou == pytest.approx({name: score["iou"] for name, score in report["per_class"].items()})
    said = {part: text(open_part(app, part)) for part in ("Confidence", "Robustness", "Cost")}
    assert "calibration error" in said["Confidence"]
    assert "Not measured for U-Net yet" in said["Robustness"]
    assert panels(open_part(app, "Robustness"), "robustness lab")[-1] == "a"
    assert "U-Net are not measured" in said["Cost"]
    open_part(app, "Mistakes")
    (truth, called, _), *_ = findings.confused_pairs(scored.matrix, 1, by_share=True)
    (pills,) = (group for group in app.button_group if group.key == "confused pairs A")
    pills.set_value((truth, called)).run()
    assert not app.exception
    names = list(CLASSES)
    assert f"U-Net** · {names[truth]} called {names[called]}" in text(app)
    assert any('"items"' in found.proto.json for found in app.get("bidi_component"))


def test_upload_labels_a_photo_with_one_run(run: Run) -> None:
    app = open_page("upload")
    assert app.title[0].value == "Your own photo, labelled by U-Net"
    photo = encoded(Image.fromarray(np.full((30, 40, 3), 90, np.uint8)))
    app.file_uploader[0].set_value([("bed.png", photo, "image/png")]).run()
    assert not app.exception
    assert app.title[0].value.startswith("U-Net sees mostly ")
    assert panels(app, "upload") == ["a", "photo"]
    shares = app.dataframe[0].value
    assert list(shares.columns) == ["color", "class", "a"]
    assert shares["a"].sum() == pytest.approx(100, abs=0.5)
    assert SECOND in text(app)


def test_training_and_dataset_tell_of_one_run(run: Run, plants: str) -> None:
    evaluate(run, plants, SPLIT)
    app = open_part(open_page("dataset"), "Effect on scores")
    assert "Rank correlation" in text(app) and "for U-Net" in text(app)
    assert not app.info


def test_of_two_runs_that_cannot_be_compared_one_is_shown(plants: str) -> None:
    names = []
    for letter, merge in (
        ("b", "leaf,stem=plant; rest=ground"),
        ("c", "leaf,soil=dark; stem,pot=light"),
    ):
        merged = merging(space_of(plants), [merge])
        name = f"unet-plants-20250101-000000-{letter * 4}"
        names.append(make_run(name, merged=merged, spec=plants).name)
    app = open_page("compare", a=names[0], b=names[1])
    assert panels(app, "compare") == ["photo", "truth", "outcomes", "a"]
    assert set(app.dataframe[0].value["class"]) == {"plant", "ground"}
    assert "neither its 2 classes nor the 3 of run B map onto the other" in text(app)


def test_without_a_run_a_page_says_how_to_get_one(plants: str) -> None:
    for page in ("overview", "compare", "evaluate", "upload"):
        app = open_page(page)
        assert app.title[0].value == "No trained run is chosen yet", page
        assert SECOND in app.code[0].value
