"""Finding runs among many: by what they are, and by what people say of them."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from segcore.runs.notes import NOTHING, RunNote
from segcore.runs.run import Run


@dataclass(frozen=True)
class Wanted:
    """Which runs to find; an empty filter lets all through.

    Attributes:
        text: words that all occur in its name, model, recipe, data, note or labels.
        models, recipes, labels, data: one of each is enough; data by their names.
        since: the first day that it may have begun on.
        champions: champions only.
    """

    text: str = ""
    models: Collection[str] = ()
    recipes: Collection[str] = ()
    data: Collection[str] = ()
    labels: Collection[str] = ()
    since: date | None = None
    champions: bool = False


def find_runs(
    among: Iterable[Run],
    wanted: Wanted,
    data_name: Callable[[Run], str],
    notes: Mapping[str, RunNote],
    champions: Collection[str],
) -> list[Run]:
    """Those that are wanted, in their order; no run.json is opened.

    Args:
        data_name: of the data that a run was trained on.
        champions: names of those that are one.
    """
    words = wanted.text.casefold().split()

    def is_wanted(run: Run) -> bool:
        said = notes.get(run.name, NOTHING)
        if wanted.champions and run.name not in champions:
            return False
        if wanted.since and datetime.fromisoformat(run.created).date() < wanted.since:
            return False
        asked = (
            (wanted.models, [run.model]),
            (wanted.recipes, [run.recipe]),
            (wanted.labels, said.labels),
        )
        if any(options and not set(options) & set(own) for options, own in asked):
            return False
        if wanted.data and data_name(run) not in wanted.data:
            return False
        if not words:
            return True
        told = [run.name, run.model, run.recipe, data_name(run), said.note, *said.labels]
        text = " ".join(told).casefold()
        return all(word in text for word in words)

    return [run for run in among if is_wanted(run)]
