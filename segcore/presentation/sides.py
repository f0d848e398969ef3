"""The two scored runs of a comparison, as they are called and coloured beside each other."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Self

from segcore.evaluation import Evaluation
from segcore.presentation.colors import RUN_A, RUN_B
from segcore.presentation.names import distinct_names
from segcore.runs import Run

Letter = Literal["A", "B"]
COLORS: dict[Letter, str] = {"A": RUN_A, "B": RUN_B}


@dataclass(frozen=True, eq=False)
class Side:
    """A run with its scores on a split."""

    letter: Letter
    name: str
    run: Run
    evaluation: Evaluation

    @property
    def title(self) -> str:
        return f"{self.letter} · {self.name}"

    @property
    def color(self) -> str:
        return COLORS[self.letter]

    @cached_property
    def report(self) -> dict[str, Any]:
        """`Evaluation.report()`."""
        return self.evaluation.report()

    @classmethod
    def pair(cls, a: tuple[Run, Evaluation], b: tuple[Run, Evaluation]) -> tuple[Self, Self]:
        """Both sides, with names that tell them apart."""
        names = distinct_names(a[0], b[0])
        return cls("A", names[0], *a), cls("B", names[1], *b)
