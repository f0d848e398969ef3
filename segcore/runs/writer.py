"""Writing a run: a transaction an epoch, so that a kill at any moment leaves the last one whole.

The new files are written beside the old ones as next.NAME and flushed, then the manifest that names
their hashes is renamed into place (the commit point), then each next.NAME is renamed to NAME. A
reader that finds NAME not matching the manifest takes next.NAME (`runs.verified_file`).
"""

import hashlib
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from segcore import settings
from segcore.errors import StorageError
from segcore.files.writing import (
    flush_folder,
    sha256,
    storage_error,
    to_json,
    write_atomically,
    write_flushed,
)
from segcore.labels import LabelSpace
from segcore.runs import HISTORY_COLUMNS, MANIFEST, PENDING, Run, class_iou_columns, now


def new_run_name(model: str, dataset: str) -> str:
    """MODEL-DATASET-YYYYMMDD-HHMMSS-xxxx, time in UTC."""
    return f"{model}-{dataset}-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


class RunWriter:
    """The only one who changes a run folder, from its creation until it is finished."""

    def __init__(self, path: Path, record: dict[str, Any]) -> None:
        self.path = path
        self.record = record

    @classmethod
    def create(cls, name: str, record: dict[str, Any], inside: Path | None = None) -> "RunWriter":
        """Makes the folder and writes the first manifest.

        Args:
            inside: the folder to make it in; by default where all runs are.

        Raises:
            StorageError: artifacts/ cannot be written.
        """
        path = (inside or settings.runs_dir()) / name
        try:
            (path / "snapshots").mkdir(parents=True)
        except OSError as error:
            raise storage_error(path.parent, error) from error
        writer = cls(path, {"run": name, **record})
        writer.save_manifest()
        return writer

    @classmethod
    def reopen(cls, run: Run) -> "RunWriter":
        """Takes up an interrupted run; files of its last committed epoch are rolled forward."""
        writer = cls(run.path, dict(run.record))
        writer._roll_forward()
        return writer

    @classmethod
    def create_like(cls, run: Run, name: str, spec: str, **changes: Any) -> "RunWriter":
        """A new run that says what `run` does, apart from `changes`, and has no files yet.

        Args:
            spec: where its data is now.

        Raises:
            StorageError: as `create`.
        """
        kept = {key: value for key, value in run.record.items() if key != "run"}
        data = {**run.record["data"], "spec": spec}
        return cls.create(name, {**kept, "data": data, "weights": {}, **changes})

    def run(self) -> Run:
        return Run.of(self.path, self.record)

    def save_manifest(self, **changes: Any) -> None:
        self.record.update(changes)
        write_atomically(self.path / MANIFEST, to_json(self.record))

    def log(self, line: str) -> None:
        """Adds a line to train.log. Raises StorageError."""
        try:
            with open(self.path / "train.log", "a") as file:
                file.write(f"{now()} {line}\n")
        except OSError as error:
            raise storage_error(self.path, error) from error

    def commit_epoch(self, files: Mapping[str, bytes], **changes: Any) -> None:
        """Puts all `files` (name -> content) and the manifest's `changes` in place, or none.

        Raises:
            StorageError: no room; what was committed before is intact.
        """
        entries = {}
        try:
            for name, data in files.items():
                write_flushed(self.path / (PENDING + name), data)
                digest = hashlib.sha256(data).hexdigest()
                entries[name] = {"sha256": digest, "bytes": len(data)}
            self.save_manifest(weights={**self.record.get("weights", {}), **entries}, **changes)
        except StorageError:
            for name in files:
                (self.path / (PENDING + name)).unlink(missing_ok=True)
            raise
        self._roll_forward()

    def _roll_forward(self) -> None:
        for name, entry in self.record.get("weights", {}).items():
            pending = self.path / (PENDING + name)
            if pending.exists():
                if sha256(pending) == entry["sha256"]:
                    os.replace(pending, self.path / name)
                else:
                    pending.unlink()  # of an epoch that was never committed
        flush_folder(self.path)


def history_csv(rows: list[dict[str, float]]) -> bytes:
    """The bytes of history.csv for these rows, columns in Keras' names."""
    return _csv(HISTORY_COLUMNS, rows)


def class_iou_csv(rows: list[dict[str, float]], space: LabelSpace) -> bytes:
    """The bytes of class_iou.csv for these rows: `epoch` and a column for each evaluated class."""
    return _csv(class_iou_columns(space), rows)


def _csv(columns: tuple[str, ...], rows: list[dict[str, float]]) -> bytes:
    lines = [",".join(map(_header, columns))]
    lines += [",".join(_cell(row.get(column)) for column in columns) for row in rows]
    return ("\n".join(lines) + "\n").encode()


def _header(name: str) -> str:
    """The text as a CSV cell: a class may have a comma in its name."""
    return '"{}"'.format(name.replace('"', '""')) if set(name) & set(',"') else name


def _cell(value: float | None) -> str:
    if value is None or value != value:
        return ""
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else f"{value:.8g}"


def write_progress(path: Path, progress: Mapping[str, Any]) -> None:
    """Replaces progress.json of the run folder, where that can be written.

    Not flushed: it is worth nothing after a crash.
    """
    temporary = path / ".progress.json.tmp"
    with suppress(OSError):
        temporary.write_bytes(to_json(dict(progress)))
        os.replace(temporary, path / "progress.json")
