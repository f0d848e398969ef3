"""The data set page as a visitor sees it."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from segcore import evaluation
from segcore.data.preparation import prepare
from segcore.data.preparation.counting import stored_counts
from segcore.data.sources import open_source
from segcore.labels import IDS
from studio import address, engine
from studio.dataset import counting
from tests.factories.made_data import write_picture
from tests.factories.made_runs import make_run, stub_predictions
from tests.studio.drawn_pages import open_part, text, when_done

PAGE = str(Path(__file__).parents[2] / "pages" / "dataset.py")


@pytest.fixture
def page(camvid: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("SEGCORE_DATA", f"camvid:{camvid}")
    app = AppTest.from_file(PAGE, default_timeout=60)
    app.session_state[address.DATA] = "camvid"
    return app


def test_the_first_line_says_what_dominates_and_what_is_rare(page: AppTest, camvid: Path) -> None:
    prepare(f"camvid:{camvid}")
    page.run()
    assert not page.exception
    assert "of the pixels" in page.title[0].value and "fewer than" in page.title[0].value
    metrics = {metric.label: metric.value for metric in page.metric}
    assert metrics["Imbalance ratio"].endswith(": 1")
    assert metrics["Classes present"] == "11 of 19"
    assert "Jensen-Shannon" in text(page)
    assert "Every sample can be used" in text(open_part(page, "Health"))


def gallery(app: AppTest, name: str = "gallery") -> dict[str, Any]:
    """What is sent to the gallery of that name."""
    for found in app.get("bidi_component"):
        if found.proto.id and name in found.proto.id:
            return json.loads(found.proto.json)
    raise AssertionError(f"no {name}")


def labelled(elements: Any, label: str) -> Any:
    (found,) = (element for element in elements if element.label == label)
    return found


def test_samples_are_filtered_and_sorted(page: AppTest, camvid: Path) -> None:
    for name, rows in (("film0_000", 12), ("film1_001", 6)):  # cars, more in one than in the other
        mask = np.full((24, 32), 3, np.uint8)
        mask[:rows] = 8
        write_picture(camvid / "valannot" / f"{name}.png", mask)
    write_picture(camvid / "valannot" / "film0_002.png", np.full((24, 32), 3, np.uint8))
    prepare(f"camvid:{camvid}")
    page.run()
    open_part(page, "Pictures")
    labelled(page.button_group, "Split").set_value("val").run()
    labelled(page.selectbox, "Contains the class").select("car").run()
    assert not page.exception
    assert [item["key"] for item in gallery(page)["items"]] == ["film0_000", "film1_001"]
    labelled(page.slider, "Its share of the image").set_value((0.0, 30.0)).run()
    assert [item["key"] for item in gallery(page)["items"]] == ["film1_001"]
    labelled(page.selectbox, "Contains the class").select("any class").run()
    labelled(page.selectbox, "Sequence").select("film0").run()
    labelled(page.selectbox, "Sorted by").select("Rare classes first").run()
    assert [item["key"] for item in gallery(page)["items"]] == ["film0_000", "film0_002"]


def test_one_class_is_shown_closely(page: AppTest, camvid: Path) -> None:
    prepare(f"camvid:{camvid}")
    open_part(page.run(), "One class")
    labelled(page.selectbox, "Class").select("road").run()
    assert not page.exception
    assert re.search(r"\*\*Road\*\* has .* in 6 of 6 images, in \d+ regions", text(page))


@pytest.mark.parametrize("is_small", [True, False])
def test_a_data_set_that_was_never_counted_is_counted(
    page: AppTest, camvid: Path, monkeypatch: pytest.MonkeyPatch, is_small: bool
) -> None:
    monkeypatch.setattr(counting, "COUNTED_UNASKED", 1000 if is_small else 0)
    page.run()
    if not is_small:  # a small one may have been counted by now
        assert "is not counted" in page.title[0].value
        labelled(page.button, "Count now").click().run()
    when_done(page)
    assert not page.exception
    assert stored_counts(open_source(f"camvid:{camvid}"), "train") is not None
    assert "of the pixels" in page.title[0].value


def test_labels_that_both_models_contradict_are_suspected(
    page: AppTest, camvid: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for model in ("unet", "danet"):
        make_run(model, camvid)
    stub_predictions(monkeypatch, label=IDS["road"], confidence=0.97)
    write_picture(camvid / "valannot" / "film0_000.png", np.full((24, 32), 4, np.uint8))
    monkeypatch.setattr(engine, "wait", lambda *runs: True)
    when_done(page.run())  # it is counted, as the masks are other ones now
    open_part(page, "Health")
    when_done(labelled(page.button, "Label them all").click().run())
    assert not page.exception
    assert "both see road and the truth says sidewalk" in text(page)
    assert gallery(page, "suspects")["items"][0]["key"] == "film0_000"


def test_the_health_report_names_what_was_left_out(page: AppTest, camvid: Path) -> None:
    (camvid / "train" / "film0_000.png").write_bytes(b"no image")
    prepare(f"camvid:{camvid}")
    open_part(page.run(), "Health")
    assert "1 samples were left out" in text(page)
    what = page.dataframe[0].value["What"][0]
    assert "camvid/train/film0_000.png" in what and str(camvid.parent) not in what


def test_a_data_set_that_is_not_here_says_so(tmp_path: Path) -> None:
    make_run("unet", tmp_path / "gone")
    app = AppTest.from_file(PAGE, default_timeout=60)
    app.session_state[address.DATA] = "camvid"
    app.run()
    assert not app.exception
    assert "is not on this machine" in app.title[0].value
    assert "register their folder" in text(app) and str(tmp_path) not in text(app)


def test_scored_runs_show_whether_imbalance_explains_their_errors(
    page: AppTest, camvid: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(f"camvid:{camvid}")
    stub_predictions(monkeypatch)
    for model in ("unet", "danet"):
        evaluation.evaluate(make_run(model, camvid), f"camvid:{camvid}", "val")
    open_part(page.run(), "Effect on scores")
    assert "Rank correlation" in text(page)


def test_samples_are_sorted_by_what_the_models_make_of_them(
    page: AppTest, camvid: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for rows, name in enumerate(("film0_000", "film1_001", "film0_002")):  # ever more road
        mask = np.full((24, 32), 1, np.uint8)  # CamVid's 1 is building
        mask[: 8 * rows] = 3
        write_picture(camvid / "valannot" / f"{name}.png", mask)
    stub_predictions(monkeypatch)  # the U-Net says building everywhere, the DANet road
    for model in ("unet", "danet"):
        evaluation.evaluate(make_run(model, camvid), f"camvid:{camvid}", "val")
    when_done(page.run())
    open_part(page, "Pictures")
    labelled(page.button_group, "Split").set_value("val").run()

    def order(sort: str) -> list[str]:
        labelled(page.selectbox, "Sorted by").select(sort).run()
        assert not page.exception
        return [item["key"] for item in gallery(page)["items"]]

    # The less building, the lower the U-Net's score of it; the DANet is wrong the other way round.
    assert order("Lowest IoU of U-Net")[-1] == "film0_000"
    assert order("Lowest IoU of DANet")[0] == "film0_000"
    assert len(order("Where A and B differ most")) == 3


@pytest.mark.parametrize("kind", ["cityscapes", "pairs"])
def test_other_layouts_are_shown_as_well(
    kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = f"{kind}:{request.getfixturevalue(kind)}"
    monkeypatch.setenv("SEGCORE_DATA", spec)
    app = AppTest.from_file(PAGE, default_timeout=60)
    app.session_state[address.DATA] = kind
    when_done(app.run())
    assert not app.exception
    assert "of the pixels" in app.title[0].value
    open_part(app, "Pictures")
    assert gallery(app)["items"][0]["mask"]
    if kind == "cityscapes":  # whose test masks are not public
        assert len(gallery(app, "plain gallery test")["items"]) == 1


def test_pictures_without_any_masks_are_shown_all_the_same(
    cityscapes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for split in ("train", "val"):
        for folder in ("leftImg8bit", "gtFine"):
            shutil.rmtree(cityscapes / folder / split)
    monkeypatch.setenv("SEGCORE_DATA", f"cityscapes:{cityscapes}")
    app = AppTest.from_file(PAGE, default_timeout=60)
    app.session_state[address.DATA] = "cityscapes"
    app.run()
    assert not app.exception
    assert "has no masks" in app.title[0].value
    (shown,) = gallery(app, "plain gallery test")["items"]
    assert shown["key"].startswith("bonn") and shown["mask"] is None


def test_one_image_is_enough(page: AppTest, camvid: Path) -> None:
    for folder in ("train", "trainannot", "val", "valannot"):
        for path in sorted((camvid / folder).iterdir())[1 if folder.startswith("t") else 0 :]:
            path.unlink()
    when_done(page.run())
    open_part(page, "Pictures")
    assert [item["key"] for item in gallery(page)["items"]] == ["film0_000"]
