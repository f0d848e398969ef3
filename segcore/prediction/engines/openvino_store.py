"""Converted checkpoints on disk: artifacts/engines/KEY/, and what was found when they were checked.

KEY is a hash of all that the conversion depends on, so that a file of another checkpoint, another
network or another OpenVINO is never met.

A shipped run brings its network's topology and a verdict along, in its folder's openvino/. From
these its converted checkpoint is made when it is first served, without TensorFlow.
"""

import gzip
import hashlib
import io
import logging
import os
import shutil
import tempfile
import zlib
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from segcore import settings
from segcore.errors import SegcoreError, UnreadableError
from segcore.files.reading import read_bytes, read_json
from segcore.files.writing import sha256, storage_error, to_json, write_atomically
from segcore.runs import Run, verified_weights
from segcore.system import precisions

NETWORK = "network.xml"
WEIGHTS = "network.bin"
TOPOLOGY = ("topology.xml", "topology.bin")
VERDICT = "verdict.json"
FORMAT = 3
"""Raised whenever `segcore.prediction.conversion` converts or checks in another way."""

MAX_TOPOLOGY_BYTES = 16 << 20

KEPT = 24
"""Converted checkpoints on the disk, of 17 MB (U-Net) to 45 MB (DANet) each."""


@dataclass(frozen=True)
class Verdict:
    """How a converted checkpoint compares with Keras on the same images.

    Attributes:
        reason: why it is used or not, in one line.
        agrees: whether its results may stand for those of Keras.
        is_fast: whether it is worth using for the time that it takes.
        precision: "f32" or "bf16", what it computes in.
        same_labels: share of the pixels with the same label.
        close: share of the pixels whose probabilities are all within the bound.
        openvino_ms, keras_ms: milliseconds for one image, the best of several in turns.
        refused: the precisions in which it did not agree.
        digests: file -> sha256.
        shipped_as: the KEY it was checked for, where it came with its run. It was checked on
            another machine, in float32, which every processor computes.
    """

    reason: str
    agrees: bool = False
    is_fast: bool = False
    precision: str = ""
    same_labels: float = 0.0
    close: float = 0.0
    openvino_ms: float = 0.0
    keras_ms: float = 0.0
    refused: list[str] = field(default_factory=list)
    digests: dict[str, str] | None = None
    shipped_as: str = ""


def key_of(run: Run) -> str:
    """A key of everything that the run's conversion depends on."""
    identity = {
        "format": FORMAT,
        "openvino": openvino_version(),
        "weights": run.weights_hash,
        "model": run.model,
        "model_options": run.manifest.model_options,
        "preprocessing": run.preprocessing.to_json() if run.manifest.preprocessing else None,
    }
    return hashlib.sha256(to_json(identity)).hexdigest()[:24]


def folder_of(run: Run) -> Path:
    """Where the run's converted checkpoint is, or will be."""
    return settings.engines_dir() / key_of(run)


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
    """What was found here or, else, before the run was shipped.

    None where the checkpoint was not converted yet, or its verdict cannot be read.
    """
    return _read(verdict_path(run)) or _shipped_verdict(run)


def may_be_faster_here(verdict: Verdict) -> bool:
    """Whether it came from another machine, and this processor has a precision untried there."""
    tried = (verdict.precision, *verdict.refused)
    return bool(verdict.shipped_as) and precisions.processor_precisions()[0] not in tried


def _shipped_verdict(run: Run) -> Verdict | None:
    verdict = _read(_shipped_folder(run) / VERDICT)
    return verdict if verdict is not None and verdict.shipped_as == key_of(run) else None


def _read(path: Path) -> Verdict | None:
    try:
        return read_json(path, Verdict)
    except UnreadableError:
        return None


def _shipped_folder(run: Run) -> Path:
    return run.path / "openvino"


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


def intact_folder(run: Run) -> Path | None:
    """The folder with the run's converted checkpoint; made now, where it came as a topology.

    None where the files are not those that were checked.

    Raises:
        RunError: the run's weights are missing or damaged.
    """
    folder, verdict = folder_of(run), stored_verdict(run)
    if verdict is not None and _is_intact(folder, verdict):
        return folder
    shipped = _shipped_verdict(run)
    if shipped is None:
        return None
    weights = verified_weights(run)
    try:
        _unpack(run, shipped, weights)
    except (OSError, EOFError, zlib.error, RuntimeError, KeyError, SegcoreError) as error:
        logging.getLogger(__name__).warning("%s: served by Keras: %s", run.name, error)
        return None
    return folder


def _unpack(run: Run, shipped: Verdict, weights: Path) -> None:
    """Makes the converted checkpoint of a shipped run. Who does it meanwhile writes the same."""
    from segcore.models.weight_files import require_plain

    require_plain(weights)
    with tempfile.TemporaryDirectory(dir=make_folder(run), prefix="unpacking-") as scratch:
        for name in TOPOLOGY:
            (Path(scratch) / name).write_bytes(_unpacked(_shipped_folder(run) / f"{name}.gz"))
        made = make_network(run, Path(scratch) / TOPOLOGY[0], weights)
    store_verdict(run, replace(shipped, digests=made))
    forget_oldest()


def _unpacked(path: Path) -> bytes:
    """Raises UnreadableError where it is no topology: those are of a few hundred kB."""
    with gzip.open(io.BytesIO(read_bytes(path, MAX_TOPOLOGY_BYTES))) as file:
        unpacked = file.read(MAX_TOPOLOGY_BYTES + 1)
    if len(unpacked) > MAX_TOPOLOGY_BYTES:
        raise UnreadableError(f"{path} unpacks to more than {MAX_TOPOLOGY_BYTES >> 20} MB")
    return unpacked


def make_network(run: Run, source: Path, weights: Path) -> dict[str, str]:
    """Fills a topology with the weights, in the run's folder; returns the files' digests.

    The files are replaced, not overwritten: OpenVINO has those that it serves mapped into memory.
    Raises as `segcore.prediction.engines.openvino_topology.fill`, and StorageError.
    """
    from segcore.prediction.engines import openvino_topology  # which needs this module

    folder = make_folder(run)
    with tempfile.TemporaryDirectory(dir=folder, prefix="filling-") as scratch:
        openvino_topology.fill(source, weights, Path(scratch) / NETWORK)
        made = digests(Path(scratch))
        for name in (WEIGHTS, NETWORK):
            os.replace(Path(scratch) / name, folder / name)
    return made


def ship(run: Run, verdict: Verdict) -> None:
    """Packs a conversion's topology and verdict into the run's folder.

    Raises:
        StorageError: the folder cannot be written.
    """
    target = _shipped_folder(run)
    target.mkdir(exist_ok=True)
    for name in TOPOLOGY:
        packed = gzip.compress((folder_of(run) / name).read_bytes(), mtime=0)
        write_atomically(target / f"{name}.gz", packed)
    shipped = replace(verdict, digests=None, shipped_as=key_of(run))
    write_atomically(target / VERDICT, to_json(asdict(shipped)))


def digests(folder: Path) -> dict[str, str]:
    """sha256 of the two files of a converted checkpoint."""
    return {name: sha256(folder / name) for name in (NETWORK, WEIGHTS)}


def _is_intact(folder: Path, verdict: Verdict) -> bool:
    """Whether the files are those that were checked."""
    try:
        return digests(folder) == verdict.digests
    except OSError:
        return False
