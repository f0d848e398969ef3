"""Files in artifacts/ that cannot be read: each is named in one line, and moved away on request.

Lists leave such things out, so that one damaged file keeps nothing else from being shown; here is
where they are told of.
"""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from segcore import jobs, runs, settings
from segcore.errors import SegcoreError, UnreadableError
from segcore.evaluation.cost import read_cost
from segcore.evaluation.result import read_evaluation
from segcore.evaluation.robustness import read_robustness
from segcore.files.reading import read_json
from segcore.files.writing import storage_error
from segcore.jobs.tasks import Unknown
from segcore.runs import Run, Unreadable
from segcore.runs.data_sets import registered
from segcore.runs.records import StoredReport
from segcore.runs.results import result_folders
from segcore.runs.snapshots import read_masks

MOVED = "unreadable"
"""The folder of artifacts/ for what was moved away."""


def find_unreadable() -> list[Unreadable]:
    """All that cannot be read; every problem is a sentence that names its file."""
    return [*_lists(), *runs.unreadable_runs(), *_parts_of_runs(), *_costs(), *_rows()]


def problems_of(run: Run) -> list[Unreadable]:
    """What of a run's folder cannot be read beside its manifest, its weights apart."""
    return list(_parts(run))


def move_away(found: list[Unreadable]) -> Path | None:
    """Moves files and folders to artifacts/unreadable/TIME, their places below artifacts/ kept.

    Returns where they are now; None where there was nothing to move.

    Raises:
        StorageError: one cannot be moved.
    """
    root = settings.artifacts_dir()
    target = root / MOVED / f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
    moved = None
    for path in dict.fromkeys(one.path for one in found if one.path != settings.jobs_path()):
        place = target / path.relative_to(root)
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            os.replace(path, place)
        except OSError as error:
            raise storage_error(path, error) from error
        moved = target
    return moved


def _lists() -> Iterator[Unreadable]:
    if problem := runs.registry_problem():
        yield Unreadable(settings.registry_path(), problem)
    try:
        registered()
    except SegcoreError as error:
        yield Unreadable(settings.datasets_path(), str(error))


def _parts_of_runs() -> Iterator[Unreadable]:
    for run in runs.list_runs():
        yield from _parts(run)


def _parts(run: Run) -> Iterator[Unreadable]:
    checks: list[tuple[Path, Callable[[], object]]] = [
        (run.path / runs.HISTORY, run.history),
        (run.path / runs.CLASS_IOU, run.class_iou),
        (run.path / "snapshots" / "index.json", run.snapshot_index),
    ]
    for path in run.snapshots().values():
        checks.append((path, partial(read_masks, run, path)))
    for pattern, read in (
        ("evaluation-*.npz", read_evaluation),
        ("robustness-*.npz", read_robustness),
        ("evaluation-*.json", _read_report),
        ("robustness-*.json", _read_report),
    ):
        for folder in result_folders(run):
            for path in sorted(folder.glob(pattern)):
                checks.append((path, partial(read, path)))
    for path, check in checks:
        try:
            check()
        except UnreadableError as error:
            said = str(error)
            if not said.startswith(run.name):
                said = f"{run.name}: {path.name} {said}; delete it"
            yield Unreadable(path, said)


def _read_report(path: Path) -> StoredReport:
    return read_json(path, StoredReport)


def _costs() -> Iterator[Unreadable]:
    for path in sorted(settings.costs_dir().glob("*.json")):
        try:
            read_cost(path)
        except UnreadableError as error:
            yield Unreadable(path, f"{path.name}: {error}; measure the run again")


def _rows() -> Iterator[Unreadable]:
    try:
        listed = jobs.list_jobs()
    except SegcoreError as error:
        yield Unreadable(settings.jobs_path(), str(error))
        return
    for job in listed:
        if isinstance(job.task, Unknown):
            problem = f"job {job.id}: {job.task.problem}; delete it under Admin, Train"
            yield Unreadable(settings.jobs_path(), problem)
