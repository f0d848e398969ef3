"""Networks from elsewhere: what is predicted with them, and what is refused."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from segcore import runs, settings
from segcore.cli import main
from segcore.errors import DataError, RunError
from segcore.evaluation import evaluate
from segcore.images import resize_image
from segcore.labels import CITYSCAPES, metrics
from segcore.prediction import elsewhere
from segcore.prediction.elsewhere import add_onnx
from segcore.prediction.export import instructions
from segcore.prediction.inference import AUGMENTED
from segcore.prediction.loading import load_fastest_predictor, load_predictor, serves_converted
from segcore.runs import Run
from segcore.training.session import train
from tests.factories import onnx_networks
from tests.factories.made_data import noise
from tests.factories.own_classes import space_of, write_plants
from tests.training.test_training import TINY

onnxruntime = pytest.importorskip("onnxruntime")

MEAN, STD = (120.0, 110.0, 100.0), (60.0, 50.0, 55.0)
SIZE = (32, 64)


@pytest.fixture(autouse=True)
def tried_here(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Starting a process takes seconds: one test of each outcome does."""
    if not any(name in request.node.name for name in ("of_its_own", "gigantic", "no mask")):
        monkeypatch.setattr(elsewhere, "_tried", onnx_networks.tried_here)


@pytest.fixture
def plants(tmp_path: Path) -> str:
    return write_plants(tmp_path / "plants")


@pytest.fixture
def classes(plants: str, tmp_path: Path) -> str:
    return str(tmp_path / "plants" / "classes.json")


def by_onnxruntime(path: Path, image: np.ndarray, layout: str) -> np.ndarray:
    """What the file's own runtime makes of an image (H, W, 3) uint8."""
    seen = ((image.astype(np.float32) - np.float32(MEAN)) / np.float32(STD))[None]
    seen = seen.transpose(0, 3, 1, 2) if layout == "nchw" else seen
    return onnxruntime.InferenceSession(path).run(None, {"image": seen})[0]


def doubled(planes: np.ndarray) -> np.ndarray:
    """(C, h, w) -> (C, 2h, 2w), bilinear about the same centres, edges repeated: by hand."""
    for axis in (1, 2):
        first, last = planes.take([0], axis), planes.take([-1], axis)
        before = np.concatenate([first, planes], axis).take(range(planes.shape[axis]), axis)
        after = np.concatenate([planes, last], axis).take(range(1, planes.shape[axis] + 1), axis)
        both = np.stack([planes * 0.75 + before * 0.25, planes * 0.75 + after * 0.25], axis + 1)
        shape = [*planes.shape]
        shape[axis] *= 2
        planes = both.reshape(shape)
    return planes


def softmax(planes: np.ndarray) -> np.ndarray:
    raised = np.exp(planes - planes.max(axis=0))
    return raised / raised.sum(axis=0)


def test_logits_at_half_the_size(classes: str, tmp_path: Path) -> None:
    path = onnx_networks.half_resolution_logits(tmp_path / "Their Net.onnx", 5, SIZE)
    run = add_onnx(path, classes, SIZE, MEAN, STD)
    assert run.kind == "onnx" and run.recipe == "Their Net" and run.parameters == 5 * 27
    assert run.manifest.onnx and run.manifest.onnx.output == "logits"
    assert run.preprocessing.mode == "stretch"
    image = noise(1, *SIZE)
    expected = softmax(doubled(by_onnxruntime(path, image, "nchw")[0]))
    found = load_predictor(run).predict(image)
    np.testing.assert_allclose(found.scores, expected.transpose(1, 2, 0), atol=1e-4)
    assert (found.labels == expected.argmax(axis=0)).mean() > 0.999
    other = noise(2, 100, 90)  # is stretched to the one size that the network takes
    assert load_predictor(run).predict(other, AUGMENTED).labels.shape == (100, 90)


def test_probabilities_with_channels_last(classes: str, tmp_path: Path) -> None:
    path = onnx_networks.channels_last_probabilities(tmp_path / "net.onnx", 5)
    run = add_onnx(path, classes, SIZE, MEAN, STD)
    assert run.manifest.onnx and run.manifest.onnx.output == "probabilities"
    assert (run.manifest.onnx.layout, run.preprocessing.mode) == ("nhwc", "fit")
    predictor = load_fastest_predictor(run)
    for image in (noise(1, *SIZE), noise(2, 64, 32)):
        expected = by_onnxruntime(path, image, "nhwc")[0]
        found = predictor.predict(image)
        np.testing.assert_allclose(found.scores, expected, atol=1e-4)
        assert (found.labels == expected.argmax(axis=-1)).mean() > 0.999
    assert serves_converted(run)
    pair = predictor.predict_batch([noise(1, *SIZE), noise(3, *SIZE)])
    assert (pair[1].labels == predictor.predict(noise(3, *SIZE)).labels).all()


def test_labels_are_scored_as_counted_by_hand(plants: str, classes: str, tmp_path: Path) -> None:
    path = onnx_networks.labels(tmp_path / "net.onnx", 5)
    run = add_onnx(path, classes, SIZE, MEAN, STD)
    assert run.manifest.onnx and run.manifest.onnx.output == "labels"
    image = noise(1, *SIZE)
    expected = by_onnxruntime(path, image, "nchw")[0].repeat(2, axis=0).repeat(2, axis=1)
    assert (load_predictor(run).predict(image).labels == expected).all()
    found = evaluate(run, plants, "val")
    assert not found.has_confidence and found.report()["ece"] is None
    assert found.is_complete and found.scores.mean_iou == metrics.mean_iou(found.matrix)


def test_scores_are_those_of_onnxruntime(plants: str, classes: str, tmp_path: Path) -> None:
    """Images of 24x32 stretched to the network's own size, and its probabilities back."""
    from segcore.data.preparation import native_samples

    path = onnx_networks.half_resolution_logits(tmp_path / "net.onnx", 5, (48, 64))
    run = add_onnx(path, classes, (48, 64), MEAN, STD)
    matrix, samples = np.zeros((5, 5), np.int64), native_samples(plants, "val")
    for index in range(len(samples)):
        seen = resize_image(samples[index].image, (48, 64))
        shares = softmax(doubled(by_onnxruntime(path, seen, "nchw")[0]))
        back = shares.reshape(5, 24, 2, 32, 2).mean(axis=(2, 4))  # bilinear to half the size
        matrix += metrics.confusion_matrix(
            samples[index].mask, back.argmax(axis=0).astype(np.uint8), space_of(plants)
        )
    found = evaluate(run, plants, "val")
    assert np.abs(found.matrix - matrix).sum() <= 4  # of 4,608 pixels: where two are level
    assert found.scores.mean_iou == pytest.approx(metrics.mean_iou(matrix), abs=2e-3)


def test_cityscapes_train_ids_become_label_ids(tmp_path: Path) -> None:
    path = onnx_networks.half_resolution_logits(tmp_path / "net.onnx", 19, SIZE)
    run = add_onnx(path, "cityscapes", SIZE, MEAN, STD)
    assert run.label_space == CITYSCAPES and run.manifest.onnx
    assert run.manifest.onnx.channels == list(CITYSCAPES.evaluated_ids)
    image = noise(1, *SIZE)
    train_ids = doubled(by_onnxruntime(path, image, "nchw")[0]).argmax(axis=0)
    labels = load_predictor(run).predict(image).labels
    assert (labels == np.array(CITYSCAPES.evaluated_ids)[train_ids]).mean() > 0.999


def test_the_classes_of_an_export_are_cityscapes(tmp_path: Path) -> None:
    named = tmp_path / "classes.json"
    named.write_text(json.dumps(instructions.classes(CITYSCAPES)))
    assert elsewhere.space_of(str(named)) == elsewhere.space_of("cityscapes") == CITYSCAPES


def text(path: Path) -> Path:
    path.write_bytes(b"no network at all, only words " * 20)
    return path


def cut_off(path: Path) -> Path:
    onnx_networks.half_resolution_logits(path, 5, SIZE)
    path.write_bytes(path.read_bytes()[:-100])
    return path


def of_classes(count: int) -> Callable[[Path], Path]:
    return lambda path: onnx_networks.half_resolution_logits(path, count, SIZE)


REFUSED: dict[str, tuple[Callable[[Path], Path], str]] = {
    "text": (text, "is no ONNX file"),
    "empty": (lambda path: path.touch() or path, "is no ONNX file"),
    "missing": (lambda path: path, "cannot be opened"),
    "cut off": (cut_off, "or was cut off"),
    "external data": (onnx_networks.external_data, "keeps its weights in another file"),
    "gigantic": (onnx_networks.gigantic, "cannot"),
    "unknown operation": (onnx_networks.unknown_operation, "OpenVINO cannot read it"),
    "other classes": (of_classes(6), "gives 6 classes, --classes names 5"),
    "no mask": (onnx_networks.classifier, "which is no mask of"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_used_is_refused(case: str, classes: str, tmp_path: Path) -> None:
    make, said = REFUSED[case]
    path = make(tmp_path / "net.onnx")
    with pytest.raises(RunError) as caught:
        add_onnx(path, classes, SIZE)
    told = str(caught.value)
    assert said in told and str(path) in told and "\n" not in told and len(told) < 600
    assert not list(settings.runs_dir().glob("*"))


def test_wrong_arguments_are_told(classes: str, tmp_path: Path) -> None:
    path = onnx_networks.half_resolution_logits(tmp_path / "net.onnx", 5, SIZE)
    with pytest.raises(RunError, match=r"takes images of 32x64 \(HxW\) alone"):
        add_onnx(path, classes, (64, 32))
    with pytest.raises(RunError, match="is not nhwc; give another --layout"):
        add_onnx(path, classes, SIZE, layout="nhwc")
    with pytest.raises(RunError, match="of pixels from 0 to 1; .*from 0 to 255: give 123.67"):
        add_onnx(path, classes, SIZE, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    with pytest.raises(RunError, match="2048x2048 is too large"):
        add_onnx(path, classes, (2048, 2048))
    with pytest.raises(DataError, match=r"nowhere\.json"):
        add_onnx(path, str(tmp_path / "nowhere.json"), SIZE)


@pytest.fixture
def run(classes: str, tmp_path: Path) -> Run:
    path = onnx_networks.channels_last_probabilities(tmp_path / "net.onnx", 5)
    return add_onnx(path, classes, SIZE)


def test_what_needs_a_training_says_so(run: Run, plants: str) -> None:
    with pytest.raises(RunError, match="was not trained here, so it cannot be trained on from"):
        train(TINY, plants, start_from=run.name)
    (run.path / "model.onnx").write_bytes(b"other")
    with pytest.raises(RunError, match=r"model\.onnx does not match its hash"):
        load_predictor(run)


def test_in_a_process_of_its_own_by_the_command_line(
    classes: str, plants: str, tmp_path: Path, capsys
) -> None:
    path = onnx_networks.channels_last_probabilities(tmp_path / "net.onnx", 5)
    command = ["runs", "add-onnx", str(path), "--classes", classes, "--size", "32x64"]
    assert main([*command, "--mean", "120", "110", "100", "--std", "60", "50", "55"]) == 0
    (run,) = runs.list_runs()
    said = capsys.readouterr().out
    assert said == f"added {run.name}\ntakes images of any size (nhwc), gives probabilities\n"
    assert main(["evaluate", "--run", run.name, "--data", plants, "--split", "val", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["ece"] is not None
    assert main(["data", "list"]) == 0
    assert "elsewhere" not in capsys.readouterr().out
