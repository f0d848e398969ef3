"""Confidence: coverage and temperatures on cases whose answer is known."""

import numpy as np
import pytest

from segcore.evaluation.calibration import (
    AS_TRAINED,
    LEVELS,
    TEMPERATURES,
    Trial,
    Trust,
    coverage_counts,
    halves,
)
from segcore.labels import CITYSCAPES, IDS, metrics

ROAD, CAR, VOID = IDS["road"], IDS["car"], IDS["unlabeled"]


def sharpened(images: int, temperature: float, pixels: int = 4000) -> list[tuple[np.ndarray, ...]]:
    """Truth, top class and probabilities of a model that is exactly honest, but for a sharpening.

    Truth is drawn from the honest probabilities; the model shows their logits times `temperature`.
    """
    random = np.random.default_rng(0)
    made = []
    for _ in range(images):
        logits = np.full((pixels, 34), -50.0)
        logits[:, [ROAD, CAR]] = random.normal(0, 2, (pixels, 2))
        honest = np.exp(logits - logits.max(1, keepdims=True))
        honest /= honest.sum(1, keepdims=True)
        truth = np.where(random.random(pixels) < honest[:, CAR], CAR, ROAD).astype(np.uint8)
        shown = np.exp(temperature * (logits - logits.max(1, keepdims=True)))
        shown /= shown.sum(1, keepdims=True)
        made.append((truth, shown.argmax(1).astype(np.uint8), shown))
    return made


def trust_of(images: list[tuple[np.ndarray, ...]], sequences: list[str]) -> Trust:
    total = Trust.empty()
    for half, (truth, top, shown) in zip(halves(sequences), images, strict=True):
        total.add(
            half,
            coverage_counts(truth, top, shown.max(1), CITYSCAPES),
            Trial.of(truth, top, shown, CITYSCAPES),
        )
    return total


@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_a_sharpened_model_gets_its_temperature_back(temperature: float) -> None:
    scaling = trust_of(sharpened(4, temperature), ["film"] * 4).scaling
    assert scaling is not None
    assert scaling.temperatures == pytest.approx((temperature, temperature), rel=0.1)
    assert metrics.ece(scaling.after) < 0.015
    assert (metrics.ece(scaling.before) > 0.05) == (temperature == 2)


def test_each_half_is_judged_with_the_temperature_of_the_other() -> None:
    images = [*sharpened(1, 2.0), *sharpened(1, 1.0)]
    trust = trust_of(images, ["b", "a"])
    scaling = trust.scaling
    assert scaling is not None
    first = int(halves(["b", "a"])[0])  # the half of the sharpened image
    assert scaling.temperatures[first] == pytest.approx(1, rel=0.1)
    assert scaling.temperatures[1 - first] == pytest.approx(2, rel=0.1)


def test_temperature_one_is_the_calibration_of_the_metrics() -> None:
    ((truth, top, shown),) = sharpened(1, 1.5)
    trial = Trial.of(truth, top, shown, CITYSCAPES)
    assert TEMPERATURES[AS_TRAINED] == 1
    direct = metrics.CalibrationBins.of(truth, top, shown.max(1), CITYSCAPES)
    assert trial.bins[AS_TRAINED, 0].tolist() == direct.pixels.tolist()
    assert trial.bins[AS_TRAINED, 2] == pytest.approx(direct.confidence)
    loss = -np.log(np.maximum(shown[np.arange(len(truth)), truth], 1e-12)).sum()
    assert trial.loss[AS_TRAINED] == pytest.approx(loss, rel=1e-6)


def test_temperatures_leave_void_out_and_one_image_has_none() -> None:
    ((truth, top, shown),) = sharpened(1, 2.0)
    void = np.full_like(truth, VOID)
    both = [np.concatenate(pair) for pair in ((truth, void), (top, top), (shown, shown))]
    assert np.array_equal(
        Trial.of(*both, CITYSCAPES).bins, Trial.of(truth, top, shown, CITYSCAPES).bins
    )
    assert trust_of([(truth, top, shown)], ["film"]).report()["temperatures"] is None


def test_halves_share_no_sequence_and_a_single_one_is_cut_in_two() -> None:
    assert halves(["film"] * 5).tolist() == [0, 0, 0, 1, 1]
    sequences = ["a"] * 5 + ["b"] * 3 + ["c"] * 2
    found = halves(sequences)
    assert sorted(np.bincount(found)) == [5, 5]
    for name in "abc":
        assert (
            len({half for half, sequence in zip(found, sequences, strict=True) if sequence == name})
            == 1
        )


def test_coverage_keeps_the_surest_as_long_as_they_are_right() -> None:
    truth = np.full(100, ROAD, np.uint8)
    prediction = truth.copy()
    confidence = np.full(100, 0.6, np.float32)
    confidence[:60], confidence[60:80] = 0.9999, 0.99
    prediction[[60, 61, 90]] = CAR  # 2 errors among the sure, one among the unsure
    counts = coverage_counts(truth, prediction, confidence, CITYSCAPES)
    assert counts.shape == (2, LEVELS)
    trust = Trust(counts, np.zeros((2, 25)), np.zeros((2, 25, 3, 15)))
    assert trust.kept(0.99) == 0.6
    assert trust.kept(0.97) == 1.0  # 97 of 100
    share, accuracy = trust.risk_coverage()
    assert share.tolist() == [0.6, 0.8, 1.0]
    assert accuracy == pytest.approx([1, 78 / 80, 0.97])


def test_coverage_equals_a_direct_sort() -> None:
    ((truth, top, shown),) = sharpened(1, 1.0)
    trust = Trust(
        coverage_counts(truth, top, shown.max(1), CITYSCAPES), np.zeros(0), np.zeros((2, 25, 3, 15))
    )
    order = np.argsort(-shown.max(1))
    accuracy = np.cumsum((truth == top)[order]) / np.arange(1, len(truth) + 1)
    expected = (np.flatnonzero(accuracy >= 0.95).max() + 1) / len(truth)
    assert trust.kept(0.95) == pytest.approx(expected, abs=0.01)


def test_no_pixels_have_no_figures() -> None:
    nothing = Trust(np.zeros((2, LEVELS), np.int64), np.zeros((2, 25)), np.zeros((2, 25, 3, 15)))
    report = nothing.report()
    assert report["pixels_kept"] is None
    assert report["ece_after"] is None
