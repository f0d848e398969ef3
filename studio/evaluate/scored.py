"""The runs of the Evaluation page with their scores."""

from collections.abc import Sequence
from dataclasses import dataclass

from segcore.evaluation import Evaluation
from segcore.presentation.sides import Pair, ScoredSide, Side, runs_of
from segcore.runs.data_sets import DataSet
from studio import cache, wording
from studio.state import Selection


@dataclass(frozen=True, eq=False)
class Scored(ScoredSide):
    """A run that is scored on the split, with what only pages need."""

    data: DataSet

    @property
    def square(self) -> str:
        """In Markdown, of the side's colour."""
        return wording.square(self)


def scored_sides(selection: Selection, sides: Sequence[Side]) -> Sequence[Scored]:
    """Those that have scores on the selected data, a pair where both have."""
    found = cache.compared_evaluations(runs_of(sides), selection.data, selection.split)
    scored = [
        Scored(side.letter, side.run, side.name, evaluation, selection.data)
        for side, evaluation in zip(sides, found, strict=True)
        if evaluation is not None
    ]
    return Pair(*scored) if len(scored) == 2 else scored


def scope(evaluation: Evaluation) -> str:
    """What the figures are of, for the caption of a part of the page."""
    return f"{evaluation.split} split, {evaluation.images} images at {evaluation.resolution}"
