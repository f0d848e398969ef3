"""What a network scores on films that it was not trained on, and how a served run knows it."""

import json
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from segcore.data.preparation.digests import split_digest
from segcore.evaluation import evaluate
from segcore.evaluation.generalization import (
    LEFT_OUT,
    Generalization,
    generalization_of,
    keep_left_out_score,
    left_out_score,
)
from segcore.labels import metrics
from segcore.presentation import findings
from segcore.runs import Run, get_run
from tests.factories.fake_runs import make_run

pytestmark = pytest.mark.usefixtures("networks_made_once")
SERVED, TWIN = "unet-camvid-20250101-000000-aaaa", "unet-camvid-20250101-000000-bbbb"


def run_on(folder: Path, name: str, seed: int, **of_data: Any) -> Run:
    run = make_run(name, seed=seed)
    spec = f"camvid:{folder}"
    digests = {split: split_digest(spec, split) for split in ("train", "val")}
    manifest = json.loads((run.path / "run.json").read_text())
    manifest["data"] |= {"spec": spec, "digests": digests, **of_data}
    (run.path / "run.json").write_text(json.dumps(manifest))
    return get_run(name)


@pytest.fixture
def served(camvid: Path) -> Run:
    return run_on(camvid, SERVED, 0)


@pytest.fixture
def twin(camvid: Path) -> Run:
    run = run_on(camvid, TWIN, 1, left_out=["film1"])
    evaluate(run, run.spec, "val")
    return run


def test_a_twin_trained_without_a_film_tells_for_the_run_that_saw_it(
    served: Run, twin: Run
) -> None:
    assert left_out_score(served) is None  # its twin has not been scored on the film yet
    everything = evaluate(twin, twin.spec, "train")
    score = left_out_score(served)
    assert score is not None and left_out_score(twin) == score
    assert (score.run, score.films, score.images) == (TWIN, ["film1"], 3)
    of_film = everything.matrices[[key.startswith("film1") for key in everything.keys]].sum(axis=0)
    assert score.mean_iou == metrics.mean_iou(of_film) != metrics.mean_iou(everything.matrix)
    assert score.policy == "camvid-11"
    assert generalization_of(served).val is None  # the run itself is not scored
    evaluate(served, served.spec, "val")
    found = generalization_of(served)
    assert found.val != score.mean_iou_val and found.expected == score
    behind = msgspec.structs.replace(score, mean_iou_val=0.3)
    assert Generalization(0.5, None, behind).expected is None  # trained for too short


def test_a_run_keeps_the_score_where_its_twin_is_not(served: Run, twin: Run) -> None:
    evaluate(twin, twin.spec, "train")
    score = left_out_score(served)
    keep_left_out_score(served)
    shutil.rmtree(twin.path)
    assert left_out_score(served) == score
    (served.path / LEFT_OUT).write_text('{"run": 5}')
    assert left_out_score(served) is None


@pytest.mark.parametrize(
    "other",
    [
        {"start_from": {"run": "earlier", "dataset": "camvid", "epochs": 1, "seconds": 1.0,
                        "recipe": {"name": "tuned-unet"}}},
        {"model_options": {"width": 8, "depth": 2}},
    ],
)  # fmt: skip
def test_what_saw_the_film_before_or_is_another_network_tells_nothing(
    served: Run, twin: Run, other: dict[str, Any]
) -> None:
    evaluate(twin, twin.spec, "train")
    manifest = json.loads((twin.path / "run.json").read_text())
    (twin.path / "run.json").write_text(json.dumps({**manifest, **other}))
    assert left_out_score(served) is None


def test_the_finding_says_what_pretraining_is_worth_away_from_home(served: Run, twin: Run) -> None:
    evaluate(twin, twin.spec, "train")
    score = left_out_score(served)
    assert score is not None
    low = msgspec.structs.replace(score, mean_iou=0.31, mean_iou_val=0.5)
    high = msgspec.structs.replace(score, mean_iou=0.52, mean_iou_val=0.63)
    told = findings.at_home_and_away("U-Net", "DANet", low, high, pretrained="DANet")
    assert "DANet scores 0.52 on those and U-Net 0.31" in told
    assert "pretraining is worth 0.21 of mean IoU away from home and 0.13 at home." in told
    assert "retraining" not in findings.at_home_and_away("A", "B", low, high, pretrained=None)
