"""The two runs of the Evaluation page with their scores."""

from dataclasses import dataclass

from segcore.evaluation import Evaluation
from segcore.presentation.sides import Pair, ScoredSide, Side
from segcore.runs.data_sets import DataSet
from studio import cache, choices, wording
from studio.state import Selection


@dataclass(frozen=True, eq=False)
class Scored(ScoredSide):
    """A run that is scored on the split, with what only pages need."""

    data: DataSet

    @property
    def square(self) -> str:
        """In Markdown, of the side's colour."""
        return wording.square(self)


ScoredPair = Pair[Scored]


def scored_sides(selection: Selection, pair: Pair[Side]) -> tuple[Scored | None, Scored | None]:
    """Run A and run B; None for one without scores on the selected data."""
    found = cache.compared_evaluations(pair.runs, selection.data, choices.SPLIT)
    return _scored(selection, pair.a, found[0]), _scored(selection, pair.b, found[1])


def _scored(selection: Selection, side: Side, evaluation: Evaluation | None) -> Scored | None:
    if evaluation is None:
        return None
    return Scored(side.letter, side.run, side.name, evaluation, selection.data)


def scope(evaluation: Evaluation) -> str:
    """What the figures are of, for the caption of a part of the page."""
    return f"{evaluation.split} split, {evaluation.images} images at {evaluation.resolution}"
