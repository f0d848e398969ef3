"""Kinds of mistakes: the stored counts and the lit pixels are the same pixels."""

from pathlib import Path

import numpy as np
import pytest

from segcore.data.preparation import Samples, native_samples
from segcore.evaluation import Evaluation, evaluate
from segcore.evaluation.mistakes import ASKED, FALSELY_CALLED, Mistake, worst_first
from segcore.evaluation.predictions import StoredPredictions, stored_predictions
from segcore.labels import CITYSCAPES, IDS
from tests.factories.made_runs import make_run, stub_predictions

ROAD, CAR, PERSON = IDS["road"], IDS["car"], IDS["person"]

Split = tuple[Evaluation, Samples, StoredPredictions]


@pytest.fixture
def split(camvid: Path, monkeypatch: pytest.MonkeyPatch) -> Split:
    """Three images of all of CamVid's classes, all of it called road."""
    stub_predictions(monkeypatch, ROAD)
    run, spec = make_run("unet", camvid), f"camvid:{camvid}"
    evaluation = evaluate(run, spec, "val")
    stored = stored_predictions(run, spec, "val")
    assert stored is not None
    return evaluation, native_samples(spec, "val"), stored


@pytest.mark.parametrize(
    "mistake",
    [
        Mistake(CAR, (ROAD,)),
        Mistake(ROAD, (ROAD,)),
        Mistake(CAR, (PERSON, CAR)),
        Mistake(CAR),
        Mistake(ROAD),
        *(Mistake(PERSON, size=size) for size in range(5)),
    ],
    ids=lambda mistake: mistake.title(CITYSCAPES),
)
def test_the_counts_are_those_of_the_lit_pixels(split: Split, mistake: Mistake) -> None:
    evaluation, samples, stored = split
    counts = [
        int(np.count_nonzero(mistake.pixels(samples[index].mask, stored.labels(key), CITYSCAPES)))
        for index, key in enumerate(samples.keys)
    ]
    assert mistake.per_image(evaluation).tolist() == counts
    ranked = worst_first(mistake, evaluation)
    assert [pixels for _, pixels in ranked] == sorted(filter(None, counts), reverse=True)


def test_what_is_missed_is_told_from_what_is_falsely_seen() -> None:
    truth = np.uint8([[ROAD, CAR, 0, CAR]])
    labels = np.uint8([[CAR, CAR, CAR, ROAD]])
    assert Mistake(CAR).pixels(truth, labels, CITYSCAPES).tolist() == [
        [FALSELY_CALLED, 0, 0, ASKED]
    ]
    assert Mistake(CAR, (ROAD,)).pixels(truth, labels, CITYSCAPES).tolist() == [[0, 0, 0, ASKED]]


def test_a_mistake_is_named() -> None:
    assert Mistake(CAR, (ROAD,)).title(CITYSCAPES) == "car called road"
    assert "64 to 255 pixels" in Mistake(PERSON, size=1).title(CITYSCAPES)
