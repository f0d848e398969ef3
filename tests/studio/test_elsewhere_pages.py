"""A network beside what came from elsewhere: what pages show of it, and what masks cannot do."""

import shutil
from pathlib import Path

import pytest
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest, app_test

from segcore.evaluation import evaluate
from segcore.evaluation.predictions import predict_split
from segcore.prediction import elsewhere
from segcore.runs import Run
from segcore.runs.added_masks import add_masks
from segcore.runs.data_sets import data_sets, read_identity
from studio import choices
from studio.server import api
from tests.factories import onnx_networks
from tests.factories.fake_runs import make_run
from tests.factories.own_classes import space_of, write_plants
from tests.runs.test_added_masks import PLANTS, write_masks
from tests.studio.drawn_pages import open_part, text, when_done
from tests.studio.test_own_classes_pages import ROOT, viewers

pytestmark = pytest.mark.usefixtures("networks_made_once")

DECLINED = "holds masks of one split and no network, so it cannot"


@pytest.fixture(autouse=True)
def masks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(PagesManager, "uses_pages_directory", False)
    monkeypatch.setattr(app_test, "PagesManager", type("Navigated", (PagesManager,), {}))
    spec = write_plants(tmp_path / "plants")
    monkeypatch.setenv("SEGCORE_DATA", spec)
    network = make_run("unet-plants-20250101-000000-aaaa", space=space_of(spec), spec=spec)
    masks = add_masks(write_masks(tmp_path / "masks", spec, PLANTS), spec, "val", "SegFormer")
    for run in (network, masks):
        evaluate(run, spec, "val")
        predict_split(run, spec, "val")
    read_identity(spec)
    return masks


def open_page(name: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "dashboard.py"), default_timeout=120)
    app.query_params["data"] = next(one.slug for one in data_sets() if one.layout == "folders")
    app.run()
    if name != "overview":
        app.switch_page(f"pages/{name}.py")
        app.run()
    assert not app.exception
    return when_done(app)


def test_masks_are_compared_image_by_image() -> None:
    app = open_page("compare")
    (viewer,) = viewers(app)
    panels = {panel["id"]: panel for panel in viewer["panels"]}
    assert panels["a"]["confidence"] and panels["b"]["title"] == "B · SegFormer"
    assert panels["b"]["mask"] and panels["b"]["confidence"] is None
    assert "SegFormer" in text(app)


def test_masks_are_scored_and_what_they_cannot_do_is_said() -> None:
    app = open_page("evaluate")
    assert "SegFormer" in text(app) and DECLINED not in text(app)
    assert "says nothing of its confidence" in text(open_part(app, "Confidence"))
    for part in ("Robustness", "Cost"):
        assert DECLINED in text(open_part(app, part)), part


def test_no_photo_is_given_to_masks(masks: Run) -> None:
    app = open_page("upload")
    assert f"{DECLINED} label a photo" in text(app)
    assert masks.name not in [model["run"] for model in api.models()["models"]]


def test_pages_take_a_network_from_elsewhere(
    tmp_path: Path, masks: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(elsewhere, "_tried", onnx_networks.tried_here)
    net = onnx_networks.channels_last_probabilities(tmp_path / "net.onnx", len(PLANTS))
    run = elsewhere.add_onnx(net, str(tmp_path / "plants" / "classes.json"), (24, 32))
    shutil.rmtree(masks.path)
    evaluate(run, f"folders:{tmp_path / 'plants'}", "val")
    assert "A network that was trained elsewhere" in text(open_page("overview"))
    (viewer,) = viewers(open_page("compare"))
    (panel,) = (panel for panel in viewer["panels"] if panel["title"] == "B · net")
    assert panel["mask"] and panel["confidence"]
    app = open_page("upload")
    assert not app.exception and DECLINED not in text(app)
    assert run.name in [model["run"] for model in api.models()["models"]]


def test_masks_are_not_offered_for_other_data(tmp_path: Path, masks: Run) -> None:
    other = write_plants(tmp_path / "others")
    (tmp_path / "others" / "val" / "images" / "bed0_000.png").unlink()
    (tmp_path / "others" / "val" / "masks" / "bed0_000.png").unlink()
    read_identity(other)
    known = data_sets()[1]
    assert masks.name in choices.comparable_runs(known)
    changed = type(known)(other, "others", read_identity(other), None)
    assert masks.name not in choices.comparable_runs(changed)
