"""Run A and run B: what is shown and compared, with its letter, its name and its colour.

Whatever shows runs takes a sequence of sides, one or two; whatever decides between two takes a
`Pair`, which is such a sequence.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Literal, NamedTuple, TypeVar

from segcore.evaluation import Evaluation
from segcore.evaluation.error_breakdown import Anatomy
from segcore.evaluation.scores import Scores
from segcore.presentation.names import distinct_names
from segcore.presentation.run_colors import RUN_A, RUN_B
from segcore.runs import Run

Letter = Literal["A", "B"]
COLORS: dict[Letter, str] = {"A": RUN_A, "B": RUN_B}


@dataclass(frozen=True, eq=False)
class Side:
    """One of the runs that are shown.

    Attributes:
        name: a short one that tells it from the other run.
    """

    letter: Letter
    run: Run
    name: str

    @property
    def title(self) -> str:
        return f"{self.letter} · {self.name}"

    @property
    def color(self) -> str:
        """As `#rrggbb`."""
        return COLORS[self.letter]


@dataclass(frozen=True, eq=False)
class ScoredSide(Side):
    """A run with its scores on a split."""

    evaluation: Evaluation

    @property
    def scores(self) -> Scores:
        return self.evaluation.scores

    @property
    def anatomy(self) -> Anatomy | None:
        """Where its errors lie; None for counts from before."""
        return self.evaluation.anatomy


SideT = TypeVar("SideT", bound=Side, covariant=True)


class Pair(NamedTuple, Generic[SideT]):
    """Both sides of a comparison, A before B."""

    a: SideT
    b: SideT

    @property
    def runs(self) -> tuple[Run, Run]:
        return self.a.run, self.b.run

    @property
    def names(self) -> tuple[str, str]:
        return self.a.name, self.b.name


def names_of(sides: Sequence[Side]) -> list[str]:
    return [side.name for side in sides]


def runs_of(sides: Sequence[Side]) -> list[Run]:
    return [side.run for side in sides]


def pair_of(run_a: Run, run_b: Run) -> Pair[Side]:
    """Two runs, with names that tell them apart."""
    name_a, name_b = distinct_names(run_a, run_b)
    return Pair(Side("A", run_a, name_a), Side("B", run_b, name_b))


def scored_pair(a: tuple[Run, Evaluation], b: tuple[Run, Evaluation]) -> Pair[ScoredSide]:
    """Two runs with their scores, with names that tell them apart."""
    name_a, name_b = distinct_names(a[0], b[0])
    return Pair(ScoredSide("A", a[0], name_a, a[1]), ScoredSide("B", b[0], name_b, b[1]))
