"""Prediction: sizes, exact resizing, independence of the batch, and weights that cannot be used."""

import subprocess
import sys
import threading
from collections.abc import Callable

import numpy as np
import pytest

from segcore.errors import RunError
from segcore.images import resampling, resize_image
from segcore.images.preprocessing import Preprocessing
from segcore.images.resampling import top_class
from segcore.prediction.engines import Output
from segcore.prediction.inference import AUGMENTED, NetworkRun, Prediction, Timings, Views
from segcore.prediction.loading import load_predictor
from segcore.runs import Run
from tests.factories.fake_runs import make_run
from tests.factories.made_data import noise


def random_image(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def random_scores(height: int, width: int, blob: int = 1) -> np.ndarray:
    rng = np.random.default_rng(5)
    logits = rng.normal(size=(-(-height // blob), -(-width // blob), 34)) * 3
    logits = np.kron(logits, np.ones((blob, blob, 1)))[:height, :width]
    return (np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)).astype(np.float32)


def direct_bilinear(scores: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Half-pixel centres, edges repeated, pixel by pixel in float64."""
    height, width = scores.shape[:2]
    result = np.empty((*size, scores.shape[2]))
    for i in range(size[0]):
        for j in range(size[1]):
            y = np.clip((i + 0.5) * height / size[0] - 0.5, 0, height - 1)
            x = np.clip((j + 0.5) * width / size[1] - 0.5, 0, width - 1)
            y0, x0 = int(y), int(x)
            y1, x1 = min(y0 + 1, height - 1), min(x0 + 1, width - 1)
            upper = scores[y0, x0] * (1 - (x - x0)) + scores[y0, x1] * (x - x0)
            lower = scores[y1, x0] * (1 - (x - x0)) + scores[y1, x1] * (x - x0)
            result[i, j] = upper * (1 - (y - y0)) + lower * (y - y0)
    return result


def resized_back(scores: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    seen = Output.of(scores)
    return top_class(seen.probabilities, seen.labels, seen.confidence, size)


# --- resizing back -------------------------------------------------------------------------------


@pytest.mark.parametrize("blob", [1, 5], ids=["noise", "objects"])
@pytest.mark.parametrize("size", [(31, 47), (12, 16), (5, 9), (1, 1), (40, 3)])
def test_top_class_equals_resizing_all_probabilities_first(size, blob, monkeypatch):
    monkeypatch.setattr(resampling, "BLOCK_PIXELS", 100)  # several blocks, a last one that is less
    scores = random_scores(12, 16, blob)
    full = direct_bilinear(scores, size)
    labels, confidence = resized_back(scores, size)
    assert labels.dtype == np.uint8
    assert confidence.dtype == np.float32
    assert np.array_equal(labels, full.argmax(-1))
    np.testing.assert_allclose(confidence, full.max(-1), atol=1e-6)
    prediction = Prediction(labels, confidence, Timings(0, 0, 0), scores)
    np.testing.assert_allclose(prediction.probabilities(), full, atol=1e-6)


def test_probabilities_are_mixed_before_the_class_is_chosen():
    """Between two sure classes a third that is second on both sides can win."""
    scores = np.zeros((1, 2, 34), np.float32)
    scores[0, 0, [7, 8]] = 0.55, 0.45
    scores[0, 1, [11, 8]] = 0.55, 0.45
    labels, _ = resized_back(scores, (1, 8))
    assert labels[0, 0] == 7
    assert labels[0, -1] == 11
    assert 8 in labels[0]


# --- preprocessing -------------------------------------------------------------------------------


def test_fit_leaves_an_image_of_the_trained_size_as_it_is_and_repeats_its_edge():
    image = random_image(360, 480)
    padded = Preprocessing("fit", (360, 480), 32).apply(image)
    assert padded.shape == (384, 480, 3)
    assert np.array_equal(padded[:360], image)
    assert (padded[360:] == image[-1]).all()


@pytest.mark.parametrize("shape", [(3000, 4000), (480, 360), (100, 1000), (7, 5)])
def test_fit_keeps_proportions_and_about_the_area(shape):
    preprocessing = Preprocessing("fit", (360, 480), 32)
    height, width = preprocessing.content_size(*shape)
    assert height / width == pytest.approx(shape[0] / shape[1], rel=0.02)
    assert height * width == pytest.approx(360 * 480, rel=0.02)
    assert all(side % 32 == 0 for side in preprocessing.apply(random_image(*shape)).shape[:2])


def test_fit_of_an_extremely_narrow_image_stays_small():
    padded = Preprocessing("fit", (360, 480), 32).apply(np.zeros((1, 60_000, 3), np.uint8))
    assert padded.size <= 2 * 360 * 480 * 3


def test_stretch_is_exactly_the_trained_size():
    image = random_image(77, 50)
    assert Preprocessing("stretch", (32, 64), 32).apply(image).shape == (32, 64, 3)
    # One that the network does not take is padded, as it was in training.
    preprocessing = Preprocessing("stretch", (24, 32), 32)
    padded = preprocessing.apply(image)
    assert padded.shape == (32, 32, 3) and preprocessing.input_size == (32, 32)
    assert np.array_equal(padded[:24], resize_image(image, (24, 32)))


# --- the network ---------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["fit", "stretch"])
@pytest.mark.parametrize("shape", [(24, 32), (61, 45), (9, 90), (3, 2)])
def test_result_has_the_size_of_the_image(mode, shape):
    prediction = load_predictor(make_run(mode=mode)).predict(random_image(*shape))
    assert prediction.labels.shape == shape
    assert prediction.confidence.shape == shape
    probabilities = prediction.probabilities()
    assert probabilities.shape == (*shape, 34)
    np.testing.assert_allclose(probabilities.sum(-1), 1, atol=1e-5)
    assert np.array_equal(probabilities.argmax(-1), prediction.labels)
    assert prediction.timings.total_ms > 0


def test_prediction_does_not_depend_on_the_others_in_the_batch():
    predictor = load_predictor(make_run())
    images = [random_image(30, 40, seed) for seed in range(3)]
    together = predictor.predict_batch(images)
    assert len(np.unique(together[1].labels)) > 1
    alone = predictor.predict(images[1])
    np.testing.assert_allclose(together[1].scores, alone.scores, atol=1e-4)
    assert not np.allclose(together[0].scores, alone.scores, atol=1e-3)


def test_batch_of_different_sizes_is_refused():
    predictor = load_predictor(make_run())
    with pytest.raises(ValueError, match="one size"):
        predictor.predict_batch([random_image(24, 32), random_image(32, 24)])
    assert predictor.predict_batch([]) == []


def test_mirrored_views_label_the_mirror_image_mirrored():
    predictor = load_predictor(make_run())
    image, mirrored = random_image(24, 32), random_image(24, 32)[:, ::-1]
    plain = predictor.predict(image).scores
    assert not np.allclose(plain, predictor.predict(mirrored).scores[:, ::-1], atol=1e-3)
    views = Views(mirrored=True)
    averaged = predictor.predict(image, views).scores
    np.testing.assert_allclose(
        averaged, predictor.predict(mirrored, views).scores[:, ::-1], atol=1e-5
    )
    by_hand = (plain + predictor.predict(mirrored).scores[:, ::-1]) / 2
    np.testing.assert_allclose(averaged, by_hand, atol=1e-5)


@pytest.mark.parametrize("mode", ["fit", "stretch"])
def test_test_time_augmentation_keeps_sizes_and_probabilities(mode):
    predictor = load_predictor(make_run(mode=mode))
    prediction = predictor.predict(random_image(61, 45), AUGMENTED)
    assert prediction.labels.shape == (61, 45)
    assert prediction.scores.shape == predictor.predict(random_image(61, 45)).scores.shape
    np.testing.assert_allclose(prediction.scores.sum(-1), 1, atol=1e-5)


def test_predictor_is_shared_between_threads():
    predictor = load_predictor(make_run())
    images = [random_image(20 + 4 * i, 40, i) for i in range(6)]
    expected = [predictor.predict(image).scores for image in images]
    found: dict[int, np.ndarray] = {}

    def work(i: int) -> None:
        found[i] = predictor.predict(images[i]).scores

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(images))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i, scores in enumerate(expected):
        np.testing.assert_allclose(found[i], scores, atol=1e-5)


def test_half_precision_on_disk_is_computed_in_single_precision():
    image = random_image(24, 32)
    single = load_predictor(make_run("a"))
    half = load_predictor(make_run("b", half_precision=True))
    for stored, exact in zip(
        half._engine.network.get_weights(), single._engine.network.get_weights(), strict=True
    ):
        assert stored.dtype == np.float32
        assert np.array_equal(stored, exact.astype(np.float16))
    assert half.predict(image).scores.dtype == np.float32
    np.testing.assert_allclose(half.predict(image).scores, single.predict(image).scores, atol=0.1)


def test_network_is_single_precision_after_a_mixed_precision_training():
    import keras

    run = make_run()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        mixed = load_predictor(run).predict(random_image(24, 32))
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
    finally:
        keras.config.set_dtype_policy("float32")
    plain = load_predictor(run).predict(random_image(24, 32))
    np.testing.assert_allclose(mixed.scores, plain.scores, atol=1e-6)


# --- what cannot be used -------------------------------------------------------------------------


def without_preprocessing(run: Run) -> Run:
    return Run.of(run.path, {**run.record, "preprocessing": None})


def other_network(run: Run) -> Run:
    return Run.of(run.path, {**run.record, "model_options": {"width": 8, "depth": 2}})


def missing(run: Run) -> Run:
    (run.path / "best.weights.h5").unlink()
    return run


def truncated(run: Run) -> Run:
    path = run.path / "best.weights.h5"
    path.write_bytes(path.read_bytes()[:-100])
    return run


@pytest.mark.parametrize("spoil", [without_preprocessing, other_network, missing, truncated])
def test_run_that_cannot_be_used_says_so_in_one_line(spoil):
    run = spoil(make_run())
    with pytest.raises(RunError) as caught:
        load_predictor(run)
    assert run.name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_importing_what_reads_results_does_not_load_keras():
    code = (
        "import sys, segcore.prediction.inference, segcore.evaluation.comparison\n"
        "print(sorted({'keras', 'tensorflow', 'jax'} & set(sys.modules)))"
    )
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert output.strip() == "[]"


def test_a_danet_labels_pictures_of_one_shape_after_another(monkeypatch):
    """Its resizing takes no unknown size, which a network traced for two shapes would have."""
    import keras

    from segcore.models import build_model, inference_model

    small = {"backbone": "efficientnet-lite2", "attention_channels": 16}
    logits = inference_model(build_model("danet", input_size=None, **small))
    network = keras.Model(logits.input, keras.layers.Softmax()(logits.output))
    monkeypatch.setattr(
        "segcore.prediction.engines.keras_engine.build_network", lambda run, size: network
    )
    predictor = load_predictor(make_run(size=(32, 64), multiple=32))
    for height, width in ((32, 64), (64, 32), (45, 45), (32, 64)):
        prediction = predictor.predict(noise(0, height, width))
        assert prediction.labels.shape == (height, width)
    assert len(predictor._engine._networks) == 3


def test_the_network_runs_in_turns_of_one_view_each() -> None:
    sizes, turns = [], 0

    def in_turn(step: Callable[[], NetworkRun]) -> NetworkRun:
        nonlocal turns
        turns += 1
        output, milliseconds = step()
        sizes.append(output.labels.shape[1:])
        return output, milliseconds

    predictor = load_predictor(make_run())
    prediction = predictor.predict(random_image(61, 45), AUGMENTED, in_turn)
    assert turns == 6 and len(set(sizes)) == 3
    alone = predictor.predict(random_image(61, 45), AUGMENTED)
    np.testing.assert_array_equal(prediction.labels, alone.labels)
