"""The scoreboard as a visitor sees it; predictions are constants, no network is loaded."""

from pathlib import Path

import pytest
import streamlit as st
from made_runs import make_run, stub_predictions
from streamlit.testing.v1 import AppTest

from pages.shared import engine, state
from segcore import evaluation
from segcore.runs import Run

PAGE = str(Path(__file__).parent.parent / "pages" / "evaluate.py")


@pytest.fixture
def runs(camvid: Path, monkeypatch: pytest.MonkeyPatch) -> list[Run]:
    stub_predictions(monkeypatch)
    monkeypatch.setattr(engine, "wait", lambda *runs: True)
    return [make_run(model, camvid) for model in ("unet", "danet")]


@pytest.fixture
def page() -> AppTest:
    app = AppTest.from_file(PAGE, default_timeout=60)
    app.session_state[state.DATA] = "camvid"
    return app


def text(app: AppTest) -> str:
    kinds = (app.title, app.markdown, app.caption, app.info, app.error)
    return "\n".join(element.value for kind in kinds for element in kind)


def test_the_verdict_comes_first_and_the_numbers_are_the_evaluations(
    page: AppTest, runs: list[Run], camvid: Path
) -> None:
    reports = [evaluation.evaluate(run, f"camvid:{camvid}", "val").report() for run in runs]
    page.run()
    assert not page.exception
    assert "mean IoU" in page.title[0].value
    assert "val split, 3 images at 32x24, policy `cityscapes-19-present`" in text(page)
    values = [metric.value for metric in page.metric]
    assert values[:2] == [f"{report['mean_iou']:.3f}" for report in reports]
    board, classes = (frame.value for frame in page.dataframe[:2])
    first = board.set_index("Score")
    assert first.loc["Pixel accuracy", "A · U-Net"] == reports[0]["pixel_accuracy"]
    assert "no mean IoU" in first.loc["TASM IoU score", "What it is"]
    assert first.loc["TASM IoU score", "Ahead"] == "–"
    road = classes.set_index("Class").loc["road"]
    assert road["A · U-Net"] == 0
    assert road["B · DANet"] == reports[1]["per_class"]["road"]["iou"]
    assert road["Verdict"] == "B better"


def test_runs_that_are_not_scored_are_scored_by_a_button(page: AppTest, runs: list[Run]) -> None:
    page.run()
    assert "not scored yet" in page.title[0].value
    assert f"python -m segcore evaluate --run {runs[0].name}" in page.code[0].value
    (button,) = (button for button in page.button if button.label == "Evaluate now")
    button.click().run()
    assert not page.exception
    assert all(run.evaluation("camvid", "val") for run in runs)
    assert "mean IoU" in page.title[0].value


def test_only_the_missing_run_is_asked_for(page: AppTest, runs: list[Run], camvid: Path) -> None:
    evaluation.evaluate(runs[0], f"camvid:{camvid}", "val")
    page.run()
    assert not page.exception
    assert page.title[0].value == "DANet: not scored yet"
    assert runs[0].name not in page.code[0].value
    assert [metric.label for metric in page.metric] == ["U-Net, mean IoU"]


def test_a_damaged_run_gives_one_line(page: AppTest, runs: list[Run]) -> None:
    (runs[0].path / "best.weights.h5").write_bytes(b"cut")
    page.run()
    (button,) = (button for button in page.button if button.label == "Evaluate now")
    button.click().run()
    assert not page.exception
    assert "does not match its hash" in page.error[0].value


def test_without_runs_the_page_says_how_to_train(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The page it links to is known only under dashboard.py.
    monkeypatch.setattr(st, "page_link", lambda *_, **__: None)
    page.run()
    assert not page.exception
    assert "Two trained runs" in page.title[0].value
