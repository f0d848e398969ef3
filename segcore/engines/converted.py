"""Converted checkpoints on disk: artifacts/engines/KEY/, and what was found when they were checked.

KEY is a hash of all that the conversion depends on, so that a file of another checkpoint, another
network or another OpenVINO is never met.
"""

import hashlib
import json
import shutil
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from segcore import settings
from segcore.files import sha256, storage_error, to_json, write_atomically
from segcore.runs import Run

NETWORK = "network.xml"
WEIGHTS = "network.bin"
VERDICT = "verdict.json"
FORMAT = 1
"""Raised whenever `segcore.conversion` converts or checks in another way."""

KEPT = 24
"""Converted checkpoints on the disk, of 17 MB (U-Net) to 45 MB (DANet) each."""


@dataclass(frozen=True)
class Verdict:
    """How a converted checkpoint compares with Keras on the same pictures.

    Attributes:
        reason: why it is used or not, in one line.
        agrees: whether its results may stand for those of Keras.
        is_fast: whether it is worth using for the time that it takes.
        precision: "f32" or "bf16", what it computes in.
        same_labels: share of the pixels with the same label.
        close: share of the pixels whose probabilities are all within the bound.
        openvino_ms, keras_ms: milliseconds for one picture, the best of several in turns.
        digests: file -> sha256.
    """

    reason: str
    agrees: bool = False
    is_fast: bool = False
    precision: str = ""
    same_labels: float = 0.0
    close: float = 0.0
    openvino_ms: float = 0.0
    keras_ms: float = 0.0
    digests: dict[str, str] | None = None


def folder_of(run: Run) -> Path:
    """Where the run's converted checkpoint is, or will be."""
    identity = {
        "format": FORMAT,
        "openvino": openvino_version(),
        "weights": run.weights_hash,
        "model": run.model,
        "model_options": run.manifest.get("model_options", {}),
        "preprocessing": run.manifest.get("preprocessing"),
    }
    return settings.engines_dir() / hashlib.sha256(to_json(identity)).hexdigest()[:24]


@cache
def openvino_version() -> str | None:
    """None where it is not installed; does not import it."""
    try:
        return version("openvino")
    except PackageNotFoundError:
        return None


def verdict_path(run: Run) -> Path:
    """Written last: where it exists, the checkpoint was converted and checked."""
    return folder_of(run) / VERDICT


def stored_verdict(run: Run) -> Verdict | None:
    """None where the checkpoint was not converted yet, or its verdict cannot be read."""
    try:
        return Verdict(**json.loads(verdict_path(run).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def make_folder(run: Run) -> Path:
    """The folder for the run's converted checkpoint, made. Raises StorageError."""
    folder = folder_of(run)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error(folder, error) from error
    return folder


def forget_oldest() -> None:
    """Removes all but the `KEPT` newest; what is removed is made again when it is served again."""
    folders = sorted(settings.engines_dir().iterdir(), key=lambda folder: folder.stat().st_mtime)
    for folder in folders[:-KEPT]:
        shutil.rmtree(folder, ignore_errors=True)


def store_verdict(run: Run, verdict: Verdict) -> None:
    """Raises StorageError."""
    make_folder(run)
    write_atomically(verdict_path(run), to_json(asdict(verdict)))


def digests(folder: Path) -> dict[str, str]:
    """sha256 of the two files of a converted checkpoint."""
    return {name: sha256(folder / name) for name in (NETWORK, WEIGHTS)}


def is_intact(folder: Path, verdict: Verdict) -> bool:
    """Whether the files are those that were checked."""
    try:
        return digests(folder) == verdict.digests
    except OSError:
        return False
