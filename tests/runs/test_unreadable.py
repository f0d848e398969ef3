"""Arrays and archives that others made are bounded; what cannot be read is told and moved away."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from segcore import runs, settings
from segcore.cli import main
from segcore.data.preparation.digests import known_digest, split_digest
from segcore.data.sources import open_source
from segcore.errors import DataError, RunError, UnreadableError
from segcore.evaluation import result, robustness
from segcore.evaluation.cost import cost_files, stored_cost
from segcore.files.array_files import ArrayOf, read_arrays
from segcore.files.writing import to_json
from segcore.jobs import audit, registration
from segcore.jobs.unreadable import find_unreadable, move_away, problems_of
from segcore.runs.archives import export_run, import_run
from segcore.runs.zip_files import open_zip
from tests.factories.plain_runs import MANIFEST, write_run

# --- arrays --------------------------------------------------------------------------------------


def with_member(path: Path, member: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", member)
    return path


def header(shape: str, kind: str = "<i8") -> bytes:
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


@pytest.mark.parametrize(
    ("member", "problem"),
    [
        (header("(10000000000000,)"), "is of shape"),
        (header("(20000,)"), "declares more than it holds"),
        (header("(1,)") + bytes(300 << 20), "unpacks to more than"),
        (header("(1,)") + bytes(16), "another length"),
        (header("(1,)", "|O"), "not of kind count"),
        (header("(1,)") + b"\xff" * 8, "no count or score"),
        (b"nothing", "is damaged"),
        (header("(34,  snN"), "is damaged"),
        (header("(1,), 5: 0"), "is damaged"),
        (header("{[]: 1}"), "is damaged"),
        (header("-" * 9000 + "1"), "is damaged|header that is none"),
    ],
    ids=[
        "header",
        "short",
        "bomb",
        "long",
        "objects",
        "negative",
        "no array",
        "open",
        "key",
        "set",
        "deep",
    ],
)
def test_arrays_are_bounded_before_they_are_made(
    tmp_path: Path, member: bytes, problem: str
) -> None:
    path = with_member(tmp_path / "a.npz", member)
    with pytest.raises(UnreadableError, match=problem):
        read_arrays(path, {"a": ArrayOf("count", ("N",))})


def test_arrays_of_one_letter_have_one_length(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", a=np.zeros((3, 2), int), b=np.zeros(4), c=np.array(["x", "y"]))
    two = {"a": ArrayOf("count", ("N", 2)), "b": ArrayOf("number", ("N",))}
    with pytest.raises(UnreadableError, match="`b` is of shape"):
        read_arrays(tmp_path / "a.npz", two)
    asked = {"c": ArrayOf("text", ("N",)), "d": ArrayOf("count", optional=True)}
    found = read_arrays(tmp_path / "a.npz", asked)
    assert list(found) == ["c"] and found["c"].tolist() == ["x", "y"]


def test_what_was_measured_of_every_shipped_run_can_be_read() -> None:
    folder = Path(__file__).resolve().parents[2] / "artifacts" / "runs"
    evaluations = sorted(folder.glob("*/evaluation-*.npz"))
    assert evaluations and all(result.read_evaluation(path).keys for path in evaluations)
    for path in folder.glob("*/robustness-*.npz"):
        assert robustness.read_robustness(path).is_complete


# --- archives ------------------------------------------------------------------------------------


def test_a_manifest_that_unpacks_to_far_more_is_refused_unread(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "run.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("run/run.json", b" " * (50 << 20))
    with pytest.raises(RunError, match=r"its run.json is over 1 MB"):
        import_run(tmp_path / "run.zip", problems_of)
    assert not list(settings.runs_dir().glob("*"))


def test_a_table_of_contents_is_bounded_before_it_is_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as archive:
        for number in range(20):
            archive.writestr(f"{number}", b"")
    with pytest.raises(UnreadableError, match="more than 10 files"):
        open_zip(tmp_path / "many.zip", 10)
    assert len(open_zip(tmp_path / "many.zip", 20).namelist()) == 20


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("history.csv", b"epoch,loss\nfirst,1\n", "history.csv is no table of numbers"),
        ("evaluation-camvid-val.npz", b"PK", "evaluation-camvid-val.npz is damaged"),
        ("evaluation-camvid-val.json", b"[1]", "evaluation-camvid-val.json Expected"),
        ("snapshots/index.json", b"{}", "snapshots/index.json Object missing"),
    ],
)
def test_an_import_checks_every_file_that_is_read_later(
    tmp_path: Path, name: str, content: bytes, problem: str
) -> None:
    writer = write_run("run")
    (writer.path / name).write_bytes(content)
    export_run(writer.run(), tmp_path / "run.zip")
    writer.path.rename(tmp_path / "elsewhere")
    with pytest.raises(RunError, match=problem):
        import_run(tmp_path / "run.zip", problems_of)
    assert (runs.list_runs(), runs.unreadable_runs()) == ([], [])


@pytest.mark.parametrize(
    "preprocessing",
    [
        {"mode": "fit", "size": [1536, 3072], "multiple": 32},
        {"mode": "fit", "size": [10**9, 32], "multiple": 32},
        {"mode": "fit", "size": [32, 0], "multiple": 32},
        {"mode": "fit", "size": [32, 32], "multiple": 0},
    ],
)
def test_a_size_that_no_network_can_have_is_refused_at_import(
    tmp_path: Path, preprocessing: dict
) -> None:
    with zipfile.ZipFile(tmp_path / "run.zip", "w") as archive:
        archive.writestr("run/run.json", json.dumps({**MANIFEST, "preprocessing": preprocessing}))
    with pytest.raises(RunError, match=r"its run.json cannot be read"):
        import_run(tmp_path / "run.zip", problems_of)
    assert (runs.list_runs(), runs.unreadable_runs()) == ([], [])


# --- lists ---------------------------------------------------------------------------------------


def test_doctor_tells_of_it_and_moves_it_away(capsys: pytest.CaptureFixture[str]) -> None:
    write_run("good")
    write_run("bad", started="yesterday")
    settings.registry_path().write_text("[1]")
    settings.datasets_path().write_bytes(to_json({"a": 1}))
    told = [one.problem for one in find_unreadable()]
    assert len(told) == 3 and all("cannot be read" in problem for problem in told)
    place = move_away(find_unreadable())
    assert place is not None and (place / "runs" / "bad" / "run.json").exists()
    assert find_unreadable() == [] and [run.name for run in runs.list_runs()] == ["good"]


def test_what_cannot_be_read_is_asked_for_from_the_command_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_run("bad", started="yesterday")
    assert main(["doctor"]) == 0
    told = capsys.readouterr().out
    assert "--  bad: its run.json cannot be read" in told and "doctor --move-away" in told
    assert main(["doctor", "--move-away"]) == 0
    assert (runs.list_runs(), runs.unreadable_runs()) == ([], [])


def test_a_damaged_registry_keeps_no_list_from_being_shown() -> None:
    run = write_run("run").run()
    runs.promote(run)
    settings.registry_path().write_text('{"unet/streets": [{"run": "run", "at": "yesterday"}]}')
    assert runs.seats() == [] and runs.promotions("unet", "streets") == []
    assert "cannot be read" in str(runs.registry_problem())
    with pytest.raises(RunError, match="delete it to go back to the shipped champions"):
        runs.promote(run)


def test_lines_of_the_log_that_are_none_are_left_out() -> None:
    audit.record("tester", "promoted a run")
    with open(settings.audit_path(), "ab") as file:
        file.write(b'{"at": "yesterday", "by": "x", "what": "y"}\n[1]\n\xff\n' + b"[" * 9999)
    assert [entry.what for entry in audit.latest()] == ["promoted a run"]


@pytest.mark.parametrize("text", ["5", "[5]", '{"a": 1}', "[" * 9999])
def test_a_list_of_data_sets_that_is_none_is_one_line(text: str) -> None:
    settings.artifacts_dir().mkdir()
    settings.datasets_path().write_text(text)
    with pytest.raises(DataError, match="cannot be read: .+; delete it and register again"):
        registration.registered()


@pytest.mark.parametrize("text", ["5", "{}", '{"sha256": null}', '{"sha256": "![x](y)"}'])
def test_a_digest_that_is_none_is_computed_anew(text: str, camvid: Path) -> None:
    digest = split_digest(f"camvid:{camvid}", "val")
    (kept,) = settings.digests_dir().glob("*.json")
    kept.write_text(text)
    assert known_digest(open_source(f"camvid:{camvid}"), "val") is None
    assert split_digest(f"camvid:{camvid}", "val") == digest


@pytest.mark.parametrize("text", ["5", "{}", '{"timings": []}'])
def test_a_cost_that_is_none_counts_as_not_measured(text: str) -> None:
    run = write_run("run").run()
    settings.costs_dir().mkdir(parents=True)
    cost_files(run)[0].write_text(text)
    assert stored_cost(run) is None
    (told,) = find_unreadable()
    assert told.problem.endswith("measure the run again")
