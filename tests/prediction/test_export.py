"""A network taken home: each format gives Keras' labels where Keras is not, or is refused."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from PIL import Image

from segcore.cli import main
from segcore.data.sources.streets import render_scene
from segcore.errors import RunError
from segcore.models.attention import ChannelAttention, PositionAttention
from segcore.models.blocks import ResizeTo
from segcore.models.even_light import EvenLight
from segcore.prediction.engines import keras_engine
from segcore.prediction.export import FORMATS, exported_network, own_process
from segcore.prediction.loading import load_predictor
from segcore.runs import Run
from tests.factories.fake_runs import make_run

SIZE = (20, 36)
"""Of images; the network wants multiples of 8."""


@pytest.fixture(autouse=True)
def attentive(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every run has a network of few weights with all that could be lost: what sees the whole
    image, both attentions, and a resizing to the size of the input."""

    def build(run: Run, input_size: tuple[int, int] | None) -> Any:
        keras.utils.set_random_seed(0)
        image = keras.Input((*(input_size or (None, None)), 3))
        x = keras.layers.Rescaling(1 / 60, offset=-2)(EvenLight()(image))
        features = keras.layers.Conv2D(16, 8, 8, padding="same")(x)
        position, channel = PositionAttention(), ChannelAttention()
        attended = [position(features), channel(features)]
        for share in (position.alpha, channel.beta):
            share.assign(0.5)  # how much the attention counts: nothing at first
        spread = keras.initializers.RandomNormal(stddev=1)  # no two classes are alike
        x = keras.layers.Add()(attended)
        scores = keras.layers.Conv2D(34, 1, kernel_initializer=spread)(x)
        return keras.Model(image, keras.layers.Softmax()(ResizeTo()(scores, image)))

    for module in (keras_engine, exported_network):
        monkeypatch.setattr(module, "build_network", build)


def exported(run: Run, name: str, folder: Path, *options: str) -> Path:
    """The folder of the unpacked ZIP file."""
    target = folder / "out.zip"
    assert main(["runs", "export", run.name, str(target), "--format", name, *options]) == 0
    with zipfile.ZipFile(target) as archive:
        archive.extractall(folder)
    return folder / f"{run.name}-{name}"


def labels_of(folder: Path, image: np.ndarray) -> np.ndarray:
    """What the exported example makes of an image, in a process that knows nothing of segcore."""
    photo, labels = folder / "photo.png", folder / "labels.png"
    Image.fromarray(image).save(photo)
    example = [sys.executable, "-I", str(folder / "example.py"), str(photo), str(labels)]
    result = subprocess.run(example, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return np.asarray(Image.open(labels))


@pytest.mark.parametrize("name", FORMATS)
def test_an_export_labels_as_keras_does_by_its_own_runtime_alone(name: str, tmp_path: Path) -> None:
    run = make_run(size=SIZE)
    folder = exported(run, name, tmp_path)
    upright = render_scene(3, SIZE[::-1])[0]
    expected = load_predictor(run).predict(upright).labels
    assert len(np.unique(expected)) > 3
    assert np.mean(labels_of(folder, upright) == expected) >= 0.999
    check = json.loads((folder / "check.json").read_text())
    assert check["same_labels"] >= 0.999 and check["close"] >= 0.999
    assert "get the label that Keras gives" in (folder / "README.md").read_text()
    listed = json.loads((folder / "classes.json").read_text())["classes"]
    assert {"id": 7, "name": "road", "color": "#804080", "scored": True} in listed


def test_a_network_of_one_size_is_exported_at_it(tmp_path: Path) -> None:
    run = make_run(mode="stretch")
    folder = exported(run, "openvino", tmp_path, "--outputs", "probabilities")
    image = render_scene(3, (24, 32))[0]
    assert np.array_equal(labels_of(folder, image), load_predictor(run).predict(image).labels)
    readme = (folder / "README.md").read_text()
    assert "(any, 24, 32, 3) uint8" in readme and "`labels`" not in readme


def test_what_differs_from_keras_is_not_handed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run, build = make_run(), exported_network.build_network

    def mirrored(run: Run, input_size: tuple[int, int] | None) -> Any:
        network = build(run, input_size)
        return keras.Model(network.input, network.output[:, :, ::-1])

    monkeypatch.setattr(exported_network, "build_network", mirrored)
    target = tmp_path / "out.zip"
    assert main(["runs", "export", run.name, str(target), "--format", "saved_model"]) == 2
    said = capsys.readouterr().err
    assert "is not what Keras computes" in said and said.count("\n") == 1
    assert not target.exists()


def test_the_dashboard_has_exports_made_by_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run()
    assert own_process.stored_export(run, "zip") is None
    path = own_process.export_apart(run, "zip")
    assert own_process.stored_export(run, "zip") == path and zipfile.is_zipfile(path)
    other = make_run("unet-camvid-20250101-000000-ffff")
    (other.path / "best.weights.h5").write_bytes(b"damaged")
    with pytest.raises(RunError, match=r"best.weights.h5 does not match .*; restore the file"):
        own_process.export_apart(other, "zip")
    monkeypatch.setattr(own_process, "KEPT", 1)
    with pytest.raises(RunError):
        own_process.export_apart(other, "zip")
    assert own_process.stored_export(run, "zip") is None  # made room
