"""Two models that are equally good: how often a comparison names a winner all the same."""

import numpy as np

from segcore.evaluation import Evaluation, Identity
from segcore.evaluation.comparison import compare
from segcore.labels import IDS, metrics

CLASSES = {"road": 0.3, "building": 0.25, "vegetation": 0.15, "sky": 0.1, "sidewalk": 0.08,
           "car": 0.06, "fence": 0.03, "person": 0.015, "pole": 0.01, "rider": 0.005}  # fmt: skip
"""Share of the pixels of each class."""

PIXELS = 100_000  # of an image


def false_verdicts(groups: int, trials: int, unequal: bool = False) -> tuple[float, float]:
    """Share of trials in which the mean IoU names a winner, and in which any class does.

    Args:
        groups: films, redrawn in each trial, of one image each.
        unequal: whether the films are of very different length.
    """
    random = np.random.default_rng(groups)
    found = np.zeros(2)
    for _ in range(trials):
        length = random.lognormal(0, 1 if unequal else 0, groups)
        films = [f"film {film}" for film in range(groups)]
        found += _names_a_winner(_pair(random, length, films))
    return float(found[0] / trials), float(found[1] / trials)


def false_verdicts_of_a_film(images: int, alike: float, trials: int) -> tuple[float, float]:
    """The same for one film, neighbouring images of which correlate by `alike`."""
    random = np.random.default_rng(images)
    found = np.zeros(2)
    for _ in range(trials):
        pair = _pair(random, np.ones(images), ["film"] * images, alike)
        found += _names_a_winner(pair)
    return float(found[0] / trials), float(found[1] / trials)


def _names_a_winner(pair: tuple[Evaluation, Evaluation]) -> tuple[bool, bool]:
    compared = compare(*pair)
    decided = [row.verdict in "ab" for row in compared.per_class.values()]
    return compared.mean_iou.verdict in "ab", any(decided)


def _pair(
    random: np.random.Generator, length: np.ndarray, sequences: list[str], alike: float = 0.0
) -> tuple[Evaluation, Evaluation]:
    """Both find each class as often, but for what the film and chance make of each of them."""
    images, classes = len(length), len(CLASSES)
    shares = np.array(list(CLASSES.values()))
    truth = PIXELS * length[:, None] * shares * random.lognormal(0, 0.5, (images, classes))
    ease = np.linspace(2.5, -0.5, classes) + random.normal(0, 0.8, (images, classes))
    ids = [IDS[name] for name in CLASSES]
    pair = []
    for name in "ab":
        own = _series(random, (images, classes + 1), alike) / 2
        recall = 1 / (1 + np.exp(-(ease + own[:, 1:] + own[:, :1])))
        matrices = np.zeros((images, 34, 34), np.int64)
        missed = truth * (1 - recall)
        cells = missed[:, :, None] * shares
        cells[:, range(classes), range(classes)] += truth * recall
        matrices[np.ix_(range(images), ids, ids)] = cells
        identity = Identity(name, name, "made", "val", "f", "d", metrics.METRIC_VERSION, "CPU")
        pair.append(
            Evaluation(
                identity=identity,
                spec="made",
                keys=[f"{image:04}" for image in range(images)],
                sequences=sequences,
                sizes=np.full((images, 2), [250, 400]),
                matrices=matrices,
                boundaries=np.zeros((images, 2, 34), np.int64),
                tasm_scores=np.zeros(images),
                calibration=metrics.CalibrationBins.empty(),
            )
        )
    return pair[0], pair[1]


def _series(random: np.random.Generator, shape: tuple[int, int], alike: float) -> np.ndarray:
    """(images, K) standard normal, each image's correlated with the one before by `alike`."""
    fresh = random.standard_normal(shape)
    if alike:
        for image in range(1, len(fresh)):
            fresh[image] = alike * fresh[image - 1] + np.sqrt(1 - alike**2) * fresh[image]
    return fresh
