"""Room on the disk: what each run and data set takes, and what may be removed.

Removing never touches what a visitor sees or what is being made: champions, the champions that a
roll back returns to, shipped runs, and runs that a job or another process works on.
"""

import shutil
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from segcore import jobs, runs
from segcore.errors import RunError
from segcore.files.writing import storage_error
from segcore.jobs.admission import ADMISSIONS, Admission
from segcore.runs import MANIFEST, Run, notes, run_lock


@dataclass(frozen=True)
class RunUsage:
    """A run's room in bytes, and why it must stay; None where it may go."""

    run: Run
    bytes: int
    kept_because: str | None


def folder_bytes(folder: Path) -> int:
    """What the files in a folder take, at any depth; 0 for a folder that is not there."""
    total = 0
    for path in folder.rglob("*"):
        try:
            if path.is_file():
                total += path.stat().st_size
        except FileNotFoundError:  # removed or renamed while we look
            continue
    return total


def run_usage() -> list[RunUsage]:
    """Every run, the largest first."""
    reasons = _protection()
    found = [RunUsage(run, folder_bytes(run.path), _why(run, reasons)) for run in runs.list_runs()]
    return sorted(found, key=lambda usage: -usage.bytes)


def delete_run(name: str, admission: Admission | None) -> None:
    """Removes a run for good.

    Raises:
        AdmissionError: the pass does not hold.
        RunError: no such run, or it must stay; with the reason.
        StorageError: it cannot be removed.
    """
    ADMISSIONS.check(admission)
    run = runs.get_run(name)
    with run_lock.hold(run.path):
        reason = _why(run, _protection(), is_held_by_us=True)
        if reason:
            raise RunError(f"{name}: stays, {reason}")
        try:
            (run.path / MANIFEST).unlink()  # first: what is half removed is no run any more
            shutil.rmtree(run.path)
        except OSError as error:
            raise storage_error(run.path, error) from error
    notes.forget(name)


def reasons_to_stay(names: Collection[str]) -> dict[str, str]:
    """Why some of these runs cannot be removed."""
    reasons = _protection()
    found = {run.name: _why(run, reasons) for run in runs.list_runs() if run.name in names}
    return {name: reason for name, reason in found.items() if reason is not None}


def delete_runs(names: Sequence[str], admission: Admission | None) -> list[str]:
    """Removes those of the runs that may go; a sentence for each that stays.

    Raises:
        AdmissionError: the pass does not hold.
        StorageError: one cannot be removed.
    """
    refused = []
    for name in names:
        try:
            delete_run(name, admission)
        except RunError as error:
            refused.append(str(error))
    return refused


def _protection() -> dict[str, str]:
    """Run -> why it must stay, of those that anything else needs."""
    found = dict.fromkeys(jobs.runs_in_use(), "a job in the queue works on it")
    if problem := runs.registry_problem():  # any run may be one that a promotion names
        return dict.fromkeys((run.name for run in runs.list_runs()), problem)
    for model, data in runs.seats():
        *former, champion = [str(entry.run) for entry in runs.promotions(model, data)] or [""]
        found |= dict.fromkeys(former, "a roll back returns to it")
        found[champion] = f"it is a champion of {model}"
    return found


def _why(run: Run, reasons: dict[str, str], is_held_by_us: bool = False) -> str | None:
    if run.is_shipped:
        return "it came with the program"
    if not is_held_by_us and run_lock.is_held(run.path):
        return "it is being trained"
    return reasons.get(run.name)
