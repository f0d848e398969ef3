"""Overview: the question, the verdict, both networks, and its stations when presented."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from segcore.evaluation import evaluate, stored_evaluation
from segcore.runs import Run, get_run
from studio import choices
from studio.widgets.parts import PART
from studio.widgets.presenting import STATIONS
from tests.factories.made_data import val_digest
from tests.studio.drawn_pages import PANELS, RUN_A, open_page, viewer_data, when_done

pytestmark = pytest.mark.usefixtures("networks_made_once", "navigated")


def test_the_overview_begins_with_the_verdict_and_its_policy(
    two_runs: tuple[Run, Run], camvid: Path
) -> None:
    for run in two_runs:
        evaluate(run, run.spec, "val")
    app = open_page("overview", data="camvid")
    stored = [stored_evaluation(run, val_digest(camvid), "val") for run in two_runs]
    scores = [one.report()["mean_iou"] for one in stored if one is not None]
    for score, metric in zip(scores, app.metric[:2], strict=True):
        assert f"{score:.3f}" in app.title[0].value
        assert metric.value == f"{score:.3f}"
    assert "camvid-11" in app.caption[0].value
    assert "3 images at 32x24" in app.caption[0].value
    assert [panel["id"] for panel in viewer_data(app, "overview")["panels"]] == PANELS


def test_the_overview_draws_both_networks_and_says_what_mean_iou_is(
    two_runs: tuple[Run, Run],
) -> None:
    for run in two_runs:
        evaluate(run, run.spec, "val")
    app = open_page("overview", data="camvid")
    assert any("names the class of every pixel" in element.value for element in app.markdown)
    assert any("Intersection over union" in element.value for element in app.markdown)
    assert len(app.get("plotly_chart")) == 3  # intersection over union and a drawing of each


def test_a_figure_waits_for_pandas_that_another_thread_imports() -> None:
    """Plotly asks half-imported pandas for what it has not yet, on the first page of a server."""
    program = """
import sys, threading, time
from importlib.abc import MetaPathFinder

begun = threading.Event()

class Slow(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "pandas.core":
            begun.set()
            time.sleep(1)

from segcore.presentation import figures
from studio.cache.drawn import draw_now
assert "pandas" not in sys.modules
sys.meta_path.insert(0, Slow())
thread = threading.Thread(target=lambda: __import__("pandas"))
thread.start()
begun.wait(60)
draw_now(figures.home_and_away, ([("A", "#2d6cec", {"here": 0.5})],))
thread.join()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_runs_that_are_not_scored_yet_are_shown_without_a_verdict(
    two_runs: tuple[Run, Run],
) -> None:
    app = open_page("overview", data="camvid")
    assert not app.metric
    assert any("not known yet" in element.value for element in app.markdown)
    assert [panel["id"] for panel in viewer_data(app, "overview")["panels"]] == PANELS


@pytest.mark.parametrize(
    "number",
    # Curves need histories: the browser's presenter sees those of the shipped runs.
    [number for number, one in enumerate(STATIONS, start=1) if one.part != "Curves"],
)
def test_a_station_shows_its_part_of_its_page_in_large_type(
    two_runs: tuple[Run, Run], number: int
) -> None:
    station = STATIONS[number - 1]
    address = {"data": "camvid", "present": str(number)}
    if station.part:
        address["part"] = station.part
    app = when_done(open_page(Path(station.page).stem, **address))  # classes are counted first
    said = "\n".join(element.value for element in app.markdown)
    assert station.sentence in said and station.notes in said
    if station.part:
        assert [group.value for group in app.button_group if group.key == PART] == [station.part]
    drawn = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
    assert all(figure["layout"]["font"]["size"] >= 18 for figure in drawn)


@pytest.mark.parametrize("number", ["0", "8", "-1", "x", "\u00b2", "9" * 5000])
def test_an_address_of_no_station_shows_the_page_as_always(
    two_runs: tuple[Run, Run], number: str
) -> None:
    app = open_page("overview", data="camvid", present=number)
    assert not any(" of 7 · " in element.value for element in app.markdown)
    assert any(element.value == "Look further" for element in app.header)


def test_an_earlier_training_on_the_same_data_has_the_same_name(
    two_runs: tuple[Run, Run], camvid: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Early runs did not record what their data was; at the run's own place it is the run's."""
    monkeypatch.setenv("SEGCORE_DATA", f"camvid:{camvid}")
    run = two_runs[0]
    data = {**run.record["data"], "spec": "camvid:/moved/since"}
    stage = {"run": "earlier", "dataset": "camvid", "recipe": {"name": "r"}, "epochs": 3}
    stage |= {"seconds": 60.0, "data": {"spec": data["spec"], "digests": {}}}
    data["digests"] = {"val": val_digest(camvid)}
    (run.path / "run.json").write_text(
        json.dumps({**run.record, "data": data, "start_from": stage})
    )
    when_done(open_page("overview", data="camvid"))  # reads what the data is
    here = choices.name_at(f"camvid:{camvid}")
    assert choices.earlier_trainings(get_run(RUN_A)).endswith(f"60 s on {here}.")
