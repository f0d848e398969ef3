"""Run + data -> counts per image, at the truth's own resolution.

Images are streamed: a few are in memory at a time, one in the network, the others read or counted
meanwhile, and only counts are kept of them; the masks go to `segcore.evaluation.predictions`, so
that images can be found by them.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace

import numpy as np

from segcore.data.preparation import native_samples
from segcore.data.preparation.digests import SplitDigest, remember_digest, split_digest
from segcore.data.sources import Sample, Source, has_masks, open_source
from segcore.errors import DataError
from segcore.evaluation.calibration import Trust, halves
from segcore.evaluation.error_breakdown import Anatomy
from segcore.evaluation.image_counts import ConfidenceCounts, ImageCounts
from segcore.evaluation.labelling import Labeller, labeller_of
from segcore.evaluation.predictions import PredictionWriter
from segcore.evaluation.result import Evaluation, Identity, store_evaluation, stored_evaluation
from segcore.labels import metrics
from segcore.prediction.inference import (
    AUGMENTED,
    ONE_VIEW,
    Prediction,
    in_classes,
    without_scores,
)
from segcore.runs import Run, verified_weights
from segcore.runs.results import result_files
from segcore.runs.seen_data import SeenData, seen_by
from segcore.system.parallel import overlapped
from segcore.system.progress import Progress


def evaluate(
    run: Run,
    spec: str,
    split: str,
    progress: Progress | None = None,
    force: bool = False,
    augmented: bool = False,
) -> Evaluation:
    """Scores the run's best weights on a split, or returns the stored result of just that.

    Args:
        augmented: with test-time augmentation; kept beside the plain result.
        progress: called after each image with (done, total); not called for a stored result.
        force: evaluate even so.

    Raises:
        DataError: the data cannot be read, has other classes than the run, or its split has no
            masks to score against.
        RunError: the run's weights are missing or damaged.
        StorageError: the result cannot be written.
    """
    verified_weights(run)  # a stored result must not hide that the run is damaged
    source = open_source(spec)
    seen = seen_by(run, source)
    if not has_masks(source, split):
        raise DataError(f"{spec}: the {split} split has no masks, so no scores; evaluate val")
    if not force:
        stored = _stored(run, source, seen.policy, split, augmented)
        if stored is not None:
            return replace(stored, spec=spec)
    labeller = labeller_of(run, source, split, AUGMENTED if augmented else ONE_VIEW)
    with ExitStack() as stack:
        masks = None if augmented else stack.enter_context(PredictionWriter(run, split))
        keep = None if masks is None else masks.add
        evaluation = _evaluate(run, labeller, source, seen, spec, split, augmented, progress, keep)
        if masks is not None:
            masks.digest = evaluation.identity.data_sha256
    store_evaluation(evaluation, run)
    remember_digest(source, split, evaluation.identity.data_sha256)
    return evaluation


def _stored(
    run: Run, source: Source, policy: str, split: str, augmented: bool
) -> Evaluation | None:
    """The result of the run's weights on the data as they are now, if there is one."""
    if not result_files(run, "evaluation", split, augmented=augmented):
        return None
    # Where the files have not been read as they are now, reading them is quicker than predicting.
    digest = split_digest(source.spec, split)
    stored = stored_evaluation(run, digest, split, augmented)
    if stored is None or stored.identity.weights_sha256 != run.weights_hash:
        return None
    if stored.identity.policy != policy:
        return None
    return stored if stored.identity.metric_version == metrics.METRIC_VERSION else None


def _mask_of(sample: Sample) -> np.ndarray:
    if sample.mask is None:
        raise DataError(f"{sample.key}: has no mask to score against; add it or remove the image")
    return sample.mask


def _evaluate(
    run: Run,
    labeller: Labeller,
    source: Source,
    seen: SeenData,
    spec: str,
    split: str,
    augmented: bool,
    progress: Progress | None,
    keep: Callable[[str, Prediction], None] | None,
) -> Evaluation:
    samples, space = native_samples(source.spec, split), seen.space
    data_fingerprint = source.fingerprint(split)  # before anything is read
    digest = SplitDigest()
    keys, sequences = [], []
    counts: list[ImageCounts] = []

    def score(index: int) -> tuple[Sample, Prediction, ImageCounts, ConfidenceCounts | None]:
        sample = samples[index]
        truth = seen.classes.mask(_mask_of(sample))
        prediction = in_classes(labeller.label(sample), seen.merges)
        counted = ImageCounts.of(truth, prediction, space)
        sure = ConfidenceCounts.of(truth, prediction, space) if labeller.has_confidence else None
        return sample, without_scores(prediction), counted, sure

    half_of = halves(samples.sequences)
    calibration, confidences = metrics.CalibrationBins.empty(), Trust.empty()
    for sample, prediction, counted, confidence in overlapped(score, range(len(samples))):
        digest.add(sample)
        if keep is not None:
            keep(sample.key, prediction)
        if confidence is not None:
            calibration += confidence.calibration
            confidences.add(half_of[len(counts)], confidence.coverage, confidence.trial)
        keys.append(sample.key)
        sequences.append(sample.sequence)
        counts.append(counted)
        if progress is not None:
            progress(len(counts), len(samples))
    identity = Identity(
        run=run.name,
        weights_sha256=str(run.weights_hash),
        dataset=source.name,
        split=split,
        data_fingerprint=data_fingerprint,
        data_sha256=digest.hexdigest(),
        metric_version=metrics.METRIC_VERSION,
        device=labeller.device,
        test_time_augmentation=augmented,
        policy=seen.policy,
    )
    return Evaluation(
        identity=identity,
        spec=spec,
        keys=keys,
        sequences=sequences,
        sizes=np.array([image.size for image in counts]),
        matrices=np.stack([image.matrix for image in counts]),
        boundaries=np.stack([image.boundary for image in counts]),
        tasm_scores=np.array([image.tasm_score for image in counts]),
        calibration=calibration,
        anatomy=Anatomy(
            np.stack([image.bands for image in counts]),
            np.stack([image.regions for image in counts]),
        ),
        trust=confidences if labeller.has_confidence else None,
        space=space,
    )
