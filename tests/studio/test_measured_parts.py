"""Robustness and cost on the Evaluate page; predictions and measurements are made up."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from segcore import evaluation
from segcore.data.preparation import native_samples
from segcore.evaluation import cost, labelling, robustness
from segcore.evaluation.corruptions import CORRUPTIONS, corrupt
from segcore.evaluation.cost import VERSION, Cost, Timing
from segcore.prediction.inference import Prediction, Timings
from segcore.presentation.sides import Side, runs_of
from segcore.runs import Run
from segcore.system.progress import Progress
from studio import address, engine
from studio.evaluate import cost as cost_part
from studio.widgets import side_by_side
from tests.factories.made_data import val_digest
from tests.factories.made_runs import LABEL_OF, make_run, stub_predictions
from tests.studio.test_evaluation_page import PAGE, open_part, text, when_done

Pair = tuple[Run, Run]


@pytest.fixture
def runs(camvid: Path, monkeypatch: pytest.MonkeyPatch) -> Pair:
    stub_predictions(monkeypatch)
    monkeypatch.setattr(robustness, "load_predictor", labelling.load_predictor)
    monkeypatch.setattr(engine, "wait", lambda *_: True)
    made = make_run("unet", camvid), make_run("danet", camvid)
    for run in made:
        evaluation.evaluate(run, f"camvid:{camvid}", "val")
    return made


@pytest.fixture
def page(runs: Pair) -> AppTest:
    app = AppTest.from_file(PAGE, default_timeout=60)
    app.session_state[address.DATA] = "camvid"
    return app.run()


@pytest.fixture
def labelled(monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """The images that the lab has had labelled."""
    seen: list[np.ndarray] = []

    def predict(sides: Sequence[Side], image: np.ndarray, *_: Any) -> list[Prediction]:
        seen.append(image)
        return [
            Prediction(
                np.full(image.shape[:2], LABEL_OF[run.model], np.uint8),
                np.full(image.shape[:2], 0.9, np.float32),
                Timings(0.0, 5.0, 0.0),
                np.zeros((1, 1, 34), np.float32),
            )
            for run in runs_of(sides)
        ]

    monkeypatch.setattr(side_by_side, "predict", predict)
    return seen


def test_an_image_is_corrupted_as_asked_and_labelled(
    page: AppTest, labelled: list[np.ndarray], camvid: Path
) -> None:
    open_part(page, "Robustness")
    (corruption,) = (group for group in page.button_group if group.key == "lab_corruption")
    corruption.set_value("rain")
    (slider,) = (s for s in page.select_slider if s.key == "lab_severity")
    slider.set_value(5)
    (images,) = (s for s in page.selectbox if s.key == "lab_image")
    samples = native_samples(f"camvid:{camvid}", "val")
    images.set_value(samples.keys[2]).run()
    assert not page.exception
    clean, shown = labelled[-2:]
    assert np.array_equal(clean, samples[2].image)
    assert np.array_equal(shown, corrupt(samples[2].image, "rain", 5, seed=2))
    metrics = [metric for metric in page.metric if "of this image" in metric.label]
    assert [metric.delta for metric in metrics] == ["+0.000 against the image as it is"] * 2


@pytest.mark.usefixtures("labelled")
def test_the_split_is_measured_by_a_button_and_stays(
    page: AppTest, runs: Pair, monkeypatch: pytest.MonkeyPatch, camvid: Path
) -> None:
    few = {name: CORRUPTIONS[name] for name in ("contrast", "JPEG")}
    monkeypatch.setattr(robustness, "CORRUPTIONS", few)
    open_part(page, "Robustness")
    assert "Not measured for U-Net and DANet yet: 3 images" in text(page)
    (button,) = (button for button in page.button if button.label == "Measure the split")
    when_done(button.click().run())
    assert not page.exception
    assert "Not measured" not in text(page)
    assert "as it is. It keeps 100 % on average" in text(page)
    table = page.dataframe[0].value.set_index(["Corruption", "Run"])
    clean = evaluation.stored_evaluation(runs[1], val_digest(camvid), "val")
    assert clean is not None
    assert table.loc[("JPEG", "B · DANet"), "Severity 5"] == clean.report()["mean_iou"]


@pytest.mark.usefixtures("runs")
def test_costs_are_measured_by_a_button_and_named_with_their_machine(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def measure(run: Run, progress: Progress) -> None:
        timings = tuple(
            Timing(batch, 24, 32, 8, 10.0 * batch, 12.5 * batch, 100.0, 600_000_000)
            for batch in (1, 4)
        )
        known = Cost(
            run.name, str(run.weights_hash), VERSION, "2026-01-02T03:04:05+00:00",
            "an abacus, 2 CPU cores, 1 GB", 2_500_000_000, timings,
        )  # fmt: skip
        cost._write(run, known)

    monkeypatch.setattr(cost_part, "measure_apart", measure)
    open_part(page, "Cost")
    (row, _) = page.dataframe[0].value.to_dict("records")
    assert row["Parameters"] == 7_800_000 and np.isnan(float(row["p50, ms"] or "nan"))
    (button,) = (button for button in page.button if button.label == "Measure them")
    when_done(button.click().run())
    assert not page.exception
    (row, _) = page.dataframe[0].value.to_dict("records")
    assert (row["p50, ms"], row["p95, ms"], row["Operations, billions"]) == (10.0, 12.5, 2.5)
    assert "Measured on an abacus, 2 CPU cores, 1 GB, on 02 Jan 2026" in text(page)
    timings = page.dataframe[1].value
    assert list(timings["Batch"]) == [1, 4, 1, 4]
    assert "not measured on this machine" not in text(page)
