"""A finished run as a small copy to commit: half precision, evaluated, with a model card, and ready
to be served without TensorFlow."""

import io
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from segcore.data.preparation import native_samples
from segcore.errors import RunError
from segcore.evaluation import evaluate, stored_evaluation
from segcore.evaluation.cost import ship_cost
from segcore.evaluation.generalization import generalization_of, keep_left_out_score
from segcore.evaluation.robustness import robustness_of
from segcore.files.writing import write_atomically
from segcore.models.weight_files import require_plain
from segcore.prediction.conversion import convert_to_ship
from segcore.prediction.engines.openvino_store import Verdict
from segcore.prediction.loading import load_predictor
from segcore.presentation.model_card import model_card
from segcore.runs import CLASS_IOU, HISTORY, Run, get_run, identity_of, verified_weights
from segcore.runs.data import val_digest
from segcore.runs.data_sets import short_name
from segcore.runs.registry import shipped_seats
from segcore.runs.results import adopt_results
from segcore.runs.writer import RunWriter, new_run_name
from segcore.system.progress import NamedProgress

SAME_LABELS = 0.999
CHECKED_IMAGES = 25


@dataclass(frozen=True)
class Shipped:
    run: Run
    agreement: float  # share of pixels that keep their label in half precision
    conversion: Verdict


def ship(
    run: Run, spec: str, champion_of: Sequence[str], progress: NamedProgress | None = None
) -> Shipped:
    """Copies the run under a new name, without what only a resume needs.

    Args:
        spec: where its data set is now; written to the copy, so a relative path is portable.
        champion_of: data sets whose champion it is for who has promoted none.

    Raises:
        RunError: not finished, or half precision changes more than 0.1 % of the labels.
        SegcoreError: the data cannot be read.
    """
    run.require_training("be shipped")
    if run.status != "finished":
        raise RunError(f"{run.name}: is {run.status}; only a finished run is shipped")
    halved = _halved(verified_weights(run))
    name = new_run_name(run.model, short_name(run.spec))
    origin = {"run": run.name, "sha256": run.weights_hash}
    writer = RunWriter.create_like(run, name, spec, half_precision_of=origin)
    try:
        tables = (path for name in (HISTORY, CLASS_IOU) if (path := run.path / name).exists())
        files = {path.name: path.read_bytes() for path in tables}
        writer.commit_epoch({"best.weights.h5": halved, **files})
        for name in ("snapshots", "tensorboard"):
            if (run.path / name).is_dir():  # an imported run has less
                shutil.copytree(run.path / name, writer.path / name, dirs_exist_ok=True)
        if (run.path / "train.log").exists():
            shutil.copyfile(run.path / "train.log", writer.path / "train.log")
        copy = get_run(writer.path.name)
        agreement = _agreement(run, copy, spec, progress)
        if agreement < SAME_LABELS:
            raise RunError(
                f"{run.name}: only {agreement:.2%} of labels survive half precision; not shipped"
            )
        evaluate(copy, spec, "val", progress=lambda i, n: progress and progress("evaluating", i, n))
        write_card(copy)
        conversion = convert_to_ship(copy)
        # Last: from now on nothing but `runs card` and `runs convert` writes to its folder.
        writer.save_manifest(shipped=True, shipped_champion=list(champion_of))
    except BaseException:
        shutil.rmtree(writer.path)
        raise
    return Shipped(get_run(copy.name), agreement, conversion)


def write_card(run: Run) -> Path:
    """Writes MODEL_CARD.md into the run's folder, from what is stored of it; returns its path.

    What was found out about a shipped run, on its own data and on other data that it is the
    champion of, moves to its folder with that.

    Raises:
        RunError: it was not trained here, is not evaluated yet, or no pixel of its data is scored.
        StorageError: the file cannot be written.
    """
    run.require_training("have a model card")
    digest = val_digest(identity_of(run))
    evaluation = None if digest is None else stored_evaluation(run, digest, "val")
    if digest is None or evaluation is None:
        raise RunError(
            f"{run.name}: has no scores for a card; run `python -m segcore evaluate --run "
            f"{run.name} --data {run.spec} --split val`"
        )
    if evaluation.scores.mean_iou is None:
        raise RunError(
            f"{run.name}: its evaluation holds no scored pixel, so a card has nothing to tell; "
            "evaluate it on data whose masks hold classes that are scored"
        )
    adopt_results(run, "val", digest)
    other_data = []
    for seat in shipped_seats(run):
        other = val_digest(seat)
        if other is not None and other != digest:
            adopt_results(run, "val", other)
            found = stored_evaluation(run, other, "val")
            other_data += [] if found is None else [found]
    keep_left_out_score(run)
    ship_cost(run)
    measured = robustness_of(run, evaluation)
    kept = None if measured is None else measured.kept_shares
    path = run.path / "MODEL_CARD.md"
    card = model_card(run, evaluation, kept, generalization_of(run).expected, other_data=other_data)
    write_atomically(path, card.encode())
    return path


def _halved(path: Path) -> bytes:
    """The file of weights with every float32 array as float16, where that can hold its values."""
    require_plain(path)
    buffer = io.BytesIO()
    with h5py.File(path, "r") as source, h5py.File(buffer, "w") as target:

        def copy(name: str, item: h5py.Group | h5py.Dataset) -> None:
            if isinstance(item, h5py.Group):
                copied = target.require_group(name)
            else:
                copied = target.create_dataset(name, data=_half(item[()]))
            copied.attrs.update(item.attrs)

        target.attrs.update(source.attrs)
        source.visititems(copy)
    return buffer.getvalue()


def _half(values: np.ndarray) -> np.ndarray:
    """A variance of a batch normalisation can be beyond 65504, the largest of half precision."""
    if values.dtype != np.float32 or np.abs(values).max(initial=0) > np.finfo(np.float16).max:
        return values
    return values.astype(np.float16)


def _agreement(run: Run, copy: Run, spec: str, progress: NamedProgress | None) -> float:
    """Share of pixels with the same label by both, over the first validation images."""
    samples = native_samples(spec, "val")
    count = min(CHECKED_IMAGES, len(samples))
    original, halved = load_predictor(run), load_predictor(copy)
    same = []
    for index in range(count):
        image = samples[index].image
        same.append(np.mean(original.predict(image).labels == halved.predict(image).labels))
        if progress:
            progress("comparing", index + 1, count)
    return float(np.mean(same))
