"""Engines: they agree, a conversion that does not is refused, and serving needs no TensorFlow."""

import gzip
import json
import logging
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from segcore import settings
from segcore.cli import main
from segcore.errors import SegcoreError
from segcore.prediction import conversion
from segcore.prediction.conversion import convert, judge
from segcore.prediction.engines import Engine, Output, openvino_store
from segcore.prediction.engines.keras_engine import KerasEngine
from segcore.prediction.engines.openvino_engine import OpenVINOEngine
from segcore.prediction.engines.openvino_store import Verdict
from segcore.prediction.inference import AUGMENTED
from segcore.prediction.loading import (
    fastest_engine,
    load_fastest_predictor,
    load_predictor,
    may_be_converted,
    serves_converted,
)
from segcore.runs import Run, get_run
from segcore.system import precisions
from segcore.training import session
from tests.factories.fake_runs import make_run
from tests.factories.made_data import noise

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tiny network is no measure of speed: where OpenVINO agrees, it is to be used."""
    monkeypatch.setenv("SEGCORE_ENGINE", "openvino")


@pytest.fixture(scope="module")
def module_artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("module") / "artifacts"


@pytest.fixture
def run(module_artifacts: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run that is converted once for all tests of this file, and fast enough on any machine."""
    monkeypatch.setattr(conversion, "SLOWEST", float("inf"))
    monkeypatch.setenv("SEGCORE_ARTIFACTS", str(module_artifacts))
    folder = settings.runs_dir() / "unet-camvid-20250101-000000-abcd"
    if not folder.exists():
        return make_run()
    return Run.of(folder, json.loads((folder / "run.json").read_text()))


@pytest.mark.parametrize("shape", [(24, 32), (61, 45), (9, 90)])
def test_a_converted_run_says_what_keras_says(run: Run, shape: tuple[int, int]) -> None:
    verdict = convert(run)
    assert verdict.agrees, verdict.reason
    fast, reference = load_fastest_predictor(run), load_predictor(run)
    assert (fast.engine, reference.engine) == ("OpenVINO", "Keras")
    image = noise(1, *shape)
    for views in ({}, {"views": AUGMENTED}):
        found, expected = fast.predict(image, **views), reference.predict(image, **views)
        np.testing.assert_allclose(found.scores, expected.scores, atol=1e-4)
        np.testing.assert_allclose(found.confidence, expected.confidence, atol=1e-4)
        assert np.mean(found.labels == expected.labels) >= 0.999
        np.testing.assert_allclose(found.probabilities().sum(-1), 1, atol=1e-5)


def test_a_batch_is_labelled_as_its_pictures_alone(run: Run) -> None:
    convert(run)
    predictor = load_fastest_predictor(run)
    images = [noise(seed, 24, 32) for seed in range(3)]
    together = predictor.predict_batch(images)
    for image, found in zip(images, together, strict=True):
        np.testing.assert_allclose(found.scores, predictor.predict(image).scores, atol=1e-5)


def test_an_earlier_result_is_not_overwritten_by_the_next(run: Run) -> None:
    convert(run)
    predictor = load_fastest_predictor(run)
    first = predictor.predict(noise(1, 24, 32)).scores
    kept = first.copy()
    predictor.predict(noise(2, 24, 32))
    assert np.array_equal(first, kept)


def test_a_shape_is_compiled_once(run: Run) -> None:
    verdict = convert(run)
    engine = OpenVINOEngine(openvino_store.folder_of(run), verdict.precision)
    engine.warm_up((1, 24, 32, 3))
    request = engine._requests.get((1, 24, 32, 3))
    engine.run(noise(1, 24, 32)[None])
    engine.run(noise(2, 24, 32)[None])
    assert engine._requests.get((1, 24, 32, 3)) is request and len(engine._requests) == 1
    for columns in range(1, 8):
        engine.warm_up((1, 8, 8 * columns, 3))
    assert len(engine._requests) == 4  # uploads of any shape fill no memory
    assert engine._requests.get((1, 24, 32, 3)) is request


def test_a_network_that_was_warmed_up_labels_without_being_built(run: Run) -> None:
    convert(run)
    predictor = load_fastest_predictor(run)
    predictor.warm_up(61, 45)
    engine = predictor._engine
    assert isinstance(engine, OpenVINOEngine)
    assert len(engine._requests) == 1
    predictor.predict(noise(1, 61, 45))
    assert len(engine._requests) == 1


def test_keras_does_not_trace_a_network_again_once_it_is_warm(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras

    traced = []
    call = keras.layers.Softmax.call
    monkeypatch.setattr(
        keras.layers.Softmax, "call", lambda *a, **k: traced.append(1) or call(*a, **k)
    )
    engine = KerasEngine(run, None)
    engine.warm_up((1, 24, 32, 3))
    before = len(traced)
    assert before
    for seed in range(3):
        engine.run(noise(seed, 24, 32)[None])
    assert len(traced) == before


def test_a_conversion_is_done_once_and_known_by_the_weights(run: Run) -> None:
    convert(run)
    written = openvino_store.verdict_path(run).stat().st_mtime_ns
    assert not may_be_converted(run)
    convert(run)
    assert openvino_store.verdict_path(run).stat().st_mtime_ns == written
    weights = {"best.weights.h5": {"sha256": "0" * 64, "bytes": 1}}
    retrained = Run.of(run.path, {**run.record, "weights": weights})
    assert openvino_store.folder_of(retrained) != openvino_store.folder_of(run)
    assert may_be_converted(retrained)
    assert not serves_converted(retrained)


class Stretched:
    """Says something else than the engine it asks, by this much in every probability."""

    title, device = "Stretched", "CPU"

    def __init__(self, engine: KerasEngine, change: float) -> None:
        self.engine, self.change = engine, change

    def warm_up(self, shape: tuple[int, ...]) -> None:
        self.engine.warm_up(shape)

    def run(self, batch: np.ndarray) -> Output:
        said = self.engine.run(batch)
        return replace(said, probabilities=said.probabilities + np.float32(self.change))


@pytest.mark.parametrize(("change", "agrees"), [(0.005, True), (0.02, False), (np.nan, False)])
def test_an_engine_out_of_bounds_is_refused(run: Run, change: float, agrees: bool) -> None:
    reference = KerasEngine(run, None)
    batches = [noise(seed, 24, 32)[None] for seed in range(2)]
    verdict = judge(Stretched(reference, change), "f32", reference, batches, lambda step: step())
    assert verdict.agrees == agrees
    assert "within 0.01" in verdict.reason


def test_a_network_that_cannot_be_converted_stays_with_keras(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def through_numpy(network: keras.Model) -> keras.Model:
        import tensorflow as tf

        def halved(values: Any) -> Any:
            return tf.numpy_function(lambda given: given / 2, [values], tf.float32)

        same_shape = keras.layers.Lambda(halved, output_shape=lambda shape: shape)
        return keras.Model(network.input, same_shape(network.output))

    monkeypatch.setattr(conversion, "with_sizes_from_the_input", through_numpy)
    run = make_run()
    lacking = "No conversion rule found for operations: PyFunc"
    assert convert(run).reason == f"cannot be converted: {lacking}"
    assert not serves_converted(run)
    assert load_fastest_predictor(run).engine == "Keras"
    assert not may_be_converted(run)  # not tried at each prediction
    logging.getLogger("segcore").warning("still said")
    assert "still said" in caplog.text


def test_old_conversions_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openvino_store, "KEPT", 1)
    monkeypatch.setattr(conversion, "_convert", lambda *_: Verdict("not tried"))
    first, second = make_run(), make_run("unet-camvid-20250101-000000-bbbb", seed=1)
    convert(first)
    convert(second)
    assert not openvino_store.folder_of(first).exists()
    assert openvino_store.stored_verdict(second) == Verdict("not tried")


def test_a_network_of_one_fixed_size_is_converted_too() -> None:
    run = make_run(mode="stretch")
    assert convert(run).agrees
    fast, reference = load_fastest_predictor(run), load_predictor(run)
    image = noise(1, 61, 45)
    assert fast.engine == "OpenVINO"
    np.testing.assert_allclose(
        fast.predict(image).scores, reference.predict(image).scores, atol=1e-4
    )


def test_a_damaged_conversion_is_not_used() -> None:
    run = make_run()
    convert(run)
    weights = openvino_store.folder_of(run) / openvino_store.WEIGHTS
    weights.write_bytes(weights.read_bytes()[:-4] + b"\0\1\2\3")
    assert load_fastest_predictor(run).engine == "Keras"


def test_the_engine_can_be_set(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    convert(run)
    monkeypatch.setenv("SEGCORE_ENGINE", "keras")
    assert load_fastest_predictor(run).engine == "Keras"
    assert not may_be_converted(run)
    monkeypatch.setenv("SEGCORE_ENGINE", "abacus")
    with pytest.raises(SegcoreError, match="set keras or openvino"):
        load_fastest_predictor(run)


def test_a_slow_verdict_of_a_busy_machine_is_not_the_last() -> None:
    busy = Verdict("", agrees=True, openvino_ms=343, keras_ms=171)
    assert conversion.with_best_times(Verdict("", True, openvino_ms=90, keras_ms=200), busy).is_fast
    slower = conversion.with_best_times(Verdict("", True, True, openvino_ms=90, keras_ms=100),
                                        Verdict("", True, openvino_ms=99, keras_ms=70))  # fmt: skip
    assert (slower.openvino_ms, slower.keras_ms, slower.is_fast) == (90, 70, False)


def test_a_training_ends_with_its_run_converted(
    artifacts: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run()
    monkeypatch.setattr(session, "train", lambda *_, **__: run)
    assert main(["train", "--recipe", "quick-unet", "--data", "streets"]) == 0
    assert serves_converted(run)
    assert capsys.readouterr().out.splitlines()[-1] == openvino_store.stored_verdict(run).reason


SERVED = """
import sys
import numpy as np
from segcore import runs
from segcore.prediction.loading import load_fastest_predictor
from studio import engine
from segcore.runs.data import identity_of

run = runs.get_run(sys.argv[1])
runs.promote(run)
engine.STREETS = identity_of(run)
engine.start()
engine.FIRST.thread.join()
assert engine.is_ready(run), engine.FIRST
labels = load_fastest_predictor(run).predict(np.zeros((50, 40, 3), np.uint8)).labels
print(engine.FIRST.title, labels.shape, {"keras", "tensorflow", "jax"} & set(sys.modules))
"""


def test_a_converted_champion_is_served_without_tensorflow_or_keras(run: Run) -> None:
    convert(run)
    result = subprocess.run(
        [sys.executable, "-c", SERVED, run.name], cwd=ROOT, capture_output=True, text=True
    )
    assert result.stdout.strip() == "OpenVINO on the CPU (50, 40) set()", result.stderr


def as_shipped(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """The run as another machine gets it: in its own artifacts/, nothing converted there."""
    assert conversion.convert_to_ship(run).agrees
    monkeypatch.setenv("SEGCORE_ARTIFACTS", str(tmp_path))
    shutil.copytree(run.path, settings.runs_dir() / run.name)
    return get_run(run.name)


@pytest.fixture
def shipped(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    return as_shipped(run, monkeypatch, tmp_path)


def test_a_shipped_champion_is_served_without_tensorflow_or_keras_from_the_first_time(
    shipped: Run,
) -> None:
    result = subprocess.run(
        [sys.executable, "-c", SERVED, shipped.name], cwd=ROOT, capture_output=True, text=True
    )
    assert result.stdout.strip() == "OpenVINO on the CPU (50, 40) set()", result.stderr


def test_a_shipped_run_says_what_keras_says(shipped: Run) -> None:
    image = noise(1, 61, 45)
    fast = load_fastest_predictor(shipped)
    assert fast.engine == "OpenVINO"
    expected = load_predictor(shipped).predict(image)
    np.testing.assert_allclose(fast.predict(image).scores, expected.scores, atol=1e-4)


def test_what_was_shipped_for_another_openvino_is_not_used(
    shipped: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert serves_converted(shipped)
    monkeypatch.setattr(openvino_store, "openvino_version", lambda: "9999.1")
    assert not serves_converted(shipped)
    assert may_be_converted(shipped)


def test_a_damaged_shipped_network_leaves_the_run_with_keras(
    shipped: Run, caplog: pytest.LogCaptureFixture
) -> None:
    topology = shipped.path / "openvino" / "topology.xml.gz"
    packed = topology.read_bytes()
    network = gzip.decompress(packed)
    of_another = gzip.compress(network.replace(b"layers/", b"layer/"))
    for damaged in (of_another, gzip.compress(b"<net>"), packed[:-9], b"no archive"):
        topology.write_bytes(damaged)
        assert load_fastest_predictor(shipped).engine == "Keras"
        assert shipped.name in caplog.text
        caplog.clear()


def test_a_processor_that_computes_faster_converts_a_shipped_run_again(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(precisions, "processor_precisions", lambda: ("f32",))
    shipped = as_shipped(run, monkeypatch, tmp_path)
    assert not may_be_converted(shipped)
    monkeypatch.setattr(precisions, "processor_precisions", lambda: ("bf16", "f32"))
    assert serves_converted(shipped)  # meanwhile, as it came
    assert may_be_converted(shipped)
    convert(shipped)
    assert not may_be_converted(shipped)


@pytest.fixture
def agrees_in(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """What this processor computes in and Keras is agreed with in: to be filled by the test."""
    agreeing: set[str] = set()

    def judged(engine: Engine, precision: str, *others: Any) -> Verdict:
        return replace(judge(engine, precision, *others), agrees=precision in agreeing)

    monkeypatch.setattr(conversion, "judge", judged)
    monkeypatch.setattr(precisions, "processor_precisions", lambda: ("bf16", "f32"))
    return agreeing


def test_a_precision_that_was_refused_before_shipping_is_not_tried_again(
    run: Run, agrees_in: set[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It would take a fresh clone half a minute and a gigabyte to find the same again."""
    agrees_in.add("f32")
    shipped = as_shipped(run, monkeypatch, tmp_path)
    assert serves_converted(shipped)
    assert not may_be_converted(shipped)


def test_a_run_that_agrees_in_bfloat16_is_shipped_in_what_every_processor_computes(
    run: Run, agrees_in: set[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    agrees_in |= {"bf16", "f32"}
    shipped = as_shipped(run, monkeypatch, tmp_path)
    assert fastest_engine(shipped) == "OpenVINO f32"
    assert may_be_converted(shipped)  # here it is faster


def test_openvino_is_loaded_without_telemetry_and_without_a_fork() -> None:
    """A fork would stop for good what NumPy multiplies in another thread."""
    code = """
import sys
seen = set()
sys.addaudithook(lambda event, _: seen.add(event))
from segcore.prediction.engines.openvino_library import load_openvino
load_openvino().Core()
print(sorted(seen & {"os.fork", "os.forkpty", "socket.connect", "subprocess.Popen"}))
"""
    command = [sys.executable, "-c", code]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
