"""Histories that Keras' CSVLogger wrote, read into the columns of our history.csv."""

import csv
import io
import math
import os
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from segcore import settings
from segcore.errors import RunError
from segcore.files.reading import is_word
from segcore.files.writing import storage_error
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


@dataclass(frozen=True)
class CsvLog:
    """What a log holds.

    Attributes:
        rows: one an epoch, in order, with the columns of history.csv that the log has.
        notes: what a reader must know of it, a sentence each.
    """

    rows: list[dict[str, float]]
    notes: list[str]


def read_csv_log(data: bytes, name: str) -> CsvLog:
    """Reads a log; its first epoch is 1.

    A training that was resumed may have written its header again, and epochs that were logged
    before: the last row of an epoch counts.

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
        cells = [
            row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if row
        ]
        header = [column.strip() for column in cells[0]] if cells else []
        rows: list[dict[str, float]] = []
        for row in cells[1:]:
            if "epoch" in row:  # a header again, perhaps of other columns than before
                header = [column.strip() for column in row]
                continue
            rows.append(_values(header, row))
    except (UnicodeDecodeError, csv.Error, ValueError) as error:
        raise RunError(f"{name}: is no log of numbers; give a file of Keras' CSVLogger") from error
    if not rows or not {"epoch", "loss"} <= rows[0].keys():
        raise RunError(f"{name}: has no columns `epoch` and `loss`, as Keras' CSVLogger writes")
    if not all(math.isfinite(row.get("epoch", math.nan)) for row in rows):
        raise RunError(f"{name}: has a row without an epoch; remove it")
    last = {row["epoch"]: row for row in rows}
    first = min(last)
    notes = []
    if len(last) < len(rows):
        again = [
            epoch for epoch, count in Counter(row["epoch"] for row in rows).items() if count > 1
        ]
        notes.append(
            f"{len(again)} of its {len(last)} epochs {'was' if len(again) == 1 else 'were'} logged "
            "more than once, as by a resumed training: the last of each counts."
        )
    if unread := [column for column in header if _known(column) not in HISTORY_COLUMNS]:
        notes.append(f"Columns that are not read: {', '.join(unread)}.")
    return CsvLog([{**last[at], "epoch": at - first + 1} for at in sorted(last)], notes)


def _values(header: list[str], row: list[str]) -> dict[str, float]:
    """The known columns of a row; of two that mean the same, such as one numbered, the first."""
    values: dict[str, float] = {}
    for column, value in zip(header, row, strict=False):  # the last row may have been cut off
        known = _known(column)
        if known in HISTORY_COLUMNS:
            values.setdefault(known, _number(value))
    return values


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
        log = read_csv_log(path.read_bytes(), path.name)
    except OSError as error:
        raise RunError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    dataset = spec.partition(":")[0]
    for name in (model, dataset):
        if not is_word(name):
            raise RunError(
                f"{name}: is no name of a model or data set; use letters, digits and . _ + -"
            )
    manifest = {
        "model": model,
        "recipe": {"name": f"imported from {path.name}"},
        "data": {"spec": spec, "dataset": dataset},
        "is_imported": True,
        "notes": log.notes,
        "seed": 0,
        "parameters": 0,
        "status": "finished",
        "started": now(),
        "weights": {},
    }
    name, best = new_run_name(model, dataset), best_epoch(log.rows)
    try:
        with staging_folder() as folder:
            writer = RunWriter.create(name, manifest, inside=folder)
            history = history_csv(log.rows)
            writer.commit_epoch({HISTORY: history}, epochs=len(log.rows), best=best)
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
    """Our name of a column; Keras numbers the metrics of its second model: `mean_io_u_1`."""
    val, plain = ("val_", column[4:]) if column.startswith("val_") else ("", column)
    plain = re.sub(r"_\d+$", "", plain)
    return val + OTHER_NAMES.get(plain, plain)


def _number(value: str) -> float:
    return float(value) if value and value != "NA" else math.nan  # NA: what CSVLogger lacks
