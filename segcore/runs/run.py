"""A run: the folder of a training, as it is read."""

import csv
import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from segcore import settings
from segcore.errors import RunError
from segcore.files import sha256
from segcore.labels import EVALUATED_IDS, NAMES
from segcore.runs import run_lock

MANIFEST = "run.json"
HISTORY = "history.csv"
HISTORY_COLUMNS = (
    "epoch",
    "loss",
    "val_loss",
    "accuracy",
    "val_accuracy",
    "mean_iou",
    "val_mean_iou",
    "iou_score",
    "val_iou_score",
    "learning_rate",
    "seconds",
    "images_per_second",
)
CLASS_IOU = "class_iou.csv"
CLASS_IOU_COLUMNS = ("epoch", *(NAMES[id_] for id_ in EVALUATED_IDS))
PENDING = "next."
MODEL_FAMILIES = ("unet", "danet")
"""What the dashboard compares: the first is run A by default, the second run B."""


def now() -> str:
    """The current time, UTC, as in run.json."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True)
class Run:
    """A run folder as its manifest (run.json) describes it."""

    path: Path
    manifest: Mapping[str, Any]

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def model(self) -> str:
        return str(self.manifest["model"])

    @property
    def dataset(self) -> str:
        return str(self.manifest["data"]["dataset"])

    @property
    def spec(self) -> str:
        """The data that it was validated on, and trained on, perhaps with others."""
        return str(self.manifest["data"]["spec"])

    @property
    def specs(self) -> str:
        """All data that it was trained on, joined by "+"."""
        return "+".join([self.spec, *(entry["spec"] for entry in self.joined)])

    @property
    def left_out(self) -> list[str]:
        """Films or cities of its data that it was not trained on."""
        return list(self.manifest["data"].get("left_out", ()))

    @property
    def data_fingerprints(self) -> list[str]:
        """Of each of `specs`."""
        entries = [self.manifest["data"], *self.joined]
        return [str(entry["fingerprint"]) for entry in entries]

    @property
    def joined(self) -> list[dict[str, Any]]:
        """{spec, dataset, fingerprint} of what it was trained on beside its own data."""
        return list(self.manifest["data"].get("joined", ()))

    @property
    def recipe(self) -> str:
        return str(self.manifest["recipe"]["name"])

    @property
    def status(self) -> str:
        """running, finished, failed or stopped, which a training that was killed is too."""
        status = str(self.manifest["status"])
        return "stopped" if status == "running" and not run_lock.is_held(self.path) else status

    @property
    def created(self) -> str:
        return str(self.manifest["started"])

    @property
    def seed(self) -> int:
        return int(self.manifest["seed"])

    @property
    def parameters(self) -> int:
        return int(self.manifest["parameters"])

    @property
    def best_epoch(self) -> int | None:
        best = self.manifest.get("best")
        return int(best["epoch"]) if best else None

    @property
    def is_shipped(self) -> bool:
        return bool(self.manifest.get("shipped"))

    @property
    def is_imported(self) -> bool:
        """A history that another program logged: it has no weights, and its data need not exist."""
        return bool(self.manifest.get("is_imported"))

    @property
    def notes(self) -> list[str]:
        """Of an imported history: what its log lacks or was read as, a sentence each."""
        return list(self.manifest.get("notes", []))

    @cached_property
    def weights_hash(self) -> str | None:
        """sha256 of best.weights.h5 as the manifest names it, the identity of what is evaluated."""
        entry = self.manifest.get("weights", {}).get("best.weights.h5")
        return str(entry["sha256"]) if entry else None

    def history(self) -> list[dict[str, float]]:
        """A row per finished epoch, values as numbers; empty before the first."""
        return self._table(HISTORY)

    def class_iou(self) -> list[dict[str, float]]:
        """Validation IoU of each evaluated class, a row per finished epoch.

        NaN where the validation masks do not hold it. Empty before the first epoch, and
        for runs from before this was kept.
        """
        return self._table(CLASS_IOU)

    def _table(self, name: str) -> list[dict[str, float]]:
        entry = self.manifest.get("weights", {}).get(name)
        for candidate in (PENDING + name, name):  # the first is there after a crash in a save
            try:
                data = (self.path / candidate).read_bytes()
            except FileNotFoundError:
                continue
            if candidate == name or (entry and hashlib.sha256(data).hexdigest() == entry["sha256"]):
                return [
                    {key: float(value) if value else float("nan") for key, value in row.items()}
                    for row in csv.DictReader(io.StringIO(data.decode(), newline=""))
                ]
        return []

    def progress(self) -> dict[str, Any] | None:
        """Where the running epoch is: {epoch, epochs, step, steps, seconds_left}, or None."""
        try:
            progress = dict(json.loads((self.path / "progress.json").read_bytes()))
        except FileNotFoundError:
            return None
        return progress if run_lock.is_held(self.path) else None  # else of one that was killed

    def snapshot_index(self) -> dict[str, Any] | None:
        """{keys, height, width} of the pictures in snapshots/, or None where there are none."""
        path = self.path / "snapshots" / "index.json"
        return json.loads(path.read_text()) if path.exists() else None

    def snapshots(self) -> dict[int, Path]:
        """Epoch -> label-id PNG: the masks of the snapshot pictures, one above another."""
        return {
            int(path.stem.removeprefix("epoch-")): path
            for path in sorted((self.path / "snapshots").glob("epoch-*.png"))
        }


def list_runs() -> list[Run]:
    """Every run with a readable manifest, newest first."""
    runs = []
    for manifest in settings.runs_dir().glob(f"*/{MANIFEST}"):
        try:
            runs.append(read_run(manifest.parent))
        except RunError:
            continue  # `get_run` says what is wrong with it, a list must not fail because of one
    return sorted(runs, key=lambda run: (run.created, run.name), reverse=True)


def get_run(name: str) -> Run:
    """The run of that name.

    Raises:
        RunError: there is none, or its manifest cannot be read.
    """
    path = settings.runs_dir() / name
    if Path(name).name != name or not (path / MANIFEST).is_file():
        raise RunError(f"{name}: no such run; `python -m segcore runs list` names those there are")
    return read_run(path)


def read_run(path: Path) -> Run:
    try:
        manifest = json.loads((path / MANIFEST).read_bytes())
        run = Run(path, manifest)
        _ = run.model, run.dataset, run.recipe, run.status, run.created  # the keys all pages need
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(
            f"{path.name}: its {MANIFEST} cannot be read; restore it or delete {path}"
        ) from error
    return run


def verified_weights(run: Run, which: str = "best") -> Path:
    """The file of the run's `best` or `last` weights, its hash checked against the manifest.

    Raises:
        RunError: there are none yet, the file is missing, truncated or not the one it should be.
    """
    return verified_file(run, f"{which}.weights.h5")


def verified_file(run: Run, name: str) -> Path:
    """A file that the manifest names, rolled forward to its next.NAME after a crash.

    Raises:
        RunError: as `verified_weights`.
    """
    entry = run.manifest.get("weights", {}).get(name)
    if entry is None:
        raise RunError(f"{run.name}: has no {name} yet; let it finish an epoch first")
    candidates = (run.path / name, run.path / (PENDING + name))
    for path in candidates:
        if not path.is_file() or path.stat().st_size != entry["bytes"]:
            continue
        if sha256(path) == entry["sha256"]:
            return path
    problem = "does not match its hash in run.json" if candidates[0].exists() else "is missing"
    raise RunError(f"{run.name}: {name} {problem}; restore the file or train the run again")
