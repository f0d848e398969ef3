"""The two runs of the Evaluate page with their scores."""

from dataclasses import dataclass
from typing import Any

from pages.shared import cache, state
from pages.shared.labelling import Names
from pages.shared.state import Selection
from segcore.colors import RUN_A, RUN_B
from segcore.evaluation import Evaluation
from segcore.runs import Run

Report = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Scored:
    """A run that is scored on the split, as it is called and coloured beside the other."""

    letter: str  # A or B
    name: str
    color: str
    square: str  # in Markdown, of the same colour
    run: Run
    evaluation: Evaluation
    report: Report

    @property
    def title(self) -> str:
        return f"{self.letter} · {self.name}"


Pair = tuple[Scored, Scored]


def scored_runs(selection: Selection, runs: tuple[Run, Run]) -> tuple[Scored | None, Scored | None]:
    """Run A and run B; None for one without scores on the selected data."""
    names = Names.of(*runs)
    return (
        _scored(selection, "A", names.a, RUN_A, ":blue[■]", runs[0]),
        _scored(selection, "B", names.b, RUN_B, ":orange[■]", runs[1]),
    )


def _scored(
    selection: Selection, letter: str, name: str, color: str, square: str, run: Run
) -> Scored | None:
    evaluation = cache.stored_evaluation(run, selection.dataset, state.SPLIT)
    report = cache.report(run, selection.dataset, state.SPLIT)
    if evaluation is None or report is None:
        return None
    return Scored(letter, name, color, square, run, evaluation, report)


def scope(report: Report) -> str:
    """What the figures are of, for the caption of a part of the page."""
    return f"{report['split']} split, {report['images']} images at {report['resolution']}"
