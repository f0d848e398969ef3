"""Exports made for the dashboard: in a process of their own, and kept for the next who asks."""

import subprocess
import sys
import tempfile
from pathlib import Path

from segcore import settings
from segcore.errors import RunError
from segcore.files.writing import storage_error
from segcore.runs import Run
from segcore.system.child_report import read_report

KEPT = 8
"""Exports on the disk, of up to 50 MB each."""

LONGEST_SECONDS = 1800
"""A minute is usual; other work on the machine may take most of it."""


def stored_export(run: Run, name: str) -> Path | None:
    """The run's export in that format, of `runs export`; None where none was made yet."""
    path = _path_of(run, name)
    return path if path.is_file() else None


def export_apart(run: Run, name: str) -> Path:
    """Has it made by another process, so that this one loads no TensorFlow; returns the ZIP file.

    Raises:
        RunError: it cannot be exported; says why.
        StorageError: artifacts/ cannot be written.
    """
    path = _path_of(run, name)
    command = ["segcore", "runs", "export", run.name, str(path.absolute()), "--format", name]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _forget_oldest(path.parent)
        with tempfile.TemporaryDirectory() as folder:
            reported = Path(folder) / "report.json"
            status = subprocess.run(
                [sys.executable, "-m", *command],
                cwd=settings.ROOT,
                env=settings.environment(SEGCORE_REPORT=str(reported)),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=LONGEST_SECONDS,
                check=False,
            ).returncode
            reason = read_report(reported).error
    except subprocess.TimeoutExpired as error:
        raise RunError(
            f"{run.name}: its export took over {LONGEST_SECONDS // 60} minutes; try again when "
            "less is going on"
        ) from error
    except OSError as error:
        raise storage_error(path.parent, error) from error
    if status:
        ended = f"{run.name}: its export ended too early, most likely for want of memory; try again"
        raise RunError(reason or ended)
    return path


def _path_of(run: Run, name: str) -> Path:
    """Named by all that its labels depend on, so that nothing of other weights is met."""
    return settings.exports_dir() / f"{run.name}-{name}-{run.network_hash[:16]}.zip"


def _forget_oldest(folder: Path) -> None:
    made = sorted(folder.glob("*.zip"), key=lambda path: path.stat().st_mtime)
    for path in made[: max(0, len(made) - KEPT + 1)]:
        path.unlink(missing_ok=True)
