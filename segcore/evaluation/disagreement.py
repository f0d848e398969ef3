"""Images by what two runs say about them: where they differ, where the truth may be wrong."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from segcore.data.preparation import Samples
from segcore.evaluation.outcomes import outcome_counts, outcome_map
from segcore.evaluation.predictions import StoredPredictions
from segcore.labels import ClassMap, LabelSpace
from segcore.labels.metrics import boundary_width, interior, valid_pixels

CONFIDENT = 0.9
"""Confidence from which a model's word against the truth counts."""

SMALLEST_SUSPECT = 0.0005
"""Share of an image from which confident contradiction is worth a look."""


@dataclass(frozen=True)
class PictureAgreement:
    """What two runs say about one image.

    Attributes:
        differing: share of its pixels that they label differently.
        suspect: share of its pixels where both are confident and agree against the truth, away
            from the outlines; 0 without a truth.
        outcomes: pixels that both, only A, only B and none label right; all 0 without a truth.
        truth, prediction: names of the labels of most of the suspect pixels; None without any.
    """

    key: str
    differing: float
    suspect: float
    outcomes: tuple[int, ...] = (0, 0, 0, 0)
    truth: str | None = None
    prediction: str | None = None


def agreements(
    samples: Samples, a: StoredPredictions, b: StoredPredictions, classes: ClassMap
) -> Iterator[PictureAgreement]:
    """One by one, for the images that both runs have labelled, in the samples' order.

    Args:
        a, b: in the classes that both are compared by.
        classes: from the labels of the samples' masks to those.
    """
    both = set(a.keys) & set(b.keys)
    for index, key in enumerate(samples.keys):
        if key in both:
            mask = samples[index].mask
            truth = None if mask is None else classes.mask(mask)
            yield _agreement(key, truth, a, b, classes.target)


def suspect_pixels(
    truth: np.ndarray,
    key: str,
    a: StoredPredictions,
    b: StoredPredictions,
    space: LabelSpace,
) -> np.ndarray:
    """(H, W) bool: both runs are confident and agree on another label than the truth.

    Outlines are left out, as wide as the boundary band of the metrics: there a mask is never exact.
    After Northcutt et al., "Confident Learning", JAIR 2021, with agreement of two models in place
    of one model's calibrated threshold.
    """
    labels = a.labels(key)
    against = (labels == b.labels(key)) & (labels != truth) & valid_pixels(truth, space)
    sure = np.minimum(a.confidence(key), b.confidence(key)) >= CONFIDENT
    return against & sure & interior(truth, boundary_width(*truth.shape))


def _agreement(
    key: str,
    truth: np.ndarray | None,
    a: StoredPredictions,
    b: StoredPredictions,
    space: LabelSpace,
) -> PictureAgreement:
    labels, labels_b = a.labels(key), b.labels(key)
    differing = float((labels != labels_b).mean())
    if truth is None:
        return PictureAgreement(key, differing, 0.0)
    outcomes = tuple(outcome_counts(outcome_map(truth, labels, labels_b, space)).tolist())
    suspect = suspect_pixels(truth, key, a, b, space)
    if suspect.mean() < SMALLEST_SUSPECT:
        return PictureAgreement(key, differing, 0.0, outcomes)
    pairs = truth[suspect].astype(np.intp) * space.num_classes + labels[suspect]
    wrong, right = divmod(int(np.bincount(pairs).argmax()), space.num_classes)
    share, names = float(suspect.mean()), space.names
    return PictureAgreement(key, differing, share, outcomes, names[wrong], names[right])
