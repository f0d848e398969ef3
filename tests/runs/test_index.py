"""The index of runs: what lists know without opening every run.json."""

from pathlib import Path

import pytest

from segcore import runs, settings
from segcore.errors import StorageError
from segcore.runs import index
from segcore.runs.run import read_run
from segcore.runs.writer import RunWriter
from tests.factories.plain_runs import write_run

NAMES = ("unet-streets-a", "unet-streets-b", "danet-streets-c")


@pytest.fixture(autouse=True)
def many(artifacts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "MANY", 2)
    for name in NAMES:
        write_run(name)


def in_a_new_process(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the run folders that it opens from now on."""
    opened: list[str] = []

    def read(path: Path) -> runs.Run:
        opened.append(path.name)
        return read_run(path)

    monkeypatch.setattr(index, "read_run", read)
    monkeypatch.setattr(index, "_INDEX", index._Index())
    return opened


def test_a_new_process_opens_only_what_has_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    before = runs.list_runs()
    opened = in_a_new_process(monkeypatch)
    assert runs.list_runs() == before
    assert opened == []
    assert [run.manifest for run in runs.list_runs()] == [run.manifest for run in before]
    RunWriter.reopen(before[0]).save_manifest(epochs=5)
    assert runs.get_run(before[0].name) in runs.list_runs()
    assert opened == [before[0].name]


def test_what_comes_and_goes_is_seen_at_once() -> None:
    first = index.look()
    assert index.look() is first
    write_run("unet-streets-d")
    second = index.look()
    assert (len(second.runs), second.version > first.version) == (4, True)
    (settings.runs_dir() / NAMES[1] / "run.json").write_text("{")
    assert [one.path.name for one in runs.unreadable_runs()] == [NAMES[1]]
    (settings.runs_dir() / NAMES[1] / "run.json").unlink()
    assert runs.unreadable_runs() == []
    assert NAMES[1] not in {run.name for run in runs.list_runs()}


@pytest.mark.parametrize("place", [0, 40, -1])
def test_a_damaged_index_counts_as_none(monkeypatch: pytest.MonkeyPatch, place: int) -> None:
    before = runs.list_runs()
    data = bytearray(settings.run_index_path().read_bytes())
    data[place] ^= 1
    settings.run_index_path().write_bytes(data)
    opened = in_a_new_process(monkeypatch)
    assert runs.list_runs() == before
    assert sorted(opened) == sorted(NAMES)


def test_a_disk_that_takes_nothing_is_no_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, data: bytes) -> None:
        raise StorageError(f"{path}: read-only")

    settings.run_index_path().unlink(missing_ok=True)
    monkeypatch.setattr(index, "write_atomically", refuse)
    monkeypatch.setattr(index, "_INDEX", index._Index())
    assert {run.name for run in runs.list_runs()} == set(NAMES)
    assert not settings.run_index_path().exists()
