import json
import shutil
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from segcore import runs
from segcore.cli import shipping
from segcore.cli.shipping import ship, write_card
from segcore.errors import RunError
from segcore.evaluation import stored_evaluation
from segcore.prediction.engines import openvino_store
from segcore.presentation.model_card import model_card
from segcore.runs import Run
from segcore.runs.writer import RunWriter
from segcore.training.session import train
from tests.factories.made_data import val_digest, write_camvid
from tests.factories.made_runs import make_run
from tests.training.test_training import TINY

RUNS = Path(__file__).parents[2] / "artifacts" / "runs"
SHIPPED = [card.parent for card in RUNS.glob("*/MODEL_CARD.md")]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """Artifacts with a run and one that began with it, their names, trained once for this file."""
    folder = tmp_path_factory.mktemp("trained")
    spec = f"camvid:{write_camvid(folder / 'camvid')}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEGCORE_ARTIFACTS", str(folder / "artifacts"))
        first = train(replace(TINY, name="first", epochs=1), spec)
        run = train(replace(TINY, epochs=1), spec, start_from=first.name)
    return folder, first.name, run.name


@pytest.fixture
def run(trained: tuple[Path, str, str], artifacts: Path) -> Run:
    """The second of them, in artifacts/ of the test's own."""
    shutil.copytree(trained[0] / "artifacts", artifacts)
    return runs.get_run(trained[2])


def test_a_shipped_run_is_small_evaluated_and_the_champion(
    run: Run, trained: tuple[Path, str, str]
) -> None:
    camvid, spec = trained[0] / "camvid", run.spec
    first = runs.get_run(trained[1])
    shipped = ship(run, spec, ["camvid"])
    copy = shipped.run

    assert shipped.agreement >= 0.999
    assert runs.champion("unet", val_digest(camvid)) == copy
    assert copy.history() == run.history()
    for kept, trained in zip(copy.class_iou(), run.class_iou(), strict=True):
        assert kept == pytest.approx(trained, nan_ok=True)
    weights = runs.verified_weights(copy)
    assert weights.stat().st_size < runs.verified_weights(run).stat().st_size
    with h5py.File(weights) as file:
        kinds: set[np.dtype] = set()
        file.visititems(lambda _, item: isinstance(item, h5py.Dataset) and kinds.add(item.dtype))
    assert np.dtype(np.float32) not in kinds
    assert not (copy.path / "optimizer.npz").exists()
    assert shipped.conversion.agrees
    assert (copy.path / "openvino" / "topology.xml.gz").exists()

    evaluation = stored_evaluation(copy, val_digest(camvid), "val")
    assert evaluation is not None
    report = evaluation.report()
    card = (copy.path / "MODEL_CARD.md").read_text()
    assert f"{report['mean_iou']:.4f}" in card
    for words in (
        "`camvid` in the layout of camvid",  # not the CamVid that everybody knows
        "camvid-11",
        "32x24",
        "Where it fails",
        "Licence",
        "tiny",
        first.name,
    ):
        assert words in card

    on_streets = {
        **copy.record,
        "data": {**copy.record["data"], "spec": "streets", "dataset": "streets"},
    }
    for manifest, licence in (
        (on_streets, "own licence"),  # its weights came from somebody's data
        ({**on_streets, "start_from": None}, "free to use"),
    ):
        card = model_card(Run.of(copy.path, manifest), evaluation)
        assert licence in card.split("## Licence")[1]
    kept = {"fog": 0.9, "night": 0.42, "rain": None}
    card = model_card(copy, evaluation, kept)
    assert "keeps of its mean IoU: night 42%, fog 90%." in card


@pytest.mark.parametrize("folder", sorted(SHIPPED), ids=lambda folder: folder.name)
def test_what_is_shipped_is_served_by_the_openvino_that_is_installed(folder: Path) -> None:
    """Mended by `python -m segcore runs convert RUN`, once for each new OpenVINO."""
    run = Run.of(folder, json.loads((folder / "run.json").read_text()))
    verdict = openvino_store.stored_verdict(run)
    assert verdict is not None
    assert verdict.agrees
    assert verdict.is_fast
    assert verdict.precision == "f32"


def test_a_card_needs_scores(camvid: Path) -> None:
    run = make_run("unet", camvid)
    with pytest.raises(RunError, match="segcore evaluate"):
        write_card(run)


def test_what_half_precision_cannot_hold_stays_whole(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variance of a batch normalisation beyond 65504 would be infinite."""
    monkeypatch.setattr(shipping, "SAME_LABELS", 0.9)  # a network of one epoch is of two minds
    path = runs.verified_weights(run)
    with h5py.File(path, "a") as file:
        layer = next(name for name in file["layers"] if name.startswith("batch_normalization"))
        variance = f"layers/{layer}/vars/3"
        file[variance][0] = 95314.6
    RunWriter.reopen(run).commit_epoch({"best.weights.h5": path.read_bytes()})
    copy = ship(runs.get_run(run.name), run.spec, []).run
    with h5py.File(runs.verified_weights(copy)) as file:
        assert file[variance][0] == np.float32(95314.6)


def test_an_unfinished_run_is_not_shipped(run: Run) -> None:
    before = runs.list_runs()
    writer = RunWriter.reopen(run)
    writer.save_manifest(status="stopped")
    with pytest.raises(RunError, match="only a finished run"):
        ship(runs.get_run(run.name), run.spec, [])
    assert len(runs.list_runs()) == len(before)
