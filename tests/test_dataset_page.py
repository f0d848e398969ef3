"""The data set page as a visitor sees it."""

from pathlib import Path

import pytest
from made_data import id_mask, write_picture
from made_runs import make_run, stub_predictions
from streamlit.testing.v1 import AppTest

from pages.shared import state
from segcore import evaluation
from segcore.preparation import load_prepared, prepare

PAGE = str(Path(__file__).parent.parent / "pages" / "dataset.py")


@pytest.fixture
def page(camvid: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("SEGCORE_DATA", f"camvid:{camvid}")
    app = AppTest.from_file(PAGE, default_timeout=60)
    app.session_state[state.DATA] = "camvid"
    return app


def text(app: AppTest) -> str:
    kinds = (app.title, app.markdown, app.caption, app.success, app.warning, app.error)
    return "\n".join(element.value for kind in kinds for element in kind)


def test_the_first_line_says_what_dominates_and_what_starves(page: AppTest, camvid: Path) -> None:
    prepare(f"camvid:{camvid}")
    page.run()
    assert not page.exception
    assert "of the pixels" in page.title[0].value and "fewer than" in page.title[0].value
    metrics = {metric.label: metric.value for metric in page.metric}
    assert metrics["Imbalance ratio"].endswith(": 1")
    assert metrics["Classes present"] == "11 of 19"
    assert "Jensen-Shannon" in text(page)
    assert "Every sample can be used" in text(page)


def test_samples_are_filtered_by_class(page: AppTest, camvid: Path) -> None:
    mask = id_mask(9, 24, 32, [3])
    mask[:12] = 8  # bicyclist, in one more picture than the others
    write_picture(camvid / "valannot" / "film0_000.png", mask)
    prepare(f"camvid:{camvid}")
    page.run()
    page.button_group[0].set_value("val").run()
    (chooser,) = (box for box in page.selectbox if box.label == "Holds the class")
    chooser.select("road").run()
    assert not page.exception
    assert "Where road lives" in text(page)
    assert any(toggle.label == "Only this class's mask" for toggle in page.toggle)


def test_a_data_set_that_was_never_prepared_is_prepared_by_a_button(
    page: AppTest, camvid: Path
) -> None:
    page.run()
    assert "is not prepared" in page.title[0].value
    (button,) = (button for button in page.button if button.label == "Prepare now")
    button.click().run()
    assert not page.exception
    assert load_prepared(f"camvid:{camvid}") is not None
    assert "of the pixels" in page.title[0].value


def test_the_health_report_names_what_was_left_out(page: AppTest, camvid: Path) -> None:
    (camvid / "train" / "film0_000.png").write_bytes(b"no picture")
    prepare(f"camvid:{camvid}")
    page.run()
    assert "1 samples were left out" in text(page)
    assert "film0_000.png" in page.dataframe[0].value["What"][0]


def test_a_data_set_that_is_not_here_says_so(tmp_path: Path) -> None:
    make_run("unet", tmp_path / "gone")
    app = AppTest.from_file(PAGE, default_timeout=60)
    app.session_state[state.DATA] = "camvid"
    app.run()
    assert not app.exception
    assert "is not on this machine" in app.title[0].value
    assert "does not exist" in text(app)


def test_scored_runs_show_whether_imbalance_explains_their_errors(
    page: AppTest, camvid: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(f"camvid:{camvid}")
    stub_predictions(monkeypatch)
    for model in ("unet", "danet"):
        evaluation.evaluate(make_run(model, camvid), f"camvid:{camvid}", "val")
    page.run()
    assert not page.exception
    assert "Rank correlation" in text(page)
