"""Run + data under bad weather, light and cameras -> confusion matrices -> how much is lost.

The evaluator's own counting, policy and resolution, on corrupted copies of the images: the network
sees the corruption, the truth stays. The result lies where `segcore.runs.results` says, an .npz
(counts) and a .json (report); it is written after each corruption, so that a measurement which was
interrupted goes on where it was.
"""

import io
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from segcore.data.preparation import Samples, native_samples
from segcore.data.sources import open_source
from segcore.errors import DataError, UnreadableError
from segcore.evaluation import Evaluation, corruptions, evaluate, number
from segcore.evaluation.corruptions import CORRUPTIONS, SEVERITIES, corrupt
from segcore.files.array_files import ArrayOf, read_arrays
from segcore.files.reading import Count, Plain, parse_json, typed
from segcore.files.writing import to_json, write_atomically
from segcore.labels import CITYSCAPES, metrics
from segcore.labels.merges import merged
from segcore.prediction.inference import Predictor
from segcore.prediction.loading import load_predictor
from segcore.runs import Run
from segcore.runs.results import new_result_file, result_files
from segcore.runs.seen_data import SeenData, seen_by
from segcore.system.parallel import overlapped
from segcore.system.progress import Progress


@dataclass(frozen=True)
class Identity:
    """What a measurement is of. The same identity gives the same numbers."""

    run: str
    weights_sha256: str
    dataset: str
    split: str
    data_sha256: str
    metric_version: int
    corruptions_version: int
    policy: str = CITYSCAPES.policy

    @classmethod
    def of(cls, clean: Evaluation) -> "Identity":
        """The identity that an evaluation has."""
        known = clean.identity
        return cls(
            run=known.run,
            weights_sha256=known.weights_sha256,
            dataset=known.dataset,
            split=known.split,
            data_sha256=known.data_sha256,
            metric_version=known.metric_version,
            corruptions_version=corruptions.VERSION,
            policy=known.policy,
        )


@dataclass(frozen=True, eq=False)
class Robustness:
    """Counts of a split under each corruption that was measured so far.

    Attributes:
        clean: (C, C) int64 confusion matrix of the split as it is, truth in the rows.
        matrices: corruption -> (5, C, C) int64, one for each severity.
        images, resolution: of the split, as in its evaluation.
    """

    identity: Identity
    clean: np.ndarray
    matrices: dict[str, np.ndarray]
    images: int
    resolution: str

    @property
    def is_complete(self) -> bool:
        return set(self.matrices) == set(CORRUPTIONS)

    def mean_iou(self, name: str) -> list[float | None]:
        """Mean IoU at severities 0 (as it is) to 5."""
        scored = [self.clean, *self.matrices[name]]
        return [number(metrics.mean_iou(matrix)) for matrix in scored]

    def kept(self, name: str) -> float | None:
        """Mean IoU over the five severities, as a share of that of the split as it is."""
        clean, *corrupted = self.mean_iou(name)
        known = [iou for iou in corrupted if iou is not None]
        return float(np.mean(known) / clean) if clean and known else None

    @property
    def mean_iou_clean(self) -> float | None:
        """Mean IoU of the uncorrupted split."""
        return number(metrics.mean_iou(self.clean))

    @property
    def curves(self) -> dict[str, list[float | None]]:
        """`mean_iou` of each corruption that is measured."""
        return {name: self.mean_iou(name) for name in self.matrices}

    @property
    def kept_shares(self) -> dict[str, float | None]:
        """`kept` of each corruption that is measured."""
        return {name: self.kept(name) for name in self.matrices}

    def mean_kept(self) -> float | None:
        """The mean of `kept` over the corruptions that are measured."""
        known = [kept for name in self.matrices if (kept := self.kept(name)) is not None]
        return float(np.mean(known)) if known else None

    def mean_iou_corrupted(self) -> float | None:
        """Mean IoU, averaged over all severities of all corruptions that are measured."""
        known = [
            iou for name in self.matrices for iou in self.mean_iou(name)[1:] if iou is not None
        ]
        return float(np.mean(known)) if known else None

    def report(self) -> dict[str, Any]:
        """The figures as JSON types."""
        return {
            **asdict(self.identity),
            "images": self.images,
            "resolution": self.resolution,
            "mean_iou_clean": self.mean_iou_clean,
            "mean_iou_corrupted": self.mean_iou_corrupted(),
            "mean_kept": self.mean_kept(),
            "corruptions": {
                name: {"mean_iou": self.mean_iou(name), "kept": self.kept(name)}
                for name in self.matrices
            },
        }


def measure_robustness(
    run: Run, spec: str, split: str, progress: Progress | None = None
) -> Robustness:
    """Scores the run's best weights on a split under every corruption, or goes on with that.

    What is stored of the same weights, data and corruptions is taken from there; the split as it
    is is evaluated first where that was not done yet.

    Raises:
        DataError, RunError, StorageError: as `evaluate`.
    """
    run.require_network("label corrupted images")
    clean = evaluate(run, spec, split)
    samples, seen = native_samples(spec, split), seen_by(run, open_source(spec))
    if samples.keys != clean.keys:
        raise DataError(f"{spec}: the images of {split} have changed since; evaluate them again")
    found = robustness_of(run, clean)
    matrices = {} if found is None else found.matrices
    missing = [name for name in CORRUPTIONS if name not in matrices]
    predictor = load_predictor(run) if missing else None
    for place, name in enumerate(missing):
        assert predictor is not None
        steps = len(SEVERITIES) * len(samples)

        def report(
            done: int, before: int = place * steps, total: int = len(missing) * steps
        ) -> None:
            if progress is not None:
                progress(before + done, total)

        matrices = {**matrices, name: _measure(predictor, samples, seen, name, report)}
        _write(run, _robustness(clean, matrices))
    return _robustness(clean, matrices)


def robustness_of(run: Run, clean: Evaluation) -> Robustness | None:
    """What is stored of the weights and data of an evaluation; None where there is nothing.

    Needs neither the data nor Keras. A file that is no such result counts as none.
    """
    known = clean.identity
    paths = result_files(run, "robustness", known.split, known.data_sha256)
    found = [one for one in map(_read, paths) if one is not None]
    matching = [one for one in found if one.identity == Identity.of(clean)]
    return max(matching, key=lambda one: len(one.matrices), default=None)


def _measure(
    predictor: Predictor,
    samples: Samples,
    seen: SeenData,
    name: str,
    report: Callable[[int], None],
) -> np.ndarray:
    """(5, C, C) int64: the split's confusion matrix at each severity of a corruption."""
    space = seen.space

    def score(index: int) -> np.ndarray:
        sample = samples[index]
        if sample.mask is None:
            raise DataError(f"{sample.key}: has no mask to score against; add it")
        # Each image has weather of its own, the same for every run.
        corrupted = (corrupt(sample.image, name, severity, seed=index) for severity in SEVERITIES)
        labels = [merged(predictor.predict(image).labels, seen.merges) for image in corrupted]
        truth = seen.classes.mask(sample.mask)
        return np.stack([metrics.confusion_matrix(truth, found, space) for found in labels])

    matrices = np.zeros((len(SEVERITIES), space.num_classes, space.num_classes), np.int64)
    for done, counts in enumerate(overlapped(score, range(len(samples))), start=1):
        matrices += counts
        report(done * len(SEVERITIES))
    return matrices


def _robustness(clean: Evaluation, matrices: dict[str, np.ndarray]) -> Robustness:
    ordered = {name: matrices[name] for name in CORRUPTIONS if name in matrices}
    count, resolution = len(clean.keys), clean.resolution
    return Robustness(Identity.of(clean), clean.matrix, ordered, count, resolution)


def _read(path: Path) -> Robustness | None:
    try:
        return read_robustness(path)
    except UnreadableError:
        return None


ARRAYS = {
    "about": ArrayOf("text"),
    "clean": ArrayOf("count", ("C", "C")),
    "matrices": ArrayOf("count", ("K", len(SEVERITIES), "C", "C")),
}


def read_robustness(path: Path) -> Robustness:
    """The counts that a file holds. Raises UnreadableError."""
    arrays = read_arrays(path, ARRAYS)
    about = parse_json(arrays["about"].item())
    identity, images, resolution, names = typed(about, tuple[Identity, Count, Plain, list[str]])
    matrices = arrays["matrices"]
    if len(names) != len(matrices) or not set(names) <= set(CORRUPTIONS):
        raise UnreadableError("names other corruptions than it has counts of")
    of_each = dict(zip(names, matrices, strict=True))
    return Robustness(identity, arrays["clean"], of_each, images, resolution)


def _write(run: Run, found: Robustness) -> None:
    about = [asdict(found.identity), found.images, found.resolution, list(found.matrices)]
    stream = io.BytesIO()
    np.savez_compressed(
        stream,
        allow_pickle=False,
        about=np.array(json.dumps(about)),
        clean=found.clean,
        matrices=np.stack(list(found.matrices.values())),
    )
    identity = found.identity
    path = new_result_file(
        run, "robustness", identity.dataset, identity.split, identity.data_sha256
    )
    write_atomically(path, stream.getvalue())
    write_atomically(path.with_suffix(".json"), to_json(found.report()))
