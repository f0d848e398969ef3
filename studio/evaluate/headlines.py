"""What each part of Evaluation found, in the sentence above it."""

from segcore.evaluation.comparison import Comparison
from segcore.presentation import findings
from studio import cache
from studio.evaluate.scored import ScoredPair


def of_scores(pair: ScoredPair, comparison: Comparison | None) -> str:
    a, b = pair.names
    return findings.headline(comparison, a, b) if comparison else f"{a} and {b} cannot be compared"


def of_mistakes(pair: ScoredPair, comparison: Comparison | None) -> str:
    space = pair.a.evaluation.space
    return findings.most_confused(
        [(side.name, side.evaluation.matrix) for side in pair], space.names
    )


def of_confidence(pair: ScoredPair, comparison: Comparison | None) -> str:
    return findings.better_calibrated([(side.name, side.scores.ece) for side in pair])


def of_robustness(pair: ScoredPair, comparison: Comparison | None) -> str:
    measured = [
        (side.name, found)
        for side in pair
        if (found := cache.robustness(side.run, side.evaluation)) is not None
    ]
    said = findings.more_robust(measured) if len(measured) == 2 else None
    return said or "What bad weather and light cost is not measured for both yet"


def of_cost(pair: ScoredPair, comparison: Comparison | None) -> str:
    costs = [(side.name, cache.cost(side.run)) for side in pair]
    return findings.faster([(name, of.typical.p50_ms) for name, of in costs if of is not None])
