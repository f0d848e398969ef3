"""The admin's forms for models from elsewhere."""

from pathlib import Path

import pytest

from segcore import runs
from segcore.jobs import elsewhere
from segcore.jobs.admission import AdmissionError
from segcore.prediction import elsewhere as networks_elsewhere
from tests.factories import onnx_networks
from tests.factories.own_classes import write_plants
from tests.runs.test_added_masks import PLANTS, write_masks
from tests.studio.admin_visit import begin_anew, show, signed_in_page


@pytest.fixture(autouse=True)
def plants(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    begin_anew(monkeypatch)
    monkeypatch.setattr(networks_elsewhere, "_tried", onnx_networks.tried_here)
    spec = write_plants(tmp_path / "plants")
    monkeypatch.setenv("SEGCORE_DATA", spec)
    return spec


def test_masks_and_a_network_are_added(plants: str, tmp_path: Path) -> None:
    page = show(signed_in_page(), "Runs and champions")
    inputs = {box.label: box for box in page.text_input}
    inputs["Folder of masks on the server"].set_value(str(tmp_path / "nowhere"))
    inputs["Name of the model"].set_value("SegFormer")
    (data,) = (box for box in page.selectbox if box.label == "Data set")
    data.set_value("plants")
    press = next(button for button in page.button if button.label == "Add masks")
    press.click().run()
    assert "is no folder" in page.error[0].value and runs.list_runs() == []
    folder = write_masks(tmp_path / "masks", plants, PLANTS)
    next(box for box in page.text_input if box.label.startswith("Folder of masks")).set_value(
        str(folder)
    )
    next(button for button in page.button if button.label == "Add masks").click().run()
    assert not page.exception and not page.error
    assert [run.recipe for run in runs.list_runs()] == ["SegFormer"]

    net = onnx_networks.channels_last_probabilities(tmp_path / "net.onnx", len(PLANTS))
    inputs = {box.label: box for box in page.text_input}
    inputs["ONNX file on the server"].set_value(str(net))
    inputs["Classes"].set_value(str(tmp_path / "plants" / "classes.json"))
    inputs["Mean"].set_value("120, 110, 100")
    inputs["Standard deviation"].set_value("60 50 55")
    sizes = {box.label: box for box in page.number_input}
    sizes["Height"].set_value(24)
    sizes["Width"].set_value(32)
    next(button for button in page.button if button.label == "Add network").click().run()
    assert not page.exception and not page.error
    assert {run.kind for run in runs.list_runs()} == {"masks", "onnx"}


def test_visitors_add_nothing(plants: str, tmp_path: Path) -> None:
    folder = write_masks(tmp_path / "masks", plants, PLANTS)
    with pytest.raises(AdmissionError):
        elsewhere.add_masks(str(folder), plants, "val", "SegFormer", None)
    with pytest.raises(AdmissionError):
        elsewhere.add_onnx(str(folder), "cityscapes", (24, 32), (0, 0, 0), (1, 1, 1), None)
    assert runs.list_runs() == []
