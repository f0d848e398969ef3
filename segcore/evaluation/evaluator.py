"""Run + data -> counts per image, at the truth's own resolution.

Images are streamed: a few are in memory at a time, one in the network, the others read or counted
meanwhile, and only counts are kept of them; the masks go to `segcore.evaluation.predictions`, so
that pictures can be found by them.
"""

import hashlib
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace

import numpy as np

from segcore import metrics
from segcore.errors import DataError
from segcore.evaluation import trust
from segcore.evaluation.anatomy import Anatomy
from segcore.evaluation.image_counts import ConfidenceCounts, ImageCounts
from segcore.evaluation.predictions import PredictionWriter
from segcore.evaluation.result import Evaluation, Identity, store_evaluation, stored_evaluation
from segcore.inference import (
    AUGMENTED,
    ONE_VIEW,
    Prediction,
    Predictor,
    Views,
    in_classes,
    load_predictor,
    without_scores,
)
from segcore.parallel import overlapped
from segcore.preparation import native_samples
from segcore.progress import Progress
from segcore.runs import Run, verified_weights
from segcore.sources import Sample, Source, has_masks, open_source


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
        DataError: the data cannot be read, or the split has no masks to score against.
        RunError: the run's weights are missing or damaged.
        StorageError: the result cannot be written.
    """
    verified_weights(run)  # a stored result must not hide that the run is damaged
    source = open_source(spec)
    if not has_masks(source, split):
        raise DataError(f"{spec}: the {split} split has no masks, so no scores; evaluate val")
    if not force:
        stored = stored_evaluation(run, source.name, split, augmented)
        if stored is not None and _is_current(stored, run, source):
            return replace(stored, spec=spec)
    views = AUGMENTED if augmented else ONE_VIEW
    predictor = load_predictor(run)
    with ExitStack() as stack:
        keep = None
        if not augmented:
            fingerprint = source.fingerprint(split)
            keep = stack.enter_context(PredictionWriter(run, source.name, split, fingerprint)).add
        evaluation = _evaluate(predictor, views, source, spec, split, progress, keep)
    store_evaluation(evaluation, run)
    return evaluation


def _is_current(stored: Evaluation, run: Run, source: Source) -> bool:
    identity = stored.identity
    if identity.weights_sha256 != run.weights_hash:
        return False
    if identity.metric_version != metrics.METRIC_VERSION:
        return False
    if identity.policy != policy_of(source):
        return False
    if identity.data_fingerprint == source.fingerprint(identity.split):
        return True
    # Copied or checked out anew, files have other times: reading them is quicker than predicting.
    return identity.data_sha256 == _data_sha256(source.spec, identity.split)


def policy_of(source: Source) -> str:
    """Names the classes that a data set is scored by."""
    return metrics.POLICY if source.merges is None else source.merges.policy


def _data_sha256(spec: str, split: str) -> str:
    digest = hashlib.sha256()
    samples = native_samples(spec, split)
    for index in range(len(samples)):
        _add_sample(digest, samples[index])
    return digest.hexdigest()


def _add_sample(digest: "hashlib._Hash", sample: Sample) -> None:
    mask = _mask_of(sample)
    digest.update(f"{sample.key}\0{sample.sequence}\0{mask.shape}".encode())
    digest.update(np.ascontiguousarray(sample.image).data)
    digest.update(np.ascontiguousarray(mask).data)


def _mask_of(sample: Sample) -> np.ndarray:
    if sample.mask is None:
        raise DataError(f"{sample.key}: has no mask to score against; add it or remove the image")
    return sample.mask


def _evaluate(
    predictor: Predictor,
    views: Views,
    source: Source,
    spec: str,
    split: str,
    progress: Progress | None,
    keep: Callable[[str, Prediction], None] | None,
) -> Evaluation:
    samples = native_samples(source.spec, split)
    digest = hashlib.sha256()
    keys, sequences = [], []
    counts: list[ImageCounts] = []

    def score(index: int) -> tuple[Sample, Prediction, ImageCounts, ConfidenceCounts]:
        sample = samples[index]
        truth = _mask_of(sample)
        prediction = in_classes(predictor.predict(sample.image, views), source.merges)
        counted = ImageCounts.of(truth, prediction), ConfidenceCounts.of(truth, prediction)
        return sample, without_scores(prediction), *counted

    halves = trust.halves(samples.sequences)
    calibration, confidences = metrics.CalibrationBins.empty(), trust.Trust.empty()
    for sample, prediction, counted, confidence in overlapped(score, range(len(samples))):
        _add_sample(digest, sample)
        if keep is not None:
            keep(sample.key, prediction)
        calibration += confidence.calibration
        confidences.add(halves[len(counts)], confidence.coverage, confidence.trial)
        keys.append(sample.key)
        sequences.append(sample.sequence)
        counts.append(counted)
        if progress is not None:
            progress(len(counts), len(samples))
    identity = Identity(
        run=predictor.run.name,
        weights_sha256=str(predictor.run.weights_hash),
        dataset=source.name,
        split=split,
        data_fingerprint=source.fingerprint(split),
        data_sha256=digest.hexdigest(),
        metric_version=metrics.METRIC_VERSION,
        device=predictor.device,
        test_time_augmentation=views != ONE_VIEW,
        policy=policy_of(source),
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
        trust=confidences,
    )
