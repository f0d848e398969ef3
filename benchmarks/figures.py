"""A measured figure, and how each benchmark tells its own: printed, and as JSON where asked for."""

import argparse
import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Figure:
    """What was measured.

    Attributes:
        value: the median, where there is a spread.
        spread: the quartiles.
        wanted: the aim, in words.
    """

    what: str
    value: float
    unit: str = ""
    spread: tuple[float, float] | None = None
    wanted: str = ""

    def words(self) -> str:
        """The value with its unit and spread."""
        value = f"{_short(self.value)} {self.unit}".strip()
        return (
            value if self.spread is None else f"{value} ({' to '.join(map(_short, self.spread))})"
        )


def figure_of(what: str, values: Sequence[float], unit: str = "", wanted: str = "") -> Figure:
    """The median and the quartiles of what was measured several times."""
    if len(values) < 2:
        return Figure(what, values[0], unit, None, wanted)
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return Figure(what, middle, unit, (low, high), wanted)


def parser_of(description: str) -> argparse.ArgumentParser:
    """A parser whose options include where the figures are written to."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    return parser


def tell(figures: Sequence[Figure], path: Path | None) -> None:
    """Prints the figures, and writes them where a path is given."""
    width = max(len(figure.what) for figure in figures)
    for figure in figures:
        wanted = f"; wanted: {figure.wanted}" if figure.wanted else ""
        print(f"{figure.what:<{width}}  {figure.words()}{wanted}")
    if path is not None:
        path.write_text(json.dumps([asdict(figure) for figure in figures], indent=2) + "\n")


def _short(value: float) -> str:
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"
