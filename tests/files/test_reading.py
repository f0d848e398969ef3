"""Files that others made: taken whole into typed objects, or refused in one line."""

import io
import json
from pathlib import Path

import pytest
from PIL import Image

from segcore import jobs, runs, settings
from segcore.cli import main
from segcore.errors import RunError, SegcoreError, UnreadableError
from segcore.errors.plain import plain, printable
from segcore.files.reading import read_bytes
from segcore.files.writing import to_json
from segcore.jobs import tasks
from segcore.jobs.admission import Admission
from segcore.runs.run import read_run
from segcore.runs.snapshots import read_masks
from segcore.runs.writer import RunWriter

GOOD = {
    "model": "unet",
    "recipe": {"name": "quick-unet"},
    "data": {"spec": "streets", "dataset": "streets"},
    "status": "finished",
    "started": "2025-01-01T00:00:00+00:00",
    "preprocessing": {"mode": "fit", "size": [24, 32], "multiple": 8},
    "later": {"kept": True},
}


def write_run(name: str, **changes: object) -> Path:
    folder = settings.runs_dir() / name
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps({**GOOD, **changes}))
    return folder


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("tuned-unet: as it is, 3 epochs", "tuned-unet: as it is, 3 epochs"),
        ("a_b.csv", "a_b.csv"),
        ("![x](https://evil.example)", "！［x］(https：//evil.example)"),
        ("<img src=x>", "＜img src=x＞"),
        ("two\nlines \x1b[31m", "two lines \\x1b［31m"),
        (":material/home:", "：material/home:"),
        ("=1+1", "＝1+1"),
        ("12. not a list", "12． not a list"),
        ("3.11.7", "3.11.7"),
        ("\udcfcr", "\\xfcr"),
        ("x" * 300, "x" * 199 + "…"),
    ],
)
def test_texts_become_characters_that_nothing_acts_on(text: str, shown: str) -> None:
    assert plain(text) == shown and shown.isprintable()


def test_an_error_names_files_on_one_line_that_can_be_printed() -> None:
    assert str(SegcoreError("stra\udcdfe\n.jpg: is gone")) == "stra\\xdfe\\n.jpg: is gone"
    assert printable("a\u202eb") == "a\\u202eb"


@pytest.mark.parametrize(
    "changes",
    [
        {"started": "yesterday"},
        {"started": "2025-01-01T00:00:00"},
        {"data": {"dataset": "streets"}},
        {"data": {"dataset": "../x", "spec": "streets"}},
        {"data": {"dataset": "streets", "spec": "x" * 5000}},
        {"model": "![x](https://evil.example)"},
        {"recipe": {"epochs": 1}},
        {"recipe": {"name": "x", "epochs": 10**400}},
        {"preprocessing": {"mode": "fit", "size": [1536, 3072], "multiple": 32}},
        {"preprocessing": {"mode": "fit", "size": [10**9, 0], "multiple": 32}},
        {"preprocessing": {"mode": "fit", "size": [24, 32], "multiple": 0}},
        {"preprocessing": {"mode": "warp", "size": [24, 32], "multiple": 8}},
        {"best": {"epoch": "x", "mean_iou": 0.5}},
        {"weights": {"../x": {"sha256": "0" * 64, "bytes": 1}}},
        {"start_from": {"run": "x"}},
        {"format": 99},
    ],
)
def test_a_manifest_that_does_not_fit_is_one_line_and_hides_no_other(
    changes: dict, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run("good")
    write_run("bad", **changes)
    assert [run.name for run in runs.list_runs()] == ["good"]
    with pytest.raises(RunError, match=r"^bad: its run.json cannot be read: .+; restore it or"):
        runs.get_run("bad")
    assert main(["runs", "list"]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("good") and printed.out.count("\n") == 1
    assert printed.err.startswith("bad: its run.json") and printed.err.count("\n") == 1


def test_what_the_manifest_does_not_name_is_kept_for_who_writes_it_on() -> None:
    folder = write_run("good")
    RunWriter.reopen(runs.get_run("good")).save_manifest(status="failed")
    assert json.loads((folder / "run.json").read_bytes())["later"] == {"kept": True}


def test_a_folder_whose_name_is_markup_is_to_be_renamed() -> None:
    write_run("![x](y)")
    assert runs.list_runs() == []
    (damaged,) = runs.unreadable_runs()
    assert "rename the folder" in damaged.problem


def test_a_file_is_bounded_before_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"x" * 11)
    with pytest.raises(UnreadableError, match="larger than 10 bytes"):
        read_bytes(tmp_path / "large", 10)
    with pytest.raises(UnreadableError, match="cannot be opened"):
        read_bytes(tmp_path, 10)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("loss\n1\n", "has no column `epoch`"),
        ("epoch,loss\nfirst,1\n", "is no table of numbers"),
        ("epoch,loss\n1.5,1\n", "without the number of its epoch"),
        ("epoch,loss\n1,9e99\n", "beyond"),
    ],
)
def test_a_history_that_is_none_is_one_line(text: str, problem: str) -> None:
    (write_run("run") / "history.csv").write_text(text)
    with pytest.raises(UnreadableError, match=rf"^run: history.csv .*{problem}"):
        runs.get_run("run").history()


def test_what_every_shipped_run_holds_can_be_read() -> None:
    shipped = Path(__file__).resolve().parents[2] / "artifacts" / "runs"
    folders = [path.parent for path in shipped.glob("*/run.json")]
    assert folders
    for folder in folders:
        run = read_run(folder)
        assert run.history() and run.created


@pytest.mark.parametrize(
    "text", ["", "[1]", "5", '{"unet/streets": [{"run": 5}]}', '{"unet/s": 1}']
)
def test_without_a_registry_that_can_be_read_the_shipped_champions_stand(text: str) -> None:
    writer = RunWriter.create("shipped", {**GOOD, "shipped": True, "shipped_champion": ["streets"]})
    writer.commit_epoch({"best.weights.h5": b"weights"}, epochs=1)
    settings.registry_path().write_text(text)
    champion = runs.champion("unet", "streets")
    assert champion is not None and champion.name == "shipped"
    with pytest.raises(RunError, match=r"registry.json: cannot be read: .+; delete it"):
        runs.promote(writer.run())
    assert settings.registry_path().read_text() == text


@pytest.mark.parametrize(
    "text",
    [
        '{"kind": "distil", "data": "streets"}',
        '{"kind": "prepare", "data": "streets", "gpus": 8}',
        '{"kind": "train", "recipe": {"name": "x"}}',
        '{"kind": "evaluate", "scored": 5, "data": null}',
        "[1]",
        "",
    ],
)
def test_a_job_of_another_version_fails_when_its_turn_comes(
    text: str, admin: Admission, tmp_path: Path
) -> None:
    known = jobs.enqueue(tasks.Preparation("streets"), admin)
    with jobs.database.transaction() as database:
        database.execute("INSERT INTO jobs (task, created) VALUES (?, ?)", (text, runs.now()))
    first, second = jobs.list_jobs()
    assert first == known and isinstance(second.task, tasks.Unknown)
    with pytest.raises(tasks.TaskError, match=r"update the program .* or delete the job"):
        second.task.command(tmp_path, None)


def test_a_row_that_cannot_be_read_is_a_job_all_the_same(admin: Admission) -> None:
    jobs.enqueue(tasks.Preparation("streets"), admin)
    with jobs.database.transaction() as database:
        database.execute("UPDATE jobs SET created = 5, attempt = 'x', lease_until = 'soon'")
    (job,) = jobs.list_jobs()
    assert isinstance(job.task, tasks.Unknown) and job.attempt == 0


def test_a_snapshot_of_another_size_is_refused_before_it_is_unpacked() -> None:
    folder = write_run("run")
    (folder / "snapshots").mkdir()
    index = {"keys": ["a", "b"], "height": 4, "width": 5}
    (folder / "snapshots" / "index.json").write_bytes(to_json(index))
    run = runs.get_run("run")
    for size, fits in (((5, 8), True), ((5000, 8000), False)):
        stream = io.BytesIO()
        Image.new("L", size).save(stream, "PNG")
        path = folder / "snapshots" / "epoch-0001.png"
        path.write_bytes(stream.getvalue())
        if fits:
            assert read_masks(run, path)["b"].shape == (4, 5)
        else:
            with pytest.raises(UnreadableError, match="another size"):
                read_masks(run, path)
