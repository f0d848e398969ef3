"""Notes and labels of runs, and finding runs by them."""

import json
from datetime import date
from pathlib import Path

import pytest

from segcore import runs, settings
from segcore.cli import main
from segcore.errors import RunError
from segcore.jobs import storage
from segcore.jobs.admission import ADMISSIONS
from segcore.runs import Run, notes
from segcore.runs.finding import Wanted, find_runs
from tests.factories.plain_runs import write_run


@pytest.fixture
def three(artifacts: Path) -> list[Run]:
    write_run("unet-streets-1", recipe={"name": "quick-unet"}, started="2026-01-01T10:00:00+00:00")
    write_run("unet-streets-2", recipe={"name": "tuned-unet"}, started="2026-02-01T10:00:00+00:00")
    write_run(
        "danet-streets-3", model="danet", recipe={"name": "quick-danet"},
        started="2026-03-01T10:00:00+00:00",
    )  # fmt: skip
    return runs.list_runs()


def names(found: list[Run]) -> list[str]:
    return sorted(run.name for run in found)


def test_runs_are_found_by_all_that_they_are(three: list[Run]) -> None:
    notes.keep_note(runs.get_run("unet-streets-1"), "Too dark at night")
    notes.keep_labels(runs.get_run("danet-streets-3"), ["baseline", "thesis"])

    def found(wanted: Wanted) -> list[str]:
        name_of = {"unet-streets-1": "Toys"}
        return names(
            find_runs(
                three, wanted, lambda run: name_of.get(run.name, "streets"), notes.notes(),
                {"unet-streets-2"},
            )
        )  # fmt: skip

    assert found(Wanted()) == names(three)
    assert found(Wanted(text="NIGHT unet")) == ["unet-streets-1"]
    assert found(Wanted(text="thesis")) == ["danet-streets-3"]
    assert found(Wanted(labels=["baseline", "other"])) == ["danet-streets-3"]
    assert found(Wanted(models=["unet"], recipes=["tuned-unet"])) == ["unet-streets-2"]
    assert found(Wanted(data=["Toys"])) == ["unet-streets-1"]
    assert found(Wanted(since=date(2026, 2, 1))) == ["danet-streets-3", "unet-streets-2"]
    assert found(Wanted(champions=True)) == ["unet-streets-2"]


def test_what_is_said_of_a_run_leaves_its_folder_as_it_is(three: list[Run]) -> None:
    run = three[0]
    before = {path: path.stat().st_mtime_ns for path in run.path.rglob("*")}
    assert main(["runs", "note", run.name, "kept  for the talk"]) == 0
    assert main(["runs", "label", run.name, "talk", "talk", "2026"]) == 0
    assert notes.notes()[run.name] == notes.RunNote("kept for the talk", ("talk", "2026"))
    assert {path: path.stat().st_mtime_ns for path in run.path.rglob("*")} == before
    assert main(["runs", "note", run.name, ""]) == 0
    assert main(["runs", "label", run.name]) == 0
    assert run.name not in notes.notes()


def test_the_list_of_the_command_line_is_filtered_and_tells_notes(
    three: list[Run], capsys: pytest.CaptureFixture[str]
) -> None:
    notes.keep_note(three[0], "the best so far")
    notes.keep_labels(three[0], ["talk"])
    assert main(["runs", "list", "--label", "talk", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["run"], row["note"], row["labels"]) == (three[0].name, "the best so far", ["talk"])
    assert main(["runs", "list", "--search", "best"]) == 0
    assert capsys.readouterr().out.rstrip().endswith("[talk] the best so far")
    assert main(["runs", "list", "--model", "unet", "--since", "2026-01-15"]) == 0
    assert capsys.readouterr().out.startswith("unet-streets-2")
    assert main(["runs", "list", "--recipe", "none"]) == 0
    assert "no run matches" in capsys.readouterr().out


def test_a_label_that_cannot_be_one_is_refused_in_a_line(three: list[Run]) -> None:
    for labels in ([""], ["x" * 31], [str(n) for n in range(13)], ["a\x1bb"]):
        with pytest.raises(RunError):
            notes.keep_labels(three[0], labels)
    with pytest.raises(RunError, match="up to 500"):
        notes.keep_note(three[0], "x" * 501)
    assert not settings.run_notes_path().exists()


def test_damaged_notes_hide_no_run_and_are_not_written_over(three: list[Run]) -> None:
    settings.run_notes_path().write_text("{")
    assert notes.notes() == {}
    with pytest.raises(RunError, match="restore it or delete it"):
        notes.keep_note(three[0], "new")
    assert settings.run_notes_path().read_text() == "{"


def test_of_many_runs_those_go_that_may_and_the_others_say_why(three: list[Run]) -> None:
    write_run("unet-streets-9", shipped=True)
    notes.keep_labels(runs.get_run("unet-streets-1"), ["old"])
    chosen = ["unet-streets-1", "unet-streets-9", "danet-streets-3", "unet-gone"]
    refused = storage.delete_runs(chosen, ADMISSIONS.issue("tester"))
    assert names(runs.list_runs()) == ["unet-streets-2", "unet-streets-9"]
    assert notes.notes() == {}
    assert len(refused) == 2
    assert "unet-streets-9: stays, it came with the program" in refused
