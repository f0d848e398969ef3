"""The pages as a visitor uses them, on made data and networks with random weights."""

import base64
import io
import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from segcore.evaluation import evaluate, stored_evaluation
from segcore.evaluation.image_search import iou_of_each
from segcore.images import encode_png
from segcore.jobs import registration
from segcore.jobs.admission import ADMISSIONS
from segcore.labels import CITYSCAPES, IDS
from segcore.prediction.inference import Predictor
from segcore.runs import Run
from studio import address
from studio.compare import looking_ahead
from studio.viewer import Panel
from studio.viewer.viewer import SHOWN_PIXELS, payload, shown_size
from studio.widgets import charts
from tests.factories.made_data import id_mask, slug, val_digest, write_picture
from tests.studio.drawn_pages import RUN_A, RUN_B, open_page, viewer_data, when_done

pytestmark = pytest.mark.usefixtures("networks_made_once", "navigated")


def thumbnails(app: AppTest) -> list[dict[str, Any]]:
    """The images that can be chosen, in their order."""
    sent = [json.loads(element.proto.json) for element in app.get("bidi_component")]
    (found,) = (data["items"] for data in sent if "items" in data)
    return list(found)


# --- the choice in the sidebar -------------------------------------------------------------------


def test_without_runs_the_first_page_says_how_to_train_them() -> None:
    app = open_page("overview")
    assert "No trained run" in app.title[0].value
    assert "train --recipe quick-unet --data streets" in app.code[0].value


@pytest.mark.parametrize("link", ["camvid", "camvid:{folder}", "{slug}", "older-name-{digits}"])
def test_a_link_opens_the_same_data_set_and_runs(
    two_runs: tuple[Run, Run], camvid: Path, link: str
) -> None:
    """By what it is, whatever it was called; addresses of before have its layout or its place."""
    link = link.format(folder=camvid, slug=slug(camvid), digits=val_digest(camvid)[:8])
    app = open_page("overview", data=link, a=RUN_B, b=RUN_A)
    assert [box.value for box in app.sidebar.selectbox] == [slug(camvid), RUN_B, RUN_A]
    assert app.query_params["data"] == slug(camvid)
    assert not app.toast


def test_a_link_to_data_that_have_changed_says_so(two_runs: tuple[Run, Run], camvid: Path) -> None:
    link = slug(camvid)
    shutil.copy(camvid / "train" / "film0_004.png", camvid / "val" / "film0_000.png")
    app = open_page("overview", data=link)
    assert app.query_params["data"] == slug(camvid) != link
    assert "other images now" in app.toast[0].value


def test_the_choice_is_kept_in_the_address_and_on_the_next_page(
    two_runs: tuple[Run, Run], camvid: Path
) -> None:
    app = open_page("overview", data="camvid")
    assert app.query_params["a"] == RUN_A and app.query_params["b"] == RUN_B
    app.sidebar.selectbox(key=address.B).set_value(RUN_A).run()
    assert app.query_params["b"] == RUN_A
    app.switch_page("pages/compare.py").run()
    assert app.sidebar.selectbox(key=address.B).value == RUN_A
    assert app.query_params["data"] == slug(camvid) and app.query_params["b"] == RUN_A


def test_a_link_to_a_run_that_is_gone_says_so(two_runs: tuple[Run, Run]) -> None:
    app = open_page("overview", data="camvid", a="unet-camvid-19990101-000000-0000")
    assert app.sidebar.selectbox(key=address.A).value == RUN_A
    assert "is not here" in app.toast[0].value


def test_a_link_to_a_data_set_of_which_there_are_copies_by_now_shows_one(
    two_runs: tuple[Run, Run], camvid: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = camvid.with_name("copy")
    shutil.copytree(camvid, copy)
    monkeypatch.setenv("SEGCORE_DATA", f"camvid:{camvid} camvid:{copy}")
    app = open_page("overview", data="camvid", a=RUN_A, b=RUN_B)
    box = app.sidebar.selectbox(key=address.DATA)
    assert box.value == slug(camvid)
    assert box.options == ["Streets (built in)", "camvid", "copy"]  # by name, without a folder
    assert not app.toast


@pytest.mark.parametrize("link", [{"data": "kitti"}, {"data": "camvid", "image": "film9_000"}])
def test_a_link_to_data_or_a_picture_that_is_not_here_says_so(
    two_runs: tuple[Run, Run], link: dict[str, str]
) -> None:
    app = open_page("compare", **link)
    assert not app.exception
    assert f"{list(link.values())[-1]} is not here" in app.toast[0].value


def test_a_data_set_that_is_elsewhere_is_named_and_streets_offered(
    two_runs: tuple[Run, Run], camvid: Path
) -> None:
    camvid.rename(camvid.with_name("moved"))
    app = open_page("compare", data="camvid")
    assert "camvid are not on this machine" in app.warning[0].value
    assert str(camvid.parent) not in app.warning[0].value
    assert "\n" not in app.warning[0].value
    app.button[0].click().run()
    assert app.sidebar.selectbox(key=address.DATA).value == "streets"


def test_data_whose_masks_may_mean_other_classes_is_marked_until_an_admin_has_looked(
    camvid: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, path in enumerate(sorted(camvid.glob("*annot/*.png"))):
        write_picture(path, id_mask(number, 24, 32, [0, 1, 2]))
    monkeypatch.setenv("SEGCORE_DATA", f"camvid:{camvid}")
    app = open_page("overview", data="camvid")
    assert "camvid may not be what it is shown as" in app.warning[0].value
    assert "sky, building, pole" in app.warning[0].value
    app.sidebar.selectbox(key=address.DATA).set_value("streets").run()
    assert not app.warning
    registration.register(str(camvid), ADMISSIONS.issue("tester"), confirmed=True)
    app.sidebar.selectbox(key=address.DATA).set_value(slug(camvid)).run()
    assert not app.warning


# --- compare -------------------------------------------------------------------------------------


def test_compare_shows_the_picture_of_the_address_and_steps_on(
    two_runs: tuple[Run, Run],
) -> None:
    app = open_page("compare", data="camvid", image="film0_002")
    assert app.query_params["image"] == "film0_002"
    table = app.dataframe[0].value
    assert table["difference"].to_numpy() == pytest.approx(table["a"] - table["b"])
    next(button for button in app.button if button.label == "Next").click().run()
    assert app.query_params["image"] == "film1_001"


def test_compare_shows_the_images_of_the_test_split_where_that_is_asked_for(
    two_runs: tuple[Run, Run], camvid: Path
) -> None:
    for kind in ("", "annot"):
        shutil.copytree(camvid / f"train{kind}", camvid / f"test{kind}")
    app = open_page("compare", data="camvid", split="test")
    keys = [item["key"] for item in thumbnails(app)]
    assert len(keys) == 6 and app.query_params["image"] == keys[0]
    assert app.query_params["split"] == "test"


def test_pictures_are_found_by_gap_worst_class_and_draw(
    two_runs: tuple[Run, Run], camvid: Path
) -> None:
    for run in two_runs:
        evaluate(run, run.spec, "val")
    a, b = (stored_evaluation(run, val_digest(camvid), "val") for run in two_runs)
    assert a is not None and b is not None
    gaps = iou_of_each(a.matrices, None) - iou_of_each(b.matrices, None)
    best = a.keys[int(np.argmax(gaps))]
    app = open_page("compare", data="camvid", sort="Largest gap A − B")
    assert f"`{best}`, 1 of 3" in app.markdown[0].value  # the first one, where none is named
    assert thumbnails(app)[0]["caption"] == f"{gaps.max():+.3f} · {best}"

    app.selectbox(key="sort").set_value("Random").run()
    draws = []
    for draw in (0, 1):
        app.number_input(key="draw").set_value(draw).run()
        draws.append(tuple(item["key"] for item in thumbnails(app)))
    assert len(set(draws)) > 1 and all(sorted(draw) == sorted(a.keys) for draw in draws)
    again = open_page("compare", data="camvid", sort="Random", draw="1", image=best)
    assert tuple(item["key"] for item in thumbnails(again)) == draws[1]
    assert again.query_params["image"] == best

    again.selectbox(key="holds").set_value("car").run()
    assert not again.exception
    shares = a.matrices[:, IDS["car"]].sum(axis=1) / a.matrices.sum(axis=(1, 2))
    assert len(thumbnails(again)) == (shares > 0).sum()


def test_the_picture_is_looked_at_more_closely(two_runs: tuple[Run, Run]) -> None:
    app = open_page("compare", data="camvid")
    plain = viewer_data(app, "compare")["panels"][-1]["confidence"]
    app.toggle(key="augmented").set_value(True).run()
    augmented = viewer_data(app, "compare")["panels"][-1]["confidence"]
    assert augmented != plain
    app.button_group(key="resolution").set_value("The image's own").run()
    assert not app.exception and not app.error
    tiled = viewer_data(app, "compare")["panels"][-1]
    assert tiled["mask"] and tiled["entropy"] is None  # which tiles do not add up to


def test_the_next_picture_is_labelled_while_this_one_is_looked_at(
    two_runs: tuple[Run, Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page("compare", data="camvid")
    first = viewer_data(app, "compare")["photo"]
    looking_ahead._worker.submit(lambda: None).result()  # after what it was at
    monkeypatch.setattr(Predictor, "predict", lambda *_: pytest.fail("labelled when clicked"))
    (button,) = (button for button in app.button if button.label == "Next")
    button.click().run()
    assert not app.exception and not app.error
    shown = viewer_data(app, "compare")
    assert shown["photo"] != first
    assert all(panel["mask"] for panel in shown["panels"] if panel["id"] in "ab")


def test_the_split_is_labelled_once_to_say_who_is_right_in_it(two_runs: tuple[Run, Run]) -> None:
    app = open_page("compare", data="camvid")
    (button,) = (button for button in app.button if button.label == "Label them all")
    app = when_done(button.click().run())
    assert not app.exception
    shares = [float(card.value.split()[0]) for card in app.metric[:4]]
    assert sum(shares) == pytest.approx(100, abs=2)
    of_split = [float(card.delta.split()[0]) for card in app.metric[:4]]
    assert sum(of_split) == pytest.approx(100, abs=2)


def test_a_run_is_compared_with_itself_at_two_epochs(two_runs: tuple[Run, Run]) -> None:
    run, size = two_runs[0], (24, 32)
    folder = run.path / "snapshots"
    folder.mkdir(exist_ok=True)
    index = {"keys": ["film1_001"], "height": size[0], "width": size[1]}
    (folder / "index.json").write_text(json.dumps(index))
    for epoch, label in ((1, IDS["road"]), (3, IDS["sky"])):
        (folder / f"epoch-{epoch:04}.png").write_bytes(encode_png(np.full(size, label, np.uint8)))
    app = open_page("compare", data="camvid", a=RUN_A, b=RUN_A)
    assert app.query_params["image"] == "film1_001"  # the one that masks were kept of
    sent = {panel["id"]: panel for panel in viewer_data(app, "compare")["panels"]}
    assert (decoded(sent["a"]["mask"]) == IDS["road"]).all()
    assert (decoded(sent["b"]["mask"]) == IDS["sky"]).all()
    assert "epoch 1" in sent["a"]["title"] and "epoch 3" in sent["b"]["title"]


def test_a_run_against_itself_is_level(two_runs: tuple[Run, Run]) -> None:
    app = open_page("compare", data="camvid", a=RUN_A, b=RUN_A)
    assert "level" in app.title[0].value
    assert (app.dataframe[0].value["difference"] == 0).all()


def test_damaged_weights_are_one_line_on_the_page(two_runs: tuple[Run, Run]) -> None:
    weights = two_runs[1].path / "best.weights.h5"
    weights.write_bytes(weights.read_bytes()[:1000])
    app = open_page("compare", data="camvid")
    assert RUN_B in app.error[0].value and "best.weights.h5" in app.error[0].value


# --- upload --------------------------------------------------------------------------------------


def test_a_photo_is_labelled_by_both_and_can_be_downloaded(two_runs: tuple[Run, Run]) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (30, 50, 3), np.uint8)
    app = open_page("upload", data="camvid")
    app.file_uploader[0].upload("holiday.png", encode_png(photo), "image/png").run()
    assert not app.exception and not app.error
    assert "label" in app.title[0].value or "differ" in app.title[0].value
    table = app.dataframe[0].value
    assert table["a"].sum() == pytest.approx(100, abs=1)
    assert len(app.download_button) == 8
    assert "holiday" not in json.dumps(viewer_data(app, "upload"))


def test_the_example_takes_the_place_of_a_photo(two_runs: tuple[Run, Run]) -> None:
    app = open_page("upload", data="camvid")
    app.file_uploader[0].upload("photo.jpg", b"not an image", "image/jpeg").run()
    next(button for button in app.button if "example" in button.label).click().run()
    assert not app.error and not app.exception
    assert len(app.download_button) == 8


def test_a_file_that_is_no_picture_is_refused_in_one_line(two_runs: tuple[Run, Run]) -> None:
    app = open_page("upload", data="camvid")
    app.file_uploader[0].upload("photo.jpg", b"not an image", "image/jpeg").run()
    assert not app.exception
    assert "use JPEG, PNG" in app.error[0].value and "\n" not in app.error[0].value


# --- the viewer ----------------------------------------------------------------------------------


def decoded(address: str) -> np.ndarray:
    """The values of a PNG as a browser decodes it, (H, W) uint8."""
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))))


def test_masks_and_confidences_reach_the_browser_without_loss() -> None:
    random = np.random.default_rng(0)
    mask = random.integers(0, 34, (1024, 2048), np.uint8)
    confidence = random.random((200, 400), np.float32)
    panel = Panel("a", "A", mask, confidence=confidence, entropy=1 - confidence)
    (sent,) = payload("test", np.zeros((1024, 2048, 3), np.uint8), [panel], CITYSCAPES)["panels"]
    assert (decoded(sent["mask"]) == mask).all()
    assert np.abs(decoded(sent["confidence"]) / 255 - confidence).max() <= 0.5 / 255 + 1e-6
    assert np.abs(decoded(sent["entropy"]) / 255 + confidence - 1).max() <= 0.5 / 255 + 1e-6


def test_a_picture_of_cityscapes_size_is_sent_in_less_than_3_mb() -> None:
    random = np.random.default_rng(0)
    photo = random.integers(0, 256, (1024, 2048, 3), np.uint8)  # no photograph is worse
    blocks = random.integers(0, 34, (64, 128), np.uint8).repeat(16, 0).repeat(16, 1)
    sure = random.random((32, 64)).astype(np.float32).repeat(8, 0).repeat(8, 1)
    panels = [Panel("a", "A", blocks, confidence=sure, entropy=sure) for _ in range(5)]
    assert len(json.dumps(payload("test", photo, panels, CITYSCAPES))) < 3e6


def test_a_large_photo_is_shown_smaller_in_its_proportions() -> None:
    height, width = shown_size(3000, 4000)
    assert height * width <= SHOWN_PIXELS * 1.01
    assert width / height == pytest.approx(4 / 3, rel=0.01)


def test_a_visit_draws_a_figure_once_and_anew_when_what_it_shows_changes() -> None:
    def page() -> None:
        import numpy as np

        from segcore.labels import CITYSCAPES
        from segcore.presentation import figures
        from studio.cache import drawn

        def curve(losses: list[float]) -> figures.Curve:
            rows = [{"epoch": i + 1, "loss": x, "val_loss": x} for i, x in enumerate(losses)]
            return figures.Curve("a run", "#123456", rows)

        first = drawn(figures.learning_curves, [curve([2.0])], "loss")
        assert drawn(figures.learning_curves, [curve([2.0])], "loss") is first
        longer = drawn(figures.learning_curves, [curve([2.0, 1.0])], "loss")
        assert list(longer.data[0].y) == [2, 1]
        matrix = np.eye(34)
        args = "#123456", [7, 8], CITYSCAPES.names
        shares = [drawn(figures.confusion, m, *args) for m in (matrix, matrix[::-1])]
        assert shares[0] is not shares[1]

    assert not AppTest.from_function(page).run(timeout=30).exception


def test_a_click_on_a_chart_that_is_sent_twice_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[dict[str, Any]] = []
    visit: dict[str, Any] = {}
    page = SimpleNamespace(session_state=visit, plotly_chart=lambda _, **given: drawn.append(given))
    monkeypatch.setattr(charts, "st", page)
    opened: list[dict[str, Any]] = []

    def click(chart: dict[str, Any], *points: dict[str, Any]) -> None:
        visit[chart["key"]] = SimpleNamespace(selection=SimpleNamespace(points=list(points)))
        chart["on_select"]()

    def show() -> dict[str, Any]:
        charts.show_clickable(go.Figure(), "Bars", "bars", opened.append)
        return drawn[-1]

    road, sky = {"y": "road"}, {"y": "sky"}
    first = show()
    click(first, road)
    click(first, road)  # as Streamlit does where a fragment's run overtakes the page's
    assert opened == [road]
    second = show()
    assert second["key"] != first["key"]
    click(second)  # forgotten by the browser
    click(second, road)
    click(show(), sky)
    assert opened == [road, road, sky]
