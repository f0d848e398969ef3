"""A run as one ZIP file, to hand over or to bring in from another machine."""

import io
import json
import os
import zipfile
from pathlib import Path, PurePosixPath

from segcore import settings
from segcore.errors import RunError
from segcore.files import DAMAGED, storage_error, to_json, write_atomically
from segcore.runs import MANIFEST, Run, get_run, verified_weights
from segcore.runs.results import result_folders
from segcore.runs.run import read_run
from segcore.runs.staging import staging_folder
from segcore.runs.weight_files import require_plain

MAX_BYTES = 1 << 30
MAX_FILES = 10_000
FILES = ("best.weights.h5", "history.csv", "class_iou.csv", "MODEL_CARD.md", "train.log")
PATTERNS = (
    "evaluation-*.json",
    "evaluation-*.npz",
    "robustness-*.json",
    "robustness-*.npz",
    "snapshots/index.json",
    "snapshots/*.png",
)
UNUSABLE = (*DAMAGED, AttributeError, RuntimeError)
"""What unpacking raises: also of a password, and of a method that Python lacks."""

SHIPPED = ("shipped", "shipped_champion")
"""What a manifest says of a run that came with the program; an imported one did not."""


def export_run(run: Run, target: Path) -> None:
    """Writes what shows and uses the run (not the optimizer's state) to a ZIP file.

    Raises:
        RunError: its weights are missing or damaged.
        StorageError: `target` cannot be written.
    """
    verified_weights(run)
    paths = {name: run.path / name for name in FILES if (run.path / name).exists()}
    for folder in reversed(result_folders(run)):  # what was made here comes last, and counts
        for pattern in PATTERNS:
            paths |= {path.relative_to(folder).as_posix(): path for path in folder.glob(pattern)}
    weights = {"best.weights.h5": run.manifest["weights"]["best.weights.h5"]}
    manifest = {**run.manifest, "weights": weights}

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{run.name}/{MANIFEST}", json.dumps(manifest, indent=2))
        for name, path in sorted(paths.items()):
            archive.write(path, f"{run.name}/{name}")
    if not target.parent.is_dir():
        raise RunError(f"{target.parent}: no such folder; make it first")
    write_atomically(target, buffer.getvalue())


def import_run(source: Path) -> Run:
    """Unpacks a ZIP file of `export_run` into artifacts/runs and returns the run.

    Nothing is left behind where it is refused or interrupted.

    Raises:
        RunError: no such file, no archive of a run, too large, or a run of that name is here.
        StorageError: no room.
    """
    try:
        archive = zipfile.ZipFile(source)
    except (OSError, zipfile.BadZipFile) as error:
        raise RunError(f"{source}: is no ZIP file of a run; make one with `runs export`") from error
    with archive:
        name = _checked_name(archive, source)
        target = settings.runs_dir() / name
        if target.exists():
            raise RunError(f"{name}: a run of that name is already here; delete {target} first")
        try:
            with staging_folder() as folder:
                archive.extractall(folder)
                unpacked = folder / name
                manifest = json.loads((unpacked / MANIFEST).read_bytes())
                for mark in SHIPPED:
                    manifest.pop(mark, None)
                write_atomically(unpacked / MANIFEST, to_json(manifest))
                require_plain(verified_weights(read_run(unpacked)))
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
    allowed = {MANIFEST, *FILES}
    for entry in entries:
        path = PurePosixPath(entry.filename)
        inside = PurePosixPath(*path.parts[1:])
        known = str(inside) in allowed or any(inside.match(pattern) for pattern in PATTERNS)
        if path.is_absolute() or ".." in path.parts or not known:
            raise RunError(f"{source}: holds {entry.filename!r}, which is no file of a run")
    if len(folders) != 1 or total > MAX_BYTES or len(entries) > MAX_FILES:
        raise RunError(f"{source}: is no archive of one run of at most {MAX_BYTES >> 20} MB")
    return folders.pop()
