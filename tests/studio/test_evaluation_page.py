"""The scoreboard as a visitor sees it; predictions are constants, no network is loaded."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from segcore import evaluation
from segcore.evaluation import predictions
from segcore.labels import CITYSCAPES
from segcore.presentation import findings
from segcore.runs import Run
from segcore.runs.results import result_files
from studio import address, engine
from studio.state import SPLIT
from tests.factories.made_data import val_digest, write_picture
from tests.factories.made_runs import make_run, stub_predictions
from tests.studio.drawn_pages import open_part, text, when_done

PAGE = str(Path(__file__).parents[2] / "pages" / "evaluate.py")


@pytest.fixture
def runs(camvid: Path, monkeypatch: pytest.MonkeyPatch) -> list[Run]:
    stub_predictions(monkeypatch)
    monkeypatch.setattr(engine, "wait", lambda *runs: True)
    return [make_run(model, camvid) for model in ("unet", "danet")]


@pytest.fixture
def page() -> AppTest:
    app = AppTest.from_file(PAGE, default_timeout=60)
    app.session_state[address.DATA] = "camvid"
    return app


def test_the_verdict_comes_first_and_the_numbers_are_the_evaluations(
    page: AppTest, runs: list[Run], camvid: Path
) -> None:
    reports = [evaluation.evaluate(run, f"camvid:{camvid}", "val").report() for run in runs]
    page.run()
    assert not page.exception
    assert "mean IoU" in page.title[0].value
    assert "val split, 3 images at 32x24, policy `camvid-11`" in text(page)
    values = [metric.value for metric in page.metric]
    assert values[:2] == [f"{report['mean_iou']:.3f}" for report in reports]
    board, classes = (frame.value for frame in page.dataframe[:2])
    first = board.set_index("Score")
    assert first.loc["Pixel accuracy", "A · U-Net"] == reports[0]["pixel_accuracy"]
    assert "not a mean IoU" in first.loc["TASM IoU score", "What it is"]
    assert first.loc["TASM IoU score", "Ahead"] == "–"
    road = classes.set_index("Class").loc["road"]
    assert road["A · U-Net"] == 0
    assert road["B · DANet"] == reports[1]["per_class"]["road"]["iou"]
    assert road["Verdict"] == "no verdict"  # its three images are of two films


@pytest.fixture
def scored(page: AppTest, runs: list[Run], camvid: Path) -> AppTest:
    for run in runs:
        evaluation.evaluate(run, f"camvid:{camvid}", "val")
    return open_part(page.run(), "Mistakes")


def pills(app: AppTest, letter: str) -> Any:
    (found,) = (g for g in app.button_group if g.key == f"confused pairs {letter}")
    return found


def gallery(app: AppTest) -> dict[str, Any]:
    """What is sent to the browser of the images of a mistake."""
    (found,) = (c for c in app.get("bidi_component") if '"items"' in c.proto.json)
    sent: dict[str, Any] = json.loads(found.proto.json)
    return sent


def test_a_confused_pair_opens_its_pictures_worst_first(
    scored: AppTest, runs: list[Run], camvid: Path
) -> None:
    stored = evaluation.stored_evaluation(runs[0], val_digest(camvid), "val")
    assert stored is not None
    (truth, called, _), *_ = findings.confused_pairs(stored.matrix, 1, by_share=True)
    title = f"{CITYSCAPES.names[truth]} called building"
    pills(scored, "A").set_value((truth, called)).run()
    assert not scored.exception
    assert f"U-Net** · {title}" in text(scored)
    pixels = stored.matrices[:, truth, called]
    order = np.argsort(-pixels, kind="stable")
    expected = [f"{pixels[i]:,} pixels · {stored.keys[i]}" for i in order if pixels[i]]
    assert [item["caption"] for item in gallery(scored)["items"]] == expected
    assert [entry["name"] for entry in gallery(scored)["labels"]] == [title]
    scored.run()  # as a page does by itself when the engine is ready
    assert title in text(scored)


def test_without_stored_masks_the_pictures_are_labelled_when_asked_for(
    scored: AppTest, runs: list[Run], camvid: Path, artifacts: Path
) -> None:
    stored = evaluation.stored_evaluation(runs[1], val_digest(camvid), "val")
    assert stored is not None
    (truth, called, _), *_ = findings.confused_pairs(stored.matrix, 1, by_share=True)
    for path in (artifacts / "predictions").glob("*/*.zip"):
        path.unlink()
    pills(scored, "B").set_value((truth, called)).run()
    assert not scored.exception
    (button,) = (button for button in scored.button if button.label == "Label them")
    button.click().run()
    assert not scored.exception
    assert gallery(scored)["items"]
    assert predictions.stored_predictions(runs[1], f"camvid:{camvid}", "val") is not None


def test_categories_outlines_sizes_and_confidence_are_said_with_their_scope(
    scored: AppTest, runs: list[Run], camvid: Path
) -> None:
    stored = evaluation.stored_evaluation(runs[1], val_digest(camvid), "val")
    assert stored is not None
    report = stored.report()
    said = text(scored)
    assert "errors lie within 1 pixels of a boundary" in said
    assert said.count("val split, 3 images at 32x24") >= 4
    said = text(open_part(scored, "Confidence"))
    assert "calibration error" in said and "even its most confident" in said
    assert said.count("val split, 3 images at 32x24") >= 2
    open_part(scored, "Scores")
    categories = scored.dataframe[2].value.set_index("Category")
    assert categories.loc["flat", "B · DANet"] == report["per_category"]["flat"]["iou"]
    assert categories.loc["flat", "A · U-Net"] == 0


def test_scores_of_before_are_completed_by_a_button(
    page: AppTest, runs: list[Run], camvid: Path
) -> None:
    for run in runs:
        evaluation.evaluate(run, f"camvid:{camvid}", "val")
    (path,) = result_files(runs[0], "evaluation", "val")
    with np.load(path) as arrays:
        old = {key: arrays[key] for key in arrays if not key.startswith(("anatomy", "trust"))}
    np.savez_compressed(path, allow_pickle=False, **old)
    open_part(page.run(), "Mistakes")
    assert "Where the errors of U-Net lie" in text(page)
    assert page.title[0].value.startswith("Most confused: U-Net takes 100 % of road for building")
    (button,) = (button for button in page.button if button.label == "Evaluate again")
    when_done(button.click().run())
    assert not page.exception
    assert "Where the errors of U-Net lie" not in text(page)
    assert "of its errors lie within" in text(page)


def test_pictures_that_are_gone_since_are_left_out(
    scored: AppTest, runs: list[Run], camvid: Path
) -> None:
    stored = evaluation.stored_evaluation(runs[0], val_digest(camvid), "val")
    assert stored is not None
    (truth, called, _), *_ = findings.confused_pairs(stored.matrix, 1, by_share=True)
    for folder in ("val", "valannot"):
        (camvid / folder / f"{stored.keys[0]}.png").unlink()
    predictions.predict_split(runs[0], f"camvid:{camvid}", "val")
    pills(scored, "A").set_value((truth, called)).run()
    assert not scored.exception
    assert stored.keys[0] not in {item["key"] for item in gallery(scored)["items"]}


def test_runs_that_are_not_scored_are_scored_by_a_button(
    page: AppTest, runs: list[Run], camvid: Path
) -> None:
    page.run()
    assert "not scored yet" in page.title[0].value
    assert f"segcore evaluate --run {runs[0].name} --data camvid --split" in page.code[0].value
    (button,) = (button for button in page.button if button.label == "Evaluate now")
    when_done(button.click().run())
    assert not page.exception
    digest = val_digest(camvid)
    assert all(evaluation.stored_evaluation(run, digest, "val") for run in runs)
    assert "mean IoU" in page.title[0].value


def test_the_test_images_are_scored_where_they_are_chosen(
    page: AppTest, runs: list[Run], camvid: Path
) -> None:
    for kind in ("", "annot"):
        shutil.copytree(camvid / f"val{kind}", camvid / f"test{kind}")
    for run in runs:
        evaluation.evaluate(run, f"camvid:{camvid}", "val")
    page.run()
    assert "val split, 3 images" in text(page)
    (splits,) = (group for group in page.button_group if group.key == SPLIT)
    splits.set_value("test").run()
    assert "not scored yet" in page.title[0].value
    (button,) = (button for button in page.button if button.label == "Evaluate now")
    when_done(button.click().run())
    assert not page.exception
    assert "test split, 3 images" in text(page)
    assert page.query_params[SPLIT] == "test"


def test_only_the_missing_run_is_asked_for(page: AppTest, runs: list[Run], camvid: Path) -> None:
    evaluation.evaluate(runs[0], f"camvid:{camvid}", "val")
    page.run()
    assert not page.exception
    assert page.title[0].value.startswith("U-Net has a mean IoU of ")
    assert f"yet: DANet (`{runs[1].name}`)" in text(page)
    assert runs[0].name not in page.code[0].value
    assert [metric.label for metric in page.metric] == [":blue[■] U-Net, mean IoU"]


def test_scores_of_before_the_data_changed_are_told(
    page: AppTest, runs: list[Run], camvid: Path
) -> None:
    before = evaluation.evaluate(runs[0], f"camvid:{camvid}", "val").report()
    write_picture(camvid / "valannot" / "film0_000.png", np.full((24, 32), 3, np.uint8))
    page.run()
    assert "not scored yet" in page.title[0].value
    (told,) = (caption.value for caption in page.caption if "was scored before" in caption.value)
    assert told.startswith("U-Net was scored before camvid changed")
    assert f"{before['mean_iou']:.3f} on the 3 images" in told


def test_a_damaged_run_gives_one_line(page: AppTest, runs: list[Run]) -> None:
    (runs[0].path / "best.weights.h5").write_bytes(b"cut")
    page.run()
    (button,) = (button for button in page.button if button.label == "Evaluate now")
    when_done(button.click().run())
    assert not page.exception
    assert "does not match its hash" in page.error[0].value


def test_without_runs_the_page_says_how_to_train(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The page it links to is known only under dashboard.py.
    monkeypatch.setattr(st, "page_link", lambda *_, **__: None)
    page.run()
    assert not page.exception
    assert "No trained run" in page.title[0].value
