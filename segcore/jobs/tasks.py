"""What a job does: train, evaluate or prepare. Each is a value that the queue keeps as JSON, is
checked before it is queued, and becomes a command of `python -m segcore`."""

import json
import sys
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, ClassVar

from segcore import runs
from segcore.data.sources import open_source, split_specs
from segcore.errors import RecipeError, SegcoreError, UnreadableError
from segcore.errors.plain import plain
from segcore.files.reading import parse_json, typed
from segcore.files.writing import to_json, write_atomically
from segcore.jobs import estimates
from segcore.labels.merge_syntax import merging
from segcore.recipes import BACKBONE_WEIGHTS, Recipe, from_dict
from segcore.recipes.checks import checked
from segcore.runs import Run

SEGCORE = (sys.executable, "-m", "segcore")


class TaskError(SegcoreError):
    """A task that cannot be done as asked."""


@dataclass(frozen=True)
class Training:
    """A new run by a recipe on data, or with `resume` an interrupted run that goes on.

    Attributes:
        data: a data spec.
        start_from: a run of the same network whose best weights are the starting point.
        merge, ignore: fewer classes than the data's, as `segcore.labels.merge_syntax` reads them.
    """

    kind: ClassVar[str] = "train"
    doing: ClassVar[str] = "is training"
    done: ClassVar[str] = "is trained"
    recipe: Recipe | None = None
    data: str | None = None
    start_from: str | None = None
    resume: str | None = None
    merge: str = ""
    ignore: str = ""

    def title(self, data: str) -> str:
        """What it is, in words; `data` is the name of the data set at `self.data`."""
        name = self.recipe.name if self.recipe else str(self.resume)
        return plain(f"{name} on {data}")

    @property
    def run(self) -> str | None:
        """The run whose folder it writes, where that is there already."""
        return self.resume

    def checked(self) -> "Training":
        """The task with absolute paths: a worker runs in a folder of its own.

        Raises:
            SegcoreError: the recipe, data or run cannot be used, or the machine is too small.
        """
        if self.resume is not None:
            run = runs.get_run(self.resume)
            if run.status == "finished":
                raise TaskError(f"{run.name}: is finished; train a new run instead of resuming it")
            return Training(data=run.spec, resume=run.name)
        if self.recipe is None or self.data is None:
            raise TaskError("A training needs a recipe and data; name both, or a run to resume")
        recipe = checked(self.recipe)
        if self.start_from is not None:
            parent = runs.get_run(self.start_from)
            parent.require_training("be trained on from")
            runs.verified_weights(parent)
            if parent.model != recipe.model:
                raise TaskError(
                    f"{parent.name}: is a {parent.model}, the recipe trains a {recipe.model}; "
                    "start from a run of the same network"
                )
        if recipe.backbone_weights not in BACKBONE_WEIGHTS:
            weights = str(Path(recipe.backbone_weights).absolute())
            recipe = replace(recipe, backbone_weights=weights)
        sources = [open_source(spec) for spec in split_specs(self.data)]
        merging(sources[0].label_space, [self.merge], [self.ignore])
        specs = [source.spec for source in sources]
        estimates.check(recipe, specs[0])
        return replace(self, recipe=recipe, data="+".join(specs))

    def command(self, folder: Path, run: str | None) -> list[str]:
        """The command that does it; `folder` is the job's own, `run` what it trained so far."""
        if run is not None:
            return [*SEGCORE, "train", "--resume", run]
        if self.recipe is None:
            raise TaskError(f"{self.resume}: no such run to resume; it was removed")
        recipe = folder / "recipe.json"
        write_atomically(recipe, to_json(self.recipe.to_dict()))
        command = [*SEGCORE, "train", "--recipe", str(recipe), "--data", str(self.data)]
        if self.start_from:
            command += ["--start-from", self.start_from]
        # With the sign: what a person has written may begin with a dash.
        command += [f"--merge={self.merge}"] if self.merge.strip() else []
        return [*command, f"--ignore={self.ignore}"] if self.ignore.strip() else command


@dataclass(frozen=True)
class Scoring:
    """An evaluation of a run's best weights on a split."""

    kind: ClassVar[str] = "evaluate"
    doing: ClassVar[str] = "is being scored"
    done: ClassVar[str] = "is scored"
    scored: str
    data: str
    split: str = "val"

    def title(self, data: str) -> str:
        """As `Training.title`."""
        return plain(f"{self.scored} on {data} {self.split}")

    run: ClassVar[None] = None

    def checked(self) -> "Scoring":
        """The task with absolute paths. Raises SegcoreError where run or data cannot be used."""
        runs.verified_weights(runs.get_run(self.scored))
        return replace(self, data=open_source(self.data).spec)

    def command(self, folder: Path, run: str | None) -> list[str]:
        what = ["--run", self.scored, "--data", self.data, "--split", self.split]
        return [*SEGCORE, "evaluate", *what]


@dataclass(frozen=True)
class Preparation:
    """Memory-mapped arrays and the health report of a data set, at its default size."""

    kind: ClassVar[str] = "prepare"
    doing: ClassVar[str] = "is being prepared"
    done: ClassVar[str] = "is prepared"
    data: str

    def title(self, data: str) -> str:
        """As `Training.title`."""
        return plain(data)

    run: ClassVar[None] = None

    def checked(self) -> "Preparation":
        """The task with absolute paths. Raises DataError where the data cannot be opened."""
        return replace(self, data=open_source(self.data).spec)

    def command(self, folder: Path, run: str | None) -> list[str]:
        # The admin who enqueued it has seen what is doubtful about it.
        return [*SEGCORE, "prepare", "--data", self.data, "--yes"]


@dataclass(frozen=True)
class Unknown:
    """A row of the queue that this program does not understand; it fails when its turn comes."""

    kind: ClassVar[str] = "unknown"
    doing: ClassVar[str] = "is of another version of this program"
    done: ClassVar[str] = "is done"
    run: ClassVar[None] = None
    data: ClassVar[None] = None
    problem: str

    def title(self, data: str) -> str:
        """As `Training.title`."""
        return "A job of another kind"

    def checked(self) -> "Unknown":
        """Raises TaskError."""
        raise TaskError(f"A job of another kind: {self.problem}")

    def command(self, folder: Path, run: str | None) -> list[str]:
        """Raises TaskError."""
        raise TaskError(
            f"A job of another kind: {self.problem}; update the program and run it again, or "
            "delete the job"
        )


Task = Training | Scoring | Preparation | Unknown

_KINDS: dict[str, type[Training] | type[Scoring] | type[Preparation]] = {
    task.kind: task for task in (Training, Scoring, Preparation)
}

PRIORITY = {Training.kind: 0, Scoring.kind: 10, Preparation.kind: 10}
"""What takes minutes goes before what takes hours."""


def dump(task: Task) -> str:
    """The task as the queue keeps it."""
    return json.dumps({"kind": task.kind, **asdict(task)})


def load(text: str) -> Task:
    """The task that `dump` wrote; `Unknown` for what this program did not write."""
    try:
        values = typed(parse_json(text), dict[str, Any])
        kind = values.pop("kind", None)
        if not isinstance(kind, str) or kind not in _KINDS:
            raise UnreadableError("it is of a kind that this program does not know")
        if unknown := values.keys() - {field.name for field in fields(_KINDS[kind])}:
            raise UnreadableError(f"it asks for `{plain(min(unknown))}`, which is not known here")
        if values.get("recipe") is not None:
            values["recipe"] = from_dict(values["recipe"])
        return typed(values, _KINDS[kind])
    except (UnreadableError, RecipeError) as error:
        return Unknown(str(error))


def run_of(name: str | None) -> Run | None:
    """The run, or None where its folder is not there yet, not any more, or cannot be read."""
    try:
        return runs.get_run(name) if name else None
    except SegcoreError:
        return None
