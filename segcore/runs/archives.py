"""A run as one ZIP file, to hand over or to bring in from another machine."""

import io
import json
import os
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

from segcore import settings
from segcore.errors import RunError, UnreadableError
from segcore.errors.plain import plain
from segcore.files.reading import MAX_CSV_BYTES, MAX_JSON_BYTES, parse_json, read_bytes
from segcore.files.writing import DAMAGED, storage_error, to_json, write_atomically
from segcore.models.weight_files import require_plain_apart
from segcore.runs import MANIFEST, Run, Unreadable, get_run, verified_weights
from segcore.runs.kinds import MAIN_FILE
from segcore.runs.results import result_folders
from segcore.runs.run import read_run
from segcore.runs.staging import staging_folder
from segcore.runs.zip_files import open_zip

WEIGHTS = MAIN_FILE["trained"]
MAX_BYTES = 1 << 30
MAX_FILES = 10_000
FILES = {
    MANIFEST: MAX_JSON_BYTES,
    WEIGHTS: MAX_BYTES,
    "history.csv": MAX_CSV_BYTES,
    "class_iou.csv": MAX_CSV_BYTES,
    "MODEL_CARD.md": MAX_JSON_BYTES,
    "train.log": 64 << 20,
    "evaluation-*.json": MAX_JSON_BYTES,
    "evaluation-*.npz": 64 << 20,
    "robustness-*.json": MAX_JSON_BYTES,
    "robustness-*.npz": 64 << 20,
    "left-out.json": MAX_JSON_BYTES,
    "snapshots/index.json": MAX_JSON_BYTES,
    "snapshots/*.png": 16 << 20,
}
"""What of a run travels, and how many bytes of each may be unpacked."""

UNUSABLE = (*DAMAGED, AttributeError, RuntimeError)
"""What unpacking raises: also of a password, and of a method that Python lacks."""

SHIPPED = ("shipped", "shipped_champion")
"""What a manifest says of a run that came with the program; an imported one did not."""


def export_run(run: Run, target: Path) -> None:
    """Writes what shows and uses the run (not the optimizer's state) to a ZIP file.

    Raises:
        RunError: its weights are missing or damaged, or it was not trained here.
        StorageError: `target` cannot be written.
    """
    run.require_training("be exported")
    verified_weights(run)
    paths: dict[str, Path] = {}
    for folder in reversed(result_folders(run)):  # what was made here comes last, and counts
        for pattern in FILES:
            paths |= {path.relative_to(folder).as_posix(): path for path in folder.glob(pattern)}
    paths.pop(MANIFEST, None)
    weights = {WEIGHTS: run.record["weights"][WEIGHTS]}
    record = {**run.record, "weights": weights}

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{run.name}/{MANIFEST}", json.dumps(record, indent=2))
        for name, path in sorted(paths.items()):
            archive.write(path, f"{run.name}/{name}")
    if not target.parent.is_dir():
        raise RunError(f"{target.parent}: no such folder; make it first")
    write_atomically(target, buffer.getvalue())


def export_runs(runs: Sequence[Run], target: Path) -> None:
    """Writes a ZIP file that holds what `export_run` makes of each run, as RUN.zip.

    Raises RunError and StorageError as that does; then nothing is written.
    """
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "all.zip"
        with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
            for run in runs:
                one = Path(folder) / f"{run.name}.zip"
                export_run(run, one)
                archive.write(one, one.name)
                one.unlink()
        write_atomically(target, made.read_bytes())


def import_run(source: Path, problems_of: Callable[[Run], Sequence[Unreadable]]) -> Run:
    """Unpacks a ZIP file of `export_run` into artifacts/runs and returns the run.

    Nothing is left behind where it is refused or interrupted.

    Args:
        problems_of: tells what in a run's folder cannot be read; nothing of that is taken in.

    Raises:
        RunError: no such file, no archive of a run, too large, or a run of that name is here.
        StorageError: no room.
    """
    try:
        archive = open_zip(source, MAX_FILES)
    except UnreadableError as error:
        raise RunError(f"{source}: {error}; make a ZIP file of a run with `runs export`") from error
    except OSError as error:
        raise RunError(f"{source}: cannot be opened ({error.strerror}); check the path") from error
    with archive:
        name = _checked_name(archive, source)
        target = settings.runs_dir() / name
        if target.exists():
            raise RunError(f"{name}: a run of that name is already here; delete {target} first")
        try:
            with staging_folder() as folder:
                archive.extractall(folder)
                unpacked = folder / name
                read_run(unpacked)
                record = parse_json(read_bytes(unpacked / MANIFEST, MAX_JSON_BYTES))
                for mark in SHIPPED:
                    record.pop(mark, None)
                write_atomically(unpacked / MANIFEST, to_json(record))
                run = read_run(unpacked)
                run.require_training("be imported")
                for problem in problems_of(run):
                    raise RunError(f"{source}: {problem.problem}")
                require_plain_apart(verified_weights(run))
                os.replace(unpacked, target)
        except OSError as error:
            raise storage_error(settings.runs_dir(), error) from error
        except UNUSABLE as error:
            raise RunError(
                f"{source}: is damaged, locked or packed in another way; export the run again"
            ) from error
    return get_run(name)


def _checked_name(archive: zipfile.ZipFile, source: Path) -> str:
    """The one folder the archive holds; refuses anything that is not plainly an exported run."""
    entries = archive.infolist()
    folders = {PurePosixPath(entry.filename).parts[0] for entry in entries if entry.filename}
    total = sum(entry.file_size for entry in entries)
    for entry in entries:
        path = PurePosixPath(entry.filename)
        inside = PurePosixPath(*path.parts[1:])
        most = next((FILES[name] for name in FILES if _is(inside, name)), None)
        if path.is_absolute() or ".." in path.parts or most is None:
            named = plain(entry.filename)
            raise RunError(f"{source}: holds {named}, which is no file of a run; export it again")
        if entry.file_size > most:
            raise RunError(f"{source}: its {inside} is over {most >> 20} MB, too large for a run's")
    if len(folders) != 1 or total > MAX_BYTES or len(entries) > MAX_FILES:
        raise RunError(f"{source}: is no archive of one run of at most {MAX_BYTES >> 20} MB")
    return folders.pop()


def _is(path: PurePosixPath, pattern: str) -> bool:
    return len(path.parts) == len(PurePosixPath(pattern).parts) and path.match(pattern)
