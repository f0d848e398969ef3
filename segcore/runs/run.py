"""A run: the folder of a training, as it is read."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from segcore import settings
from segcore.errors import RunError, UnreadableError
from segcore.errors.plain import plain
from segcore.files.reading import (
    MAX_CSV_BYTES,
    MAX_JSON_BYTES,
    parse_json,
    parse_table,
    read_bytes,
    read_json,
)
from segcore.files.writing import to_json
from segcore.images.preprocessing import Preprocessing
from segcore.labels import CITYSCAPES, ClassMap, LabelSpace
from segcore.runs import run_lock
from segcore.runs.kinds import Kind
from segcore.runs.listing import Listing, listing_of
from segcore.runs.manifest import JoinedData, Manifest, TrainedOn, read_manifest
from segcore.runs.records import SnapshotIndex, TrainingProgress

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
PENDING = "next."


def now() -> str:
    """The current time, UTC, as in run.json."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def class_iou_columns(space: LabelSpace) -> tuple[str, ...]:
    """Columns of class_iou.csv: the epoch and the name of each scored class."""
    return ("epoch", *(space.names[id_] for id_ in space.evaluated_ids))


Contents = tuple[Manifest, dict[str, Any]]
"""A run.json, typed and as it is."""


@dataclass(frozen=True)
class Run:
    """A run folder as its run.json describes it, which is opened where more than lists is asked.

    Attributes:
        listing: what is known of it without that.
        opened: what run.json said, for a run that is made of it.
    """

    path: Path
    listing: Listing
    opened: Contents | None = field(default=None, compare=False, repr=False)

    @classmethod
    def of(cls, path: Path, record: Any) -> "Run":
        """The run of a parsed run.json. Raises UnreadableError."""
        manifest, kept = read_manifest(record)
        return cls(path, listing_of(manifest), (manifest, kept))

    @cached_property
    def _contents(self) -> Contents:
        return self.opened or read_contents(self.path)

    @property
    def manifest(self) -> Manifest:
        """What run.json says, typed. Raises RunError where it cannot be read any more."""
        return self._contents[0]

    @property
    def record(self) -> Mapping[str, Any]:
        """run.json itself, with what the manifest does not name, for who writes it on.

        Only `segcore.runs` looks into it. Raises RunError as `manifest` does.
        """
        return self._contents[1]

    def as_dict(self) -> dict[str, Any]:
        """run.json, to be shown as JSON."""
        return dict(self.record)

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def kind(self) -> Kind:
        """What its predictions come from."""
        return self.listing.kind

    @property
    def model(self) -> str:
        return self.listing.model

    @property
    def dataset(self) -> str:
        return self.listing.dataset

    @property
    def spec(self) -> str:
        """The data that it was validated on, and trained on, perhaps with others."""
        return self.listing.spec

    @property
    def specs(self) -> str:
        """All data that it was trained on, joined by "+"."""
        return "+".join([self.spec, *self.listing.joined])

    @property
    def left_out(self) -> list[str]:
        """Films or cities of its data that it was not trained on."""
        return self.manifest.data.left_out

    @property
    def joined(self) -> list[JoinedData]:
        """What it was trained on beside its own data."""
        return self.manifest.data.joined

    @property
    def trained_on(self) -> list[TrainedOn | JoinedData]:
        """All data that it was trained on, its own first."""
        return [self.manifest.data, *self.joined]

    @property
    def label_space(self) -> LabelSpace:
        """What its network tells apart."""
        return self.listing.label_space or CITYSCAPES

    @cached_property
    def class_map(self) -> ClassMap:
        """From the classes of its data to those that its network tells apart."""
        return self.listing.class_map

    @property
    def recipe(self) -> str:
        return self.listing.recipe

    @property
    def status(self) -> str:
        """running, finished, failed or stopped, which a training that was killed is too."""
        status = self.listing.status
        return "stopped" if status == "running" and not run_lock.is_held(self.path) else status

    @property
    def created(self) -> str:
        return self.listing.started

    @property
    def seed(self) -> int:
        return self.manifest.seed

    @property
    def parameters(self) -> int:
        return self.manifest.parameters

    @property
    def epochs(self) -> int:
        """How many are finished."""
        return self.listing.epochs

    @property
    def preprocessing(self) -> Preprocessing:
        """How an image becomes its network's input. Raises RunError where run.json does not say."""
        stored = self.manifest.preprocessing
        if stored is None:
            raise RunError(f"{self.name}: its run.json has no usable preprocessing")
        return Preprocessing(stored.mode, stored.size, stored.multiple)

    @property
    def best_epoch(self) -> int | None:
        best = self.listing.best
        return best.epoch if best else None

    @property
    def best_mean_iou(self) -> float | None:
        """Validation mean IoU of the best epoch."""
        best = self.listing.best
        return best.mean_iou if best else None

    @property
    def is_shipped(self) -> bool:
        return self.listing.shipped

    @property
    def is_taught(self) -> bool:
        """Whether it learned from the predictions of another run as well."""
        return self.listing.is_taught

    @property
    def is_imported(self) -> bool:
        """A history that another program logged: it has no weights, and its data need not exist."""
        return self.listing.is_imported

    @property
    def notes(self) -> list[str]:
        """Notes on an imported history, a sentence each: what its log lacks, how it was read."""
        return list(map(str, self.manifest.notes))

    @cached_property
    def weights_hash(self) -> str | None:
        """sha256 of the file that its predictions come from, the identity of what is evaluated."""
        return self.listing.main_file.sha256 if self.listing.main_file else None

    @property
    def weights_bytes(self) -> int:
        """Size of that file; 0 where there is none."""
        return self.listing.main_file.bytes if self.listing.main_file else 0

    @cached_property
    def network_hash(self) -> str:
        """Hash of everything that its predictions depend on: weights, network and preprocessing."""
        known = {name: self.record.get(name) for name in ("model_options", "preprocessing")}
        identity = {"weights": self.weights_hash, "model": self.model, **known}
        if self.kind == "onnx":
            identity["onnx"] = self.record.get("onnx")
        return hashlib.sha256(to_json(identity)).hexdigest()

    @property
    def has_network(self) -> bool:
        """Whether it can label an image that nobody has labelled for it."""
        return self.kind != "masks" and self.weights_hash is not None

    def require_network(self, purpose: str) -> None:
        """Raises RunError where it is masks, which cannot do what `purpose` says."""
        if self.kind == "masks":
            raise RunError(
                f"{self.name}: holds masks of one split and no network, so it cannot {purpose}; "
                "choose a run with a network"
            )

    def require_training(self, purpose: str) -> None:
        """Raises RunError where it was not trained here, and cannot do what `purpose` says."""
        self.require_network(purpose)
        if self.kind != "trained":
            raise RunError(
                f"{self.name}: was not trained here, so it cannot {purpose}; choose a run that was"
            )

    def history(self) -> list[dict[str, float]]:
        """A row per finished epoch, all of `HISTORY_COLUMNS`; empty before the first.

        NaN where nothing was noted. Raises UnreadableError.
        """
        return self._table(HISTORY, HISTORY_COLUMNS)

    def class_iou(self) -> list[dict[str, float]]:
        """Validation IoU of each evaluated class, a row per finished epoch.

        NaN where the validation masks do not hold it. Empty before the first epoch, and
        for runs from before this was kept. Raises UnreadableError.
        """
        return self._table(CLASS_IOU, class_iou_columns(self.label_space))

    def _table(self, name: str, columns: tuple[str, ...]) -> list[dict[str, float]]:
        for candidate in (PENDING + name, name):  # the first is there after a crash in a save
            path = self.path / candidate
            if not path.exists():
                continue
            try:
                data = read_bytes(path, MAX_CSV_BYTES)
                digest = hashlib.sha256(data).hexdigest()
                if candidate == name or digest == self._committed(name):
                    return _epochs(parse_table(data, columns, wanted=("epoch",)))
            except UnreadableError as error:
                raise UnreadableError(
                    f"{self.name}: {candidate} {error}; restore the file or delete it"
                ) from error
        return []

    def _committed(self, name: str) -> str | None:
        """sha256 of the file as the last epoch committed it."""
        entry = self.manifest.weights.get(name)
        return entry.sha256 if entry else None

    def progress(self) -> TrainingProgress | None:
        """Where the running epoch is; None where none is running."""
        if not run_lock.is_held(self.path):  # else of one that was killed
            return None
        try:
            return read_json(self.path / "progress.json", TrainingProgress)
        except UnreadableError:
            return None

    def snapshot_index(self) -> SnapshotIndex | None:
        """The images in snapshots/; None where there are none. Raises UnreadableError."""
        path = self.path / "snapshots" / "index.json"
        if not path.exists():
            return None
        try:
            return read_json(path, SnapshotIndex)
        except UnreadableError as error:
            raise UnreadableError(
                f"{self.name}: snapshots/index.json {error}; restore the file or delete it"
            ) from error

    def snapshots(self) -> dict[int, Path]:
        """Epoch -> label-id PNG: the masks of the snapshot images, one above another."""
        numbered = {
            path.stem.removeprefix("epoch-"): path
            for path in sorted((self.path / "snapshots").glob("epoch-*.png"))
        }
        return {
            int(number): path
            for number, path in numbered.items()
            if number.isascii() and number.isdecimal() and len(number) < 10
        }


def get_run(name: str) -> Run:
    """The run of that name.

    Raises:
        RunError: there is none, or its manifest cannot be read.
    """
    path = settings.runs_dir() / name
    if not name or "\0" in name or Path(name).name != name or not _is_file(path / MANIFEST):
        raise RunError(f"{name}: no such run; `python -m segcore runs list` names those there are")
    return read_run(path)


def read_run(path: Path) -> Run:
    """The run in a folder. Raises RunError, in one line with the way out."""
    if plain(path.name) != path.name:
        raise RunError(
            f"{path.name}: its name has characters that cannot be shown everywhere; rename the "
            "folder to letters, digits and . _ -"
        )
    manifest, record = read_contents(path)
    return Run(path, listing_of(manifest), (manifest, record))


def read_contents(path: Path) -> Contents:
    """run.json of the folder. Raises RunError."""
    try:
        return read_manifest(parse_json(read_bytes(path / MANIFEST, MAX_JSON_BYTES)))
    except UnreadableError as error:
        raise RunError(
            f"{path.name}: its {MANIFEST} cannot be read: {error}; restore it or delete {path}"
        ) from error


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long
        return False


def _epochs(rows: list[dict[str, float]]) -> list[dict[str, float]]:
    if not all(row["epoch"].is_integer() and row["epoch"] > 0 for row in rows):
        raise UnreadableError("has a row without the number of its epoch")
    return rows
