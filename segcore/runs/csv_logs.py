"""Histories that Keras' CSVLogger wrote, read into the columns of our history.csv."""

import csv
import io
import math
import os
from pathlib import Path

from segcore import settings
from segcore.errors import RunError
from segcore.files import storage_error
from segcore.runs import HISTORY, HISTORY_COLUMNS, Run, get_run, now
from segcore.runs.staging import staging_folder
from segcore.runs.writer import RunWriter, history_csv, new_run_name

MAX_BYTES = 5_000_000

OTHER_NAMES = {
    "lr": "learning_rate",
    "acc": "accuracy",
    "categorical_accuracy": "accuracy",
    "sparse_categorical_accuracy": "accuracy",
    "mean_io_u": "mean_iou",
    "one_hot_mean_io_u": "mean_iou",
    "io_u_score": "iou_score",
}
"""What Keras and TASM call a column by default -> what we call it; `val_` in front stays."""


def read_csv_log(data: bytes, name: str) -> list[dict[str, float]]:
    """A row per epoch with the columns of history.csv that the log has; epochs count from 1.

    Args:
        name: of the file, for messages.

    Raises:
        RunError: it is no such log.
    """
    if len(data) > MAX_BYTES:
        raise RunError(f"{name}: is larger than {MAX_BYTES // 1_000_000} MB, too large for a log")
    try:
        text = data.decode("utf-8-sig")
        separator = max(",;\t", key=text.partition("\n")[0].count)
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator)
        table = [{_known(key or ""): value for key, value in row.items()} for row in reader]
        rows = [
            {column: _number(row[column]) for column in HISTORY_COLUMNS if column in row}
            for row in table
        ]
    except (UnicodeDecodeError, csv.Error, ValueError) as error:
        raise RunError(f"{name}: is no log of numbers; give a file of Keras' CSVLogger") from error
    if not rows or not {"epoch", "loss"} <= rows[0].keys():
        raise RunError(f"{name}: has no columns `epoch` and `loss`, as Keras' CSVLogger writes")
    if not all(math.isfinite(row["epoch"]) for row in rows):
        raise RunError(f"{name}: has a row without an epoch; remove it")
    first = rows[0]["epoch"]
    return [{**row, "epoch": row["epoch"] - first + 1} for row in rows]


def import_csv_log(path: Path, model: str, spec: str) -> Run:
    """Keeps the log as a finished run without weights, so that its curves stand beside ours.

    Args:
        model: what was trained, such as "unet".
        spec: on what, such as "cityscapes:DIR" or just "cityscapes"; it need not be here.

    Raises:
        RunError: no such file, or it is no such log.
        StorageError: artifacts/ cannot be written.
    """
    try:
        rows = read_csv_log(path.read_bytes(), path.name)
    except OSError as error:
        raise RunError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    dataset = spec.partition(":")[0]
    manifest = {
        "model": model,
        "recipe": {"name": f"imported from {path.name}"},
        "data": {"spec": spec, "dataset": dataset},
        "is_imported": True,
        "seed": 0,
        "parameters": 0,
        "status": "finished",
        "started": now(),
        "weights": {},
    }
    name, best = new_run_name(model, dataset), best_epoch(rows)
    try:
        with staging_folder() as folder:
            writer = RunWriter.create(name, manifest, inside=folder)
            writer.commit_epoch({HISTORY: history_csv(rows)}, epochs=len(rows), best=best)
            os.replace(writer.path, settings.runs_dir() / name)
    except OSError as error:
        raise storage_error(settings.runs_dir(), error) from error
    return get_run(name)


def best_epoch(rows: list[dict[str, float]]) -> dict[str, float] | None:
    """{epoch, mean_iou} of the best validation mean IoU; None where none was logged."""
    scored = [row for row in rows if math.isfinite(row.get("val_mean_iou", math.nan))]
    if not scored:
        return None
    best = max(scored, key=lambda row: row["val_mean_iou"])
    return {"epoch": int(best["epoch"]), "mean_iou": best["val_mean_iou"]}


def _known(column: str) -> str:
    val, plain = ("val_", column[4:]) if column.startswith("val_") else ("", column)
    return val + OTHER_NAMES.get(plain, plain)


def _number(value: str | None) -> float:
    return float(value) if value and value != "NA" else math.nan  # NA: what CSVLogger lacks
