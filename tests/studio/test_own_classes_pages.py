"""Every page shows data of somebody's own classes by their names and colours, and no others."""

import json
from pathlib import Path
from typing import Any

import pytest
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest, app_test

from segcore.data.preparation.counting import count_split
from segcore.evaluation import evaluate
from segcore.evaluation.predictions import predict_split
from segcore.labels.merge_syntax import merging
from segcore.runs.data_sets import data_sets, read_identity
from studio.server import api
from tests.factories.fake_runs import make_run
from tests.factories.own_classes import CLASSES, foreign_words, space_of, write_plants
from tests.studio.drawn_pages import open_part, when_done

pytestmark = pytest.mark.usefixtures("networks_made_once")

ROOT = Path(__file__).resolve().parents[2]
PAGES: dict[str, tuple[str, ...]] = {
    "overview": (),
    "dataset": ("Effect on scores", "One class", "Pictures"),
    "training": (),
    "compare": (),
    "evaluate": ("Mistakes",),
    "upload": (),
}
"""Each with the parts that are opened beside its first."""


@pytest.fixture(autouse=True)
def plants(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The data set, counted, with two runs that are scored on it; and one run of other classes."""
    monkeypatch.setattr(PagesManager, "uses_pages_directory", False)
    monkeypatch.setattr(app_test, "PagesManager", type("Navigated", (PagesManager,), {}))
    spec = write_plants(tmp_path / "plants")
    monkeypatch.setenv("SEGCORE_DATA", spec)
    make_run("unet-camvid-20250101-000000-cccc")
    for seed, letter in enumerate("ab"):
        name = f"unet-plants-20250101-000000-{letter * 4}"
        run = make_run(name, seed=seed, space=space_of(spec), spec=spec)
        evaluate(run, spec, "val")
        predict_split(run, spec, "val")
    for split in ("train", "val"):
        count_split(spec, split)
    read_identity(spec)
    return spec


def open_page(name: str, **address: str) -> AppTest:
    slug = next(one.slug for one in data_sets() if one.layout == "folders")
    app = AppTest.from_file(str(ROOT / "dashboard.py"), default_timeout=120)
    address["data"] = slug
    for key, value in address.items():
        app.query_params[key] = value
    app.run()
    if name != "overview":
        app.switch_page(f"pages/{name}.py")
        for key, value in address.items():
            app.query_params[key] = value
        app.run()
    assert not app.exception
    return when_done(app)


def sent(block: Any) -> str:
    """All that the browser is sent of a part of the page, but for pictures."""
    inner = getattr(block, "children", None)
    if inner is not None:
        return "\n".join(map(sent, inner.values()))
    return str(getattr(block, "proto", ""))


def viewers(app: AppTest) -> list[dict[str, Any]]:
    found = [json.loads(element.proto.json) for element in app.get("bidi_component")]
    return [one for one in found if "panels" in one]


def test_the_api_lists_the_labels_of_each_model() -> None:
    listed = api.models()
    named = {
        model["run"]: [label["name"] for label in model.get("labels", listed["labels"])]
        for model in listed["models"]
    }
    for run, names in named.items():
        assert ("sidewalk" in names) == ("camvid" in run)
        assert (names == list(CLASSES)) == ("plants" in run)


def test_pages_know_the_classes_and_no_others() -> None:
    for page, parts in PAGES.items():
        app = open_page(page)
        texts = [sent(app.main)]
        for part in parts:
            open_part(app, part)
            texts.append(sent(app.main))
        said = "\n".join(texts)
        assert foreign_words(said) == [], page
        if page not in ("training", "upload"):
            assert any(name in said for name in CLASSES), page
        for viewer in viewers(app):
            assert {label["name"]: label["color"] for label in viewer["labels"]} == CLASSES
            assert viewer["palette"] != "Cityscapes"
        # Runs of other classes are not offered.
        assert [len(box.options) for box in app.sidebar.selectbox[1:]] == [2, 2]


def test_a_run_of_merged_classes_is_compared_by_them(plants: str) -> None:
    map_ = merging(space_of(plants), ["leaf,stem=plant; rest=ground"], ["pot"])
    run = make_run("unet-plants-20250101-000000-dddd", merged=map_, spec=plants)
    evaluate(run, plants, "val")
    predict_split(run, plants, "val")
    both = {"a": "unet-plants-20250101-000000-aaaa", "b": run.name}
    for page in ("overview", "compare", "evaluate", "training", "upload"):
        app = open_page(page, **both)
        said = [sent(app.main)]
        for part in PAGES[page]:
            open_part(app, part)
            assert not app.exception
            said.append(sent(app.main))
        for viewer in viewers(app):
            assert {label["name"] for label in viewer["labels"]} >= {"plant", "ground"}
            assert "leaf" not in {label["name"] for label in viewer["labels"]}
        if page == "evaluate":
            assert "plant" in said[0] and "merged-2" in said[0]
            assert "tells more classes apart" in said[1]
    app = open_page("dataset", **both)
    open_part(app, "Effect on scores")
    assert not app.exception
