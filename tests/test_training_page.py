"""The training page as a visitor sees it."""

from pathlib import Path

import pytest
import streamlit as st
from made_runs import make_run
from streamlit.testing.v1 import AppTest

from pages.shared import state
from segcore import run_lock
from segcore.run_writer import write_progress

PAGE = str(Path(__file__).parent.parent / "pages" / "training.py")


@pytest.fixture
def page(camvid: Path) -> AppTest:
    app = AppTest.from_file(PAGE, default_timeout=60)
    app.session_state[state.DATA] = "camvid"
    return app


def text(app: AppTest) -> str:
    kinds = (app.title, app.markdown, app.caption, app.info)
    return "\n".join(element.value for kind in kinds for element in kind)


def test_both_runs_are_shown_with_where_they_turned(page: AppTest, camvid: Path) -> None:
    make_run("unet", camvid, epochs=4)
    make_run("danet", camvid, epochs=2)
    page.run()
    assert not page.exception
    assert page.title[0].value.startswith("U-Net learnt most: mean IoU 0.360 in epoch 4 of 4")
    assert "U-Net: validation loss turned after epoch 2" in text(page)
    assert "DANet: a gap of 12 points" in text(page)
    table = page.dataframe[0].value
    assert list(table["Recipe"]) == ["quick-unet", "quick-danet"]
    assert list(table["in epoch"]) == [4, 2]


def test_recipes_are_told_apart_by_what_differs(page: AppTest, camvid: Path) -> None:
    make_run("unet", camvid, epochs=4)
    make_run("danet", camvid, epochs=2)
    page.run()
    differing = page.dataframe[-1].value
    assert "aux_weight" in list(differing["Parameter"])
    assert "epochs" not in list(differing["Parameter"])
    page.toggle[0].set_value(True).run()
    everything = page.dataframe[-1].value.set_index("Parameter")
    assert everything.loc["aux_weight", ""] == "≠"
    assert everything.loc["epochs", ""] == ""


def test_one_slider_moves_the_masks_of_both_models(page: AppTest, camvid: Path) -> None:
    for model, epochs in (("unet", 4), ("danet", 2)):
        make_run(model, camvid, epochs=epochs, keys=("film0_000", "film0_002"))
    page.run()
    assert not page.exception
    assert page.slider[0].value == 4
    assert "U-Net after epoch 4: mean IoU 0.360; DANet after epoch 2" in text(page)
    page.slider[0].set_value(1).run()
    assert "U-Net after epoch 1: mean IoU 0.090; DANet after epoch 1" in text(page)


def test_a_running_training_is_shown_with_its_progress(page: AppTest, camvid: Path) -> None:
    run = make_run("unet", camvid, epochs=2, status="running")
    progress = {"epoch": 3, "epochs": 6, "step": 5, "steps": 40, "loss": 0.7, "seconds_left": 200.0}
    write_progress(run.path, progress)
    with run_lock.hold(run.path):
        page.run()
    assert not page.exception
    (bar,) = page.get("progress")
    assert "epoch 3 of 6, step 5 of 40, loss 0.700, 3 min left" in bar.proto.text


def test_without_a_run_the_page_says_how_to_start_one(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The page it links to is known only under dashboard.py.
    monkeypatch.setattr(st, "page_link", lambda *_, **__: None)
    page.run()
    assert not page.exception
    assert "No training has finished an epoch yet" in page.title[0].value
    assert "python -m segcore train" in page.code[0].value
