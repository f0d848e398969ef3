"""The result of an evaluation: counts per image, the report of them, and the file they are in.

It lies where `segcore.runs.results` says, a .json (the report) and an .npz (the counts).
"""

import io
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from segcore.errors import DataError, UnreadableError
from segcore.errors.plain import plain
from segcore.evaluation import calibration, error_breakdown
from segcore.evaluation.calibration import Trust
from segcore.evaluation.error_breakdown import Anatomy
from segcore.evaluation.scores import Scores, scores_of
from segcore.files.array_files import ArrayOf, read_arrays
from segcore.files.reading import parse_json, read_json, typed
from segcore.files.writing import to_json, write_atomically
from segcore.labels import CITYSCAPES, ClassMap, LabelSpace, metrics
from segcore.runs import Run
from segcore.runs.records import StoredReport
from segcore.runs.results import new_result_file, result_files

LONGEST_SIDE = 1 << 16


@dataclass(frozen=True)
class Identity:
    """What an evaluation is of. The same identity gives the same numbers."""

    run: str
    weights_sha256: str
    dataset: str
    split: str
    data_fingerprint: str  # of file names, sizes and times: quick, but differs between machines
    data_sha256: str  # of keys, pixels and masks
    metric_version: int
    device: str
    test_time_augmentation: bool = False
    policy: str = CITYSCAPES.policy  # which classes are scored


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Counts of a split, one row per image, N in all, of the C classes of a label space.

    Attributes:
        identity: run, weights and data.
        spec: the data spec it was asked for by.
        keys, sequences: the image's name, and the film or city it is from.
        sizes: (N, 2) int64, height and width of the truth.
        matrices: (N, C, C) int64 confusion matrices, truth in the rows.
        boundaries: (N, 2, C) int64, intersection and union of the boundary bands.
        tasm_scores: (N,) float64.
        calibration: bins over all images.
        anatomy, trust: counts of where errors lie and of the confidence; None in a result stored
            before they were counted, and trust of a run that says nothing of its confidence.
        space: the classes that are scored.
        is_summed: it was counted in finer classes: what does not add up is missing.
    """

    identity: Identity
    spec: str
    keys: list[str]
    sequences: list[str]
    sizes: np.ndarray
    matrices: np.ndarray
    boundaries: np.ndarray
    tasm_scores: np.ndarray
    calibration: metrics.CalibrationBins
    anatomy: Anatomy | None = None
    trust: Trust | None = None
    space: LabelSpace = CITYSCAPES
    is_summed: bool = False

    @property
    def is_complete(self) -> bool:
        """Nothing is missing that an evaluation of today counts."""
        return self.anatomy is not None and not (self.has_confidence and self.trust is None)

    @property
    def has_confidence(self) -> bool:
        """Whether the run says how sure it is; masks from elsewhere do not."""
        return bool(self.calibration.pixels.any())

    @property
    def run(self) -> str:
        return self.identity.run

    @property
    def split(self) -> str:
        return self.identity.split

    @property
    def policy(self) -> str:
        """Which classes are scored."""
        return self.identity.policy

    @property
    def images(self) -> int:
        return len(self.keys)

    @property
    def matrix(self) -> np.ndarray:
        """(C, C) int64, summed over the images."""
        total: np.ndarray = self.matrices.sum(axis=0)
        return total

    @property
    def resolution(self) -> str:
        """WIDTHxHEIGHT of the images, or `480x360 to 960x720` where they differ."""
        by_area = sorted({(int(h) * int(w), f"{w}x{h}") for h, w in self.sizes})
        first, last = by_area[0][1], by_area[-1][1]
        return first if first == last else f"{first} to {last}"

    @property
    def boundary_width(self) -> int:
        """Width of the boundary band in pixels, of the largest image where sizes differ."""
        return max(metrics.boundary_width(int(height), int(width)) for height, width in self.sizes)

    def of_sequences(self, names: Sequence[str]) -> "Evaluation":
        """The scores of some films or cities alone, without what is only counted of a whole split.

        Raises:
            DataError: no image is from one of them.
        """
        unknown = sorted(set(names) - set(self.sequences))
        if unknown:
            there = ", ".join(sorted(set(self.sequences))[:8])
            raise DataError(f"No image of {self.split} is from {unknown[0]}: choose from {there}.")
        chosen = np.flatnonzero(np.isin(self.sequences, list(names)))
        return replace(
            self,
            keys=[self.keys[i] for i in chosen],
            sequences=[self.sequences[i] for i in chosen],
            sizes=self.sizes[chosen],
            matrices=self.matrices[chosen],
            boundaries=self.boundaries[chosen],
            tasm_scores=self.tasm_scores[chosen],
            calibration=metrics.CalibrationBins.empty(),
            anatomy=None,
            trust=None,
        )

    def in_classes(self, classes: ClassMap, policy: str) -> "Evaluation":
        """The same in coarser classes: confusion matrices add up, boundaries, regions and
        confidence do not. Where only a class is added that nobody has, nothing is lost."""
        if classes.is_same:
            return self
        identity = replace(self.identity, policy=policy)
        matrices, space = classes.matrices(self.matrices), classes.target
        if classes.ids == ClassMap.same(self.space).ids:
            more = space.num_classes - self.space.num_classes
            return replace(
                self,
                identity=identity,
                matrices=matrices,
                boundaries=np.pad(self.boundaries, ((0, 0), (0, 0), (0, more))),
                anatomy=None if self.anatomy is None else self.anatomy.with_more(more),
                space=space,
            )
        return replace(
            self,
            identity=identity,
            matrices=matrices,
            boundaries=np.zeros((self.images, 2, space.num_classes), np.int64),
            tasm_scores=np.full(self.images, np.nan),
            calibration=metrics.CalibrationBins.empty(),
            anatomy=None,
            trust=None,
            space=space,
            is_summed=True,
        )

    @cached_property
    def scores(self) -> Scores:
        """Every score of the split."""
        return scores_of(
            self.matrix,
            self.boundaries.sum(axis=0),
            self.calibration,
            self.tasm_scores,
            self.space,
        )

    def report(self) -> dict[str, Any]:
        """Every score with what it was computed from, as JSON types; null for an absent class."""
        scores = asdict(self.scores)
        per_class, per_category = scores.pop("per_class"), scores.pop("per_category")
        identity = asdict(self.identity)
        return {
            "run": identity.pop("run"),
            "data": self.spec,
            "split": self.split,
            "images": self.images,
            "sequences": len(set(self.sequences)),
            "resolution": self.resolution,
            "policy": identity.pop("policy"),
            **scores,
            "boundary_width_px": self.boundary_width,
            "per_category": per_category,
            "error_anatomy": None if self.anatomy is None else self.anatomy.report(),
            "trust": None if self.trust is None else self.trust.report(),
            "per_class": per_class,
            **{key: value for key, value in identity.items() if key != "split"},
        }


def stored_evaluation(
    run: Run, digest: str, split: str, augmented: bool = False
) -> Evaluation | None:
    """The result of the run on the data of that digest, whatever its name and place were.

    Of the run's weights as they are now and of today's metrics, where there are several. None where
    there is none; a file that is no such result counts as none. Needs neither the data nor Keras.
    """
    read = map(_read, result_files(run, "evaluation", split, digest, augmented=augmented))
    found = [one for one in read if one is not None and one.identity.data_sha256 == digest]
    return max(
        found,
        key=lambda one: (
            one.identity.weights_sha256 == run.weights_hash,
            one.identity.metric_version,
            one.is_complete,
        ),
        default=None,
    )


def reports_of_before(run: Run, spec: str, split: str, digest: str) -> list[StoredReport]:
    """The scores on what `spec` held before it changed.

    Those scores are kept, but they say nothing of the images that are there now.
    """
    found = []
    for path in result_files(run, "evaluation", split):
        with suppress(UnreadableError):
            report = read_json(path.with_suffix(".json"), StoredReport)
            if report.data == spec and report.data_sha256 != digest:
                found.append(report)
    return found


def store_evaluation(evaluation: Evaluation, run: Run) -> None:
    """Writes the result, in place of one of the same data. Raises StorageError."""
    identity = evaluation.identity
    path = new_result_file(
        run,
        "evaluation",
        identity.dataset,
        identity.split,
        identity.data_sha256,
        augmented=identity.test_time_augmentation,
    )
    write_atomically(path, _to_npz(evaluation))
    write_atomically(path.with_suffix(".json"), to_json(evaluation.report()))


def _read(path: Path) -> Evaluation | None:
    if not path.with_suffix(".json").is_file():
        return None
    try:
        return read_evaluation(path)
    except UnreadableError:
        return None


def _to_npz(evaluation: Evaluation) -> bytes:
    file = io.BytesIO()
    details = [
        part.to_arrays() for part in (evaluation.anatomy, evaluation.trust) if part is not None
    ]
    counts = {"matrices": evaluation.matrices, "boundaries": evaluation.boundaries}
    counts |= {name: array for arrays in details for name, array in arrays.items()}
    np.savez_compressed(
        file,
        allow_pickle=False,
        identity=np.array(json.dumps(asdict(evaluation.identity))),
        spec=np.array(evaluation.spec),
        **_stored_space(evaluation.space),
        keys=np.array(evaluation.keys),
        sequences=np.array(evaluation.sequences),
        sizes=evaluation.sizes,
        tasm_scores=evaluation.tasm_scores,
        **{name: _stored(array, evaluation.space) for name, array in counts.items()},
        **{f"calibration_{name}": bins for name, bins in asdict(evaluation.calibration).items()},
    )
    return file.getvalue()


def _stored(counts: np.ndarray, space: LabelSpace) -> np.ndarray:
    """Counts of an image's pixels, which fit into half the bytes: many classes need the room.

    Cityscapes' keep the bytes that they always had.
    """
    is_of_image = counts.dtype == np.int64 and space != CITYSCAPES
    return counts.astype(np.int32) if is_of_image and counts.max() < 1 << 31 else counts


def _stored_space(space: LabelSpace) -> dict[str, np.ndarray]:
    """A text of what it is, then one of each label; nothing of Cityscapes', the default."""
    if space == CITYSCAPES:
        return {}
    about = space.as_dict()
    labels = about.pop("labels")
    return {"label_space": np.array([json.dumps(part) for part in (about, *labels)])}


def _space_of(arrays: Mapping[str, np.ndarray]) -> LabelSpace:
    """Raises UnreadableError where it is none, or has another number of classes than counted."""
    space = CITYSCAPES
    if "label_space" in arrays:
        about, *labels = map(parse_json, arrays["label_space"].tolist())
        space = LabelSpace.parse({**about, "labels": labels})
    if arrays["matrices"].shape[1] != space.num_classes:
        raise UnreadableError("holds counts of another number of classes than it names")
    return space


ARRAYS = {
    "identity": ArrayOf("text"),
    "spec": ArrayOf("text"),
    "label_space": ArrayOf("text", ("L",), optional=True),
    "keys": ArrayOf("text", ("N",)),
    "sequences": ArrayOf("text", ("N",)),
    "sizes": ArrayOf("count", ("N", 2)),
    "matrices": ArrayOf("count", ("N", "C", "C")),
    "boundaries": ArrayOf("count", ("N", 2, "C")),
    "tasm_scores": ArrayOf("number", ("N",)),
    "calibration_pixels": ArrayOf("count", (metrics.CALIBRATION_BINS,)),
    "calibration_correct": ArrayOf("count", (metrics.CALIBRATION_BINS,)),
    "calibration_confidence": ArrayOf("number", (metrics.CALIBRATION_BINS,)),
    **error_breakdown.ARRAYS,
    **calibration.ARRAYS,
}


def read_evaluation(path: Path) -> Evaluation:
    """The counts that a file holds. Raises UnreadableError."""
    arrays = read_arrays(path, ARRAYS)
    sizes = arrays["sizes"]
    if sizes.min() < 1 or sizes.max() > LONGEST_SIDE:
        raise UnreadableError(f"`sizes` has sides that are not 1 to {LONGEST_SIDE} pixels")
    identity = typed(parse_json(arrays["identity"].item()), Identity)
    return Evaluation(
        identity=replace(identity, device=plain(identity.device), policy=plain(identity.policy)),
        spec=arrays["spec"].item(),
        keys=arrays["keys"].tolist(),
        sequences=arrays["sequences"].tolist(),
        sizes=sizes,
        matrices=arrays["matrices"],
        boundaries=arrays["boundaries"],
        tasm_scores=arrays["tasm_scores"],
        calibration=metrics.CalibrationBins(
            arrays["calibration_pixels"],
            arrays["calibration_correct"],
            arrays["calibration_confidence"],
        ),
        anatomy=Anatomy.of_arrays(arrays),
        trust=Trust.of_arrays(arrays),
        space=_space_of(arrays),
    )
