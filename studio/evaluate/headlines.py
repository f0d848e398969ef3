"""What each part of Evaluation found, in the sentence above it."""

from collections.abc import Sequence

from segcore.evaluation.comparison import Comparison
from segcore.presentation import findings
from segcore.presentation.findings.words import listed
from segcore.presentation.sides import names_of
from studio import cache
from studio.evaluate.scored import Scored


def of_scores(sides: Sequence[Scored], comparison: Comparison | None) -> str:
    if comparison is not None:
        return findings.headline(comparison, *names_of(sides))
    if len(sides) == 1:
        return findings.standing(sides[0].name, sides[0].scores)
    return f"{listed(names_of(sides))} cannot be compared"


def of_mistakes(sides: Sequence[Scored], comparison: Comparison | None) -> str:
    space = sides[0].evaluation.space
    return findings.most_confused(
        [(side.name, side.evaluation.matrix) for side in sides], space.names
    )


def of_confidence(sides: Sequence[Scored], comparison: Comparison | None) -> str:
    return findings.better_calibrated([(side.name, side.scores.ece) for side in sides])


def of_robustness(sides: Sequence[Scored], comparison: Comparison | None) -> str:
    measured = [
        (side.name, found)
        for side in sides
        if (found := cache.robustness(side.run, side.evaluation)) is not None
    ]
    if len(measured) < len(sides):
        said = None
    else:
        said = findings.keeps(*measured[0]) if len(sides) == 1 else findings.more_robust(measured)
    return said or f"What bad weather and light cost {listed(names_of(sides))} is not measured yet"


def of_cost(sides: Sequence[Scored], comparison: Comparison | None) -> str:
    costs = [(side.name, cache.cost(side.run)) for side in sides]
    return findings.faster(
        [(name, cost.typical.p50_ms) for name, cost in costs if cost is not None]
    )
