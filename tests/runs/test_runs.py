import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from segcore import runs, settings
from segcore.data.known_data_sets import known_layout
from segcore.errors import RunError, StorageError
from segcore.files.writing import to_json
from segcore.jobs.unreadable import problems_of
from segcore.runs import Run, lineage, run_lock
from segcore.runs.archives import export_run, import_run
from segcore.runs.csv_logs import import_csv_log
from segcore.runs.records import TrainingProgress
from segcore.runs.writer import RunWriter, history_csv, write_progress
from tests.factories.fake_runs import make_run


def manifest(**changes: object) -> dict:
    return {
        "model": "unet",
        "recipe": {"name": "quick-unet"},
        "data": {"spec": "streets", "dataset": "streets"},
        "status": "running",
        "started": runs.now(),
        "weights": {},
        "epochs": 0,
        "best": None,
        **changes,
    }


def write_run(name: str, **changes: object) -> runs.Run:
    writer = RunWriter.create(name, manifest(**changes))
    writer.commit_epoch({"best.weights.h5": name.encode()}, epochs=1)
    return writer.run()


def test_an_unknown_run_is_named_with_the_way_out() -> None:
    with pytest.raises(RunError, match=r"nothing-here: no such run; .*runs list"):
        runs.get_run("nothing-here")


@pytest.mark.parametrize("name", ["../elsewhere", "a/b", ".."])
def test_a_run_name_is_never_a_path(name: str) -> None:
    with pytest.raises(RunError):
        runs.get_run(name)


def test_a_damaged_manifest_is_left_out_of_the_list_and_named_when_asked_for() -> None:
    run = write_run("good")
    damaged = write_run("damaged")
    (damaged.path / "run.json").write_text('{"model":')
    assert [found.name for found in runs.list_runs()] == [run.name]
    with pytest.raises(RunError, match=r"damaged: its run.json cannot be read"):
        runs.get_run("damaged")


def test_weights_are_taken_by_hash_only() -> None:
    run = write_run("run")
    assert runs.verified_weights(run).read_bytes() == b"run"
    path = run.path / "best.weights.h5"
    path.write_bytes(b"nur")  # as long as before
    with pytest.raises(RunError, match="does not match its hash"):
        runs.verified_weights(run)
    path.write_bytes(b"r")
    with pytest.raises(RunError, match="does not match its hash"):
        runs.verified_weights(run)
    path.unlink()
    with pytest.raises(RunError, match="is missing"):
        runs.verified_weights(run)


def test_a_kill_before_the_manifest_keeps_the_old_epoch() -> None:
    run = write_run("run")
    (run.path / "next.best.weights.h5").write_bytes(b"never committed")
    assert runs.verified_weights(run).read_bytes() == b"run"
    RunWriter.reopen(run)
    assert not (run.path / "next.best.weights.h5").exists()
    assert runs.verified_weights(run).read_bytes() == b"run"


def test_a_kill_after_the_manifest_rolls_forward() -> None:
    run = write_run("run")
    os.replace(run.path / "best.weights.h5", run.path / "next.best.weights.h5")
    (run.path / "best.weights.h5").write_bytes(b"of the epoch before")
    assert runs.verified_weights(run).name == "next.best.weights.h5"
    RunWriter.reopen(run)
    assert (run.path / "best.weights.h5").read_bytes() == b"run"


HOLDER = """
import sys, time
from pathlib import Path
from segcore.runs import Run, lineage, run_lock
with run_lock.hold(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_run_is_training_only_while_its_process_lives() -> None:
    run = write_run("unet-streets-1")
    progress = {"epoch": 1, "epochs": 2, "step": 3, "steps": 4}
    write_progress(run.path, progress)
    with subprocess.Popen([sys.executable, "-c", HOLDER, run.path], stdout=-1) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        assert (run.status, run.progress()) == ("running", TrainingProgress(**progress))
        with pytest.raises(RunError, match="another process trains it"), run_lock.hold(run.path):
            pass
        holder.kill()
    assert (run.status, run.progress()) == ("stopped", None)
    with run_lock.hold(run.path):
        assert run.status == "running"


def test_a_full_disk_keeps_the_last_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    run = write_run("run")
    writer = RunWriter.reopen(run)
    real = os.fsync
    calls = []

    def full(handle: int) -> None:
        calls.append(handle)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        real(handle)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="no room left on the disk"):
        writer.commit_epoch({"best.weights.h5": b"new", "last.weights.h5": b"new"}, epochs=2)
    monkeypatch.undo()
    again = runs.Run.of(run.path, json.loads((run.path / "run.json").read_bytes()))
    assert again.epochs == 1
    assert runs.verified_weights(again).read_bytes() == b"run"
    assert sorted(path.name for path in run.path.iterdir()) == [
        "best.weights.h5",
        "run.json",
        "snapshots",
    ]


def test_history_reads_back_as_written() -> None:
    writer = RunWriter.create("run", manifest())
    rows = [{"epoch": 1, "loss": 0.5, "val_mean_iou": float("nan")}, {"epoch": 2, "loss": 0.25}]
    writer.commit_epoch({"history.csv": history_csv(rows)})
    history = writer.run().history()
    assert [row["epoch"] for row in history] == [1, 2]
    assert history[1]["loss"] == 0.25
    assert history[0]["val_mean_iou"] != history[0]["val_mean_iou"]


def test_champions_promotion_and_rollback() -> None:
    assert runs.champion("unet", "streets") is None
    shipped = write_run("shipped", shipped_champion=["streets", "camvid"])
    assert runs.champions("streets") == {"unet": runs.get_run("shipped")}
    camvid = known_layout("camvid").val
    assert runs.champion("unet", camvid).name == "shipped"

    newer = write_run("newer")
    runs.promote(newer, by="admin")
    assert runs.champion("unet", "streets").name == "newer"
    assert [entry.by for entry in runs.promotions("unet", "streets")] == ["admin"]

    assert runs.rollback("unet", "streets").name == shipped.name
    with pytest.raises(RunError, match="no promotion to roll back"):
        runs.rollback("unet", "streets")


def test_a_roll_back_keeps_what_a_later_version_wrote() -> None:
    for name in ("older", "newer"):
        runs.promote(write_run(name))
    registry = json.loads(settings.registry_path().read_bytes())
    registry["unet/streets"][1]["note"] = "by a later version"
    settings.registry_path().write_text(json.dumps(registry))
    assert runs.rollback("unet", "streets").name == "older"
    registry = json.loads(settings.registry_path().read_bytes())
    assert [entry["run"] for entry in registry["unet/streets"]] == ["older"]
    assert registry["rolled_back"][0]["note"] == "by a later version"
    assert [entry.run for entry in runs.rolled_back()] == ["newer"]


def test_promotions_at_the_same_moment_are_all_kept() -> None:
    found = [write_run(f"unet-streets-{i}") for i in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(runs.promote, found))
    names = {promotion.run for promotion in runs.promotions("unet", "streets")}
    assert names == {run.name for run in found}


def test_a_run_without_weights_cannot_become_champion() -> None:
    writer = RunWriter.create("empty", manifest())
    with pytest.raises(RunError, match=r"has no best.weights.h5 yet"):
        runs.promote(writer.run())
    assert runs.champion("unet", "streets") is None


def test_a_model_without_champions_is_not_promoted() -> None:
    tasm = write_run("tasm", model="danet-tasm")
    with pytest.raises(RunError, match="choose the run in the sidebar"):
        runs.promote(tasm)
    assert runs.seats() == []


def test_a_champion_whose_folder_was_deleted_gives_way_to_the_one_before() -> None:
    write_run("shipped", shipped_champion=["streets"])
    gone = write_run("gone")
    runs.promote(gone)
    for path in sorted(gone.path.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    assert runs.champion("unet", "streets").name == "shipped"


def test_a_run_travels_as_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run()
    marked = {**run.record, "shipped": True, "shipped_champion": ["camvid"]}
    (run.path / runs.MANIFEST).write_bytes(to_json(marked))
    export_run(runs.get_run(run.name), tmp_path / "run.zip")
    with pytest.raises(RunError, match="already here"):
        import_run(tmp_path / "run.zip", problems_of)
    monkeypatch.setenv("SEGCORE_ARTIFACTS", str(tmp_path / "other"))
    imported = import_run(tmp_path / "run.zip", problems_of)
    assert imported.weights_hash == run.weights_hash
    assert runs.verified_weights(imported).is_file()
    assert not imported.is_shipped and runs.champion("unet", known_layout("camvid").val) is None


def test_a_damaged_archive_is_refused_and_leaves_nothing(tmp_path: Path, artifacts: Path) -> None:
    run = make_run()
    export_run(run, tmp_path / "run.zip")
    shutil.rmtree(run.path)
    whole = (tmp_path / "run.zip").read_bytes()
    (tmp_path / "run.zip").write_bytes(whole[:3000] + bytes(50) + whole[3050:])
    with pytest.raises(RunError):
        import_run(tmp_path / "run.zip", problems_of)
    assert not list(artifacts.glob("runs/*"))


IMPORT = """
import os, signal, sys, zipfile
from pathlib import Path
from segcore.cli import main

def interrupted(archive, folder):
    (Path(folder) / "half").write_bytes(b"x")
    os.kill(os.getpid(), signal.Signals[sys.argv[2]])

zipfile.ZipFile.extractall = interrupted
sys.exit(main(["runs", "import", sys.argv[1]]))
"""


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGKILL"])
def test_an_interrupted_import_leaves_nothing(tmp_path: Path, artifacts: Path, name: str) -> None:
    """After a kill nobody can clean up but the next import; the log of a training does, too."""
    run = make_run()
    export_run(run, tmp_path / "run.zip")
    shutil.rmtree(run.path)
    command = [sys.executable, "-c", IMPORT, str(tmp_path / "run.zip"), name]
    ended = subprocess.run(command, cwd=settings.ROOT, capture_output=True, text=True)
    assert "Traceback" not in ended.stderr
    if name == "SIGKILL":
        assert runs.list_runs() == []
        (tmp_path / "log.csv").write_text("epoch,loss\n0,1.0\n")
        shutil.rmtree(import_csv_log(tmp_path / "log.csv", "unet", "streets").path)
    assert not list(artifacts.glob("runs/*"))


def test_a_damaged_champion_gives_way_to_the_one_before() -> None:
    write_run("shipped", shipped_champion=["streets"])
    torn = write_run("torn")
    runs.promote(torn)
    (torn.path / runs.MANIFEST).write_bytes(b"{")
    champion = runs.champion("unet", "streets")
    assert champion is not None and champion.name == "shipped"


@pytest.mark.parametrize("name", ["../evil", "run/../../evil", "run/evil.py", "/run/run.json"])
def test_an_archive_of_anything_else_is_refused(tmp_path: Path, name: str, artifacts: Path) -> None:
    import zipfile

    with zipfile.ZipFile(tmp_path / "run.zip", "w") as archive:
        archive.writestr("run/run.json", "{}")
        archive.writestr(name, "x")
    with pytest.raises(RunError, match="no file of a run"):
        import_run(tmp_path / "run.zip", problems_of)
    assert not list(artifacts.glob("runs/*"))


@pytest.mark.parametrize(
    ("weights", "options", "expected"),
    [
        ("none", {}, None),
        (
            "packaged",
            {"backbone": "efficientnet-lite2"},
            "ImageNet's weights of EfficientNet-Lite2",
        ),
        ("imagenet", {}, "ImageNet's weights of EfficientNet-B3"),
        ("/home/ann/b3.h5", {}, "the weights of EfficientNet-B3 in the file b3.h5"),
    ],
)
def test_what_a_run_began_with_is_that_of_its_first_training(
    weights: str, options: dict, expected: str | None
) -> None:
    first = {"name": "r", "backbone_weights": weights, "model_options": options}
    stage = {"run": "a", "recipe": first, "dataset": "camvid", "epochs": 1, "seconds": 1}
    own = manifest(recipe={**first, "backbone_weights": "none"}, start_from=stage)
    assert lineage.pretraining(Run.of(Path("later"), own)) == expected
    assert lineage.pretraining(Run.of(Path("first"), manifest(recipe=first))) == expected
