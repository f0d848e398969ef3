"""Robustness of a run on a split: the evaluator's own counting on corrupted images."""

from pathlib import Path

import numpy as np
import pytest

from segcore.data.preparation import native_samples
from segcore.data.sources.camvid import CAMVID_MERGES
from segcore.evaluation import evaluate, robustness
from segcore.evaluation.corruptions import CORRUPTIONS, corrupt
from segcore.evaluation.robustness import measure_robustness, robustness_of
from segcore.labels import CITYSCAPES, metrics
from segcore.labels.merges import merged
from segcore.prediction.loading import load_predictor
from segcore.runs import Run
from segcore.runs.results import new_result_file
from tests.factories.fake_runs import make_run

pytestmark = pytest.mark.usefixtures("networks_made_once")


@pytest.fixture
def run() -> Run:
    return make_run()


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two corruptions are enough."""
    few = {name: CORRUPTIONS[name] for name in ("contrast", "noise")}
    monkeypatch.setattr(robustness, "CORRUPTIONS", few)


@pytest.mark.usefixtures("two")
def test_counts_are_those_of_corrupted_pictures(run: Run, camvid: Path) -> None:
    spec = f"camvid:{camvid}"
    told: list[tuple[int, int]] = []
    found = measure_robustness(run, spec, "val", lambda *step: told.append(step))
    assert told[-1] == (30, 30) and [done for done, _ in told] == list(range(5, 31, 5))
    clean = evaluate(run, spec, "val")
    assert np.array_equal(found.clean, clean.matrix)
    expected = np.zeros((34, 34), np.int64)
    predictor, samples = load_predictor(run), native_samples(spec, "val")
    for index in range(len(samples)):
        sample = samples[index]
        assert sample.mask is not None
        labels = predictor.predict(corrupt(sample.image, "noise", 3, seed=index)).labels
        expected += metrics.confusion_matrix(sample.mask, merged(labels, CAMVID_MERGES), CITYSCAPES)
    assert np.array_equal(found.matrices["noise"][2], expected)
    report = found.report()
    assert report["corruptions"]["noise"]["mean_iou"][3] == metrics.mean_iou(expected)
    kept = np.mean(found.mean_iou("noise")[1:]) / metrics.mean_iou(clean.matrix)
    assert report["corruptions"]["noise"]["kept"] == pytest.approx(kept)
    assert (report["policy"], report["resolution"], report["split"]) == (
        "camvid-11", "32x24", "val",
    )  # fmt: skip


@pytest.mark.usefixtures("two")
def test_it_goes_on_where_it_was_interrupted_and_is_kept(
    run: Run, camvid: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = f"camvid:{camvid}"

    def interrupt(done: int, total: int) -> None:
        if done > 15:  # the first corruption is through
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure_robustness(run, spec, "val", interrupt)
    half = robustness_of(run, evaluate(run, spec, "val"))
    assert half is not None and list(half.matrices) == ["contrast"] and not half.is_complete
    told: list[int] = []
    whole = measure_robustness(run, spec, "val", lambda done, total: told.append(total))
    assert told == [15] * 3
    monkeypatch.setattr(robustness, "load_predictor", None)  # nothing is predicted any more
    again = measure_robustness(run, spec, "val")
    assert again.is_complete
    assert np.array_equal(again.matrices["noise"], whole.matrices["noise"])


@pytest.mark.usefixtures("two")
def test_of_other_weights_or_data_nothing_is_known(run: Run, camvid: Path) -> None:
    spec = f"camvid:{camvid}"
    measure_robustness(run, spec, "val")
    (camvid / "val" / "film0_000.png").write_bytes((camvid / "val" / "film1_001.png").read_bytes())
    assert robustness_of(run, evaluate(run, spec, "val")) is None


def test_a_damaged_file_counts_as_none(run: Run, camvid: Path) -> None:
    clean = evaluate(run, f"camvid:{camvid}", "val")
    data = "camvid", "val", clean.identity.data_sha256
    new_result_file(run, "robustness", *data).write_bytes(b"cut")
    assert robustness_of(run, clean) is None
