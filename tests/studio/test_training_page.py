"""The training page as a visitor sees it."""

import json
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from segcore import runs
from segcore.recipes import STORY, get_recipe
from segcore.runs import run_lock
from segcore.runs.writer import RunWriter, class_iou_csv, write_progress
from studio import address
from studio.widgets import presenting
from tests.factories.made_runs import LABEL_OF, make_run
from tests.studio.drawn_pages import open_part, text, viewer_data

PAGE = str(Path(__file__).parents[2] / "pages" / "training.py")


@pytest.fixture
def page(camvid: Path) -> AppTest:
    app = AppTest.from_file(PAGE, default_timeout=60)
    app.session_state[address.DATA] = "camvid"
    return app


def labelled(elements: Any, label: str) -> Any:
    (found,) = (element for element in elements if element.label == label)
    return found


def charts(app: AppTest) -> dict[str, dict[str, Any]]:
    """Text for screen readers -> the plotly figure."""
    return {found.proto.alt: json.loads(found.proto.spec) for found in app.get("plotly_chart")}


def test_both_runs_are_shown_with_where_they_turned(page: AppTest, camvid: Path) -> None:
    make_run("unet", camvid, epochs=4)
    make_run("danet", camvid, epochs=2)
    page.run()
    assert not page.exception
    assert page.title[0].value.startswith("U-Net scored highest: mean IoU 0.360 in epoch 4 of 4")
    assert "U-Net: validation loss turned after epoch 2" in text(page)
    assert "`camvid-11`" in text(page)
    assert "DANet: training is 12 points ahead" in text(page)
    table = open_part(page, "Runs").dataframe[0].value
    assert list(table["Recipe"]) == ["quick-unet", "quick-danet"]
    assert list(table["in epoch"]) == [4, 2]


def test_what_cannot_be_read_is_a_line_and_keeps_no_other_run_from_being_shown(
    page: AppTest, camvid: Path
) -> None:
    make_run("unet", camvid, epochs=4)
    torn = make_run("danet", camvid, epochs=2)
    (torn.path / "history.csv").write_text("epoch,loss\nfirst,1\n")
    other = make_run("danet", camvid, epochs=3)
    (other.path / "run.json").write_text("[1]")
    page.run()
    assert not page.exception and not page.error
    assert page.title[0].value.startswith("U-Net reached mean IoU 0.360 in epoch 4 of 4")
    told = [warning.value for warning in page.warning]
    assert [line.partition(":")[0] for line in told] == [other.name, torn.name]
    assert "its run.json cannot be read" in told[0] and "history.csv is no table" in told[1]


def test_recipes_are_told_apart_by_what_differs(page: AppTest, camvid: Path) -> None:
    make_run("unet", camvid, epochs=4)
    make_run("danet", camvid, epochs=2)
    open_part(page.run(), "Runs")
    differing = page.dataframe[-1].value
    assert "aux_weight" in list(differing["Parameter"])
    assert "epochs" not in list(differing["Parameter"])
    labelled(page.toggle, "Show all parameters").set_value(True).run()
    everything = page.dataframe[-1].value.set_index("Parameter")
    assert everything.loc["aux_weight", ""] == "≠"
    assert everything.loc["epochs", ""] == ""


def test_masks_of_both_models_are_played_with_their_legend(page: AppTest, camvid: Path) -> None:
    for model, epochs in (("unet", 4), ("danet", 2)):
        make_run(model, camvid, epochs=epochs, keys=("film0_000", "film0_002"))
    open_part(page.run(), "Masks")
    sent = viewer_data(page, "training masks")
    panels = {panel["id"]: panel for panel in sent["panels"]}
    assert list(panels) == ["photo", "truth", "a", "b"]
    notes = [[frame["note"] for frame in panels[side]["frames"]] for side in "ab"]
    assert notes[0][::3] == ["epoch 1, mean IoU 0.090", "epoch 4, mean IoU 0.360"]
    assert notes[1] == ["epoch 1, mean IoU 0.090", "epoch 2, mean IoU 0.180"]
    assert {LABEL_OF["unet"], LABEL_OF["danet"]} <= set(sent["legend"])
    labelled(page.button_group, "Image").set_value("film0_002").run()
    assert viewer_data(page, "training masks")["photo"] != sent["photo"]


def test_masks_are_shown_without_their_image_where_that_is_not_here(
    page: AppTest, camvid: Path
) -> None:
    for model in ("unet", "danet"):
        make_run(model, camvid, keys=("another",))
    open_part(page.run(), "Masks")
    sent = viewer_data(page, "training masks")
    assert [panel["id"] for panel in sent["panels"]] == ["a", "b"]


def test_the_headline_says_what_a_training_went_on_from(page: AppTest, camvid: Path) -> None:
    make_run("unet", camvid, epochs=4)
    before = {
        "run": "danet-camvid-20250101-000000-0000", "sha256": "0" * 64,
        "recipe": {"name": "tuned-danet"}, "dataset": "camvid", "epochs": 2, "seconds": 600.0,
    }  # fmt: skip
    make_run("danet", camvid, epochs=2, start_from=before)
    page.run()
    assert page.title[0].value.startswith("U-Net scored highest: mean IoU 0.360 in epoch 4 of 4")
    assert "DANet (after an earlier training) 0.180" in page.title[0].value


def test_two_that_learned_from_the_start_are_a_click_away(page: AppTest, camvid: Path) -> None:
    best = [make_run(model, camvid, epochs=4) for model in ("unet", "danet")]
    page.run()
    assert "Both from the start" not in [button.label for button in page.button]
    story = [
        make_run(name.partition("-")[2], camvid, epochs=3, recipe=get_recipe(name).to_dict())
        for name in STORY
    ]
    for key, run in zip((address.A, address.B), best, strict=True):
        page.session_state[key] = run.name
    page.run()
    labelled(page.button, "Both from the start").click().run()
    assert [page.session_state[key] for key in (address.A, address.B)] == [r.name for r in story]
    assert "epoch 3 of 3" in page.title[0].value


def test_to_an_audience_learning_is_told_by_those_two(page: AppTest, camvid: Path) -> None:
    for model in ("unet", "danet"):
        make_run(model, camvid, epochs=4)
    for name in STORY:
        make_run(name.partition("-")[2], camvid, epochs=3, recipe=get_recipe(name).to_dict())
    page.query_params[presenting.PRESENT] = str(presenting.STATIONS.index(presenting.LEARNING) + 1)
    page.run()
    assert "epoch 3 of 3" in page.title[0].value


def test_what_the_notebook_reported_stands_beside_its_recipe(page: AppTest, camvid: Path) -> None:
    make_run("unet", camvid, recipe=get_recipe("seed-unet").to_dict())
    page.run()
    assert (
        "The notebook reported accuracy 0.9601 in training and 0.8114 in validation on "
        "Cityscapes; here it ends at accuracy 0.8300 in training and 0.7000 in validation on"
    ) in text(page)
    assert "overfitting" in text(page)


def test_a_running_training_is_shown_with_its_progress(page: AppTest, camvid: Path) -> None:
    run = make_run("unet", camvid, epochs=2, status="running")
    progress = {"epoch": 3, "epochs": 6, "step": 5, "steps": 40, "loss": 0.7, "seconds_left": 200.0}
    write_progress(run.path, progress)
    with run_lock.hold(run.path):
        page.run()
    assert not page.exception
    (bar,) = page.get("progress")
    assert "Epoch 3 of 6, step 5 of 40, loss 0.700, 3 min left" in bar.proto.text


def test_without_a_run_the_page_says_how_to_start_one(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The page it links to is known only under dashboard.py.
    monkeypatch.setattr(st, "page_link", lambda *_, **__: None)
    page.run()
    assert not page.exception
    assert "No training has finished an epoch yet" in page.title[0].value
    assert "python -m segcore train" in page.code[0].value


def test_curves_are_smoothed_over_the_raw_line(page: AppTest, camvid: Path) -> None:
    make_run("unet", camvid, epochs=4)
    page.run()
    before = charts(page)["Loss over training"]["data"]
    labelled(page.slider, "Smoothing").set_value(0.5)
    labelled(page.toggle, "Log axis for loss and learning rate").set_value(True).run()
    assert not page.exception
    after = charts(page)["Loss over training"]
    assert len(after["data"]) == len(before) + 2  # a faint line behind each
    assert after["layout"]["yaxis"]["type"] == "log"
    assert charts(page)["Mean IoU over training"]["layout"]["yaxis"].get("type") != "log"
    open_part(page, "Runs")
    assert labelled(open_part(page, "Curves").slider, "Smoothing").value == 0.5


def test_seeds_of_one_recipe_are_one_curve(page: AppTest, camvid: Path) -> None:
    for epochs in (2, 3, 4):  # three runs of one recipe
        run = make_run("unet", camvid, epochs=epochs)
        recipe = {**run.record["recipe"], "seed": epochs}
        RunWriter.reopen(run).save_manifest(recipe=recipe, seed=epochs)
    page.run()
    chooser = labelled(page.multiselect, "Runs side by side")
    chooser.set_value([run.name for run in runs.list_runs()]).run()
    assert not page.exception
    lines = charts(page)["Mean IoU over training"]["data"]
    assert [line["name"] for line in lines if line.get("name")][-1] == "U-Net quick, 3 seeds"
    labelled(page.toggle, "Seeds of one recipe as mean and band").set_value(False).run()
    assert (
        len({line["legendgroup"] for line in charts(page)["Mean IoU over training"]["data"]}) == 3
    )


def test_classes_are_shown_by_when_they_were_learnt(page: AppTest, camvid: Path) -> None:
    for model in ("unet", "danet"):
        run = make_run(model, camvid, epochs=3)
        rows = [{"epoch": e, "road": 0.3 * e, "pole": 0.02} for e in (1, 2, 3)]
        if model == "unet":
            RunWriter.reopen(run).commit_epoch(
                {runs.CLASS_IOU: class_iou_csv(rows, run.label_space)}
            )
    open_part(page.run(), "Classes")
    assert "U-Net learnt road first (by epoch 3); never above 0.1: pole." in text(page)
    assert "DANet: not kept when it was trained." in text(page)


def test_a_keras_log_stands_beside_for_the_visit(page: AppTest, camvid: Path) -> None:
    make_run("unet", camvid, epochs=2)
    page.run()
    uploader = page.get("file_uploader")[0]
    log = b"epoch,accuracy,loss,val_accuracy,val_loss\n0,0.5,1.5,0.4,1.6\n1,0.6,1.2,0.5,1.3\n"
    uploader.set_value([("history.csv", log, "text/csv"), ("notes.csv", b"none", "text/csv")])
    page.run()
    assert not page.exception
    assert "history.csv" in {
        line.get("name") for line in charts(page)["Loss over training"]["data"]
    }
    assert "history.csv: training is 10 points ahead" in text(page)
    assert "notes.csv" in page.error[0].value
    assert len(runs.list_runs()) == 1  # nothing of it is kept
    open_part(page, "Classes")
    open_part(page, "Curves")
    assert "history.csv: training is 10 points ahead" in text(page)
    next(button for button in page.button if button.label == "Remove the logs").click().run()
    assert "history.csv" not in text(page)
