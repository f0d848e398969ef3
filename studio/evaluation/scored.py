"""The two runs of the Evaluation page with their scores."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from segcore.evaluation import Evaluation
from segcore.presentation.sides import Letter, Side
from segcore.runs import Run
from segcore.runs.data_sets import DataSet
from studio import cache, state
from studio.state import Selection
from studio.widgets.side_by_side import Names

Report = dict[str, Any]

SQUARES: dict[Letter, str] = {"A": ":blue[■]", "B": ":orange[■]"}


@dataclass(frozen=True, eq=False)
class Scored(Side):
    """A run that is scored on the split, with what only pages need."""

    data: DataSet

    @property
    def square(self) -> str:
        """In Markdown, of the side's colour."""
        return SQUARES[self.letter]

    @cached_property
    def report(self) -> Report:
        """As `Side.report`, remembered from page to page."""
        found = cache.report(self.run, self.data, state.SPLIT)
        return self.evaluation.report() if found is None else found


Pair = tuple[Scored, Scored]


def scored_runs(selection: Selection, runs: tuple[Run, Run]) -> tuple[Scored | None, Scored | None]:
    """Run A and run B; None for one without scores on the selected data."""
    names = Names.of(*runs)
    return _scored(selection, "A", names.a, runs[0]), _scored(selection, "B", names.b, runs[1])


def _scored(selection: Selection, letter: Letter, name: str, run: Run) -> Scored | None:
    evaluation: Evaluation | None = cache.stored_evaluation(run, selection.data, state.SPLIT)
    if evaluation is None:
        return None
    return Scored(letter, name, run, evaluation, selection.data)


def scope(report: Report) -> str:
    """What the figures are of, for the caption of a part of the page."""
    return f"{report['split']} split, {report['images']} images at {report['resolution']}"
