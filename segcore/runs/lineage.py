"""What a run's weights had learnt before its own training."""

from math import isfinite
from pathlib import Path
from typing import Any

from segcore.data.known_data_sets import STREETS
from segcore.errors import RunError
from segcore.runs.manifest import Ancestor
from segcore.runs.run import Run, get_run


def earlier_trainings(run: Run) -> list[Ancestor]:
    """The trainings that its weights come from, the last first."""
    found = []
    stage = run.manifest.start_from
    while stage:
        found.append(stage)
        stage = stage.start_from
    return found


def ancestry(run: Run) -> dict[str, Any]:
    """What run.json keeps of the run that weights come from, and of those before it.

    Raises UnreadableError.
    """
    return {
        "run": run.name,
        "sha256": run.weights_hash,
        "recipe": run.manifest.recipe,
        "dataset": run.dataset,
        "data": {"spec": run.spec, "digests": run.listing.digests},
        "epochs": run.epochs,
        "seconds": training_seconds(run),
        "start_from": run.record.get("start_from"),
        **({"teacher": run.record["teacher"]} if "teacher" in run.record else {}),
    }


def recorded_run(run: Run, recorded: Ancestor | None, role: str) -> Run | None:
    """The run that another one began with or learns from; None where run.json names none.

    Args:
        role: what it is to `run`, as "its teacher".

    Raises:
        RunError: it is not there any more, or has other weights now.
    """
    if recorded is None:
        return None
    try:
        found = get_run(recorded.run)
    except RunError as error:
        raise RunError(f"{run.name}: {role}: {error}; train a new one") from error
    if found.weights_hash != recorded.sha256:
        raise RunError(f"{run.name}: {role}, {found.name}, has changed; train a new one")
    return found


def stage_identity(stage: Ancestor) -> str | None:
    """The identity of the data of an earlier training; None where it was not recorded."""
    if stage.data is None:
        return None
    return STREETS if stage.data.spec == STREETS else stage.data.digests.get("val")


def training_seconds(run: Run) -> float:
    """Seconds of the run's own training, as far as they were noted. Raises UnreadableError."""
    return sum(row["seconds"] for row in run.history() if isfinite(row["seconds"]))


def seconds_in_all(run: Run) -> float:
    """Seconds of the run's own training and of those that its weights come from."""
    return training_seconds(run) + sum(stage.seconds for stage in earlier_trainings(run))


def pretraining(run: Run) -> str | None:
    """What the weights began with before any training of ours, as "ImageNet's weights of
    EfficientNet-Lite2"; None for random weights."""
    return _pretraining([run.manifest.recipe, *(s.recipe for s in earlier_trainings(run))][-1])


def pretraining_of_teacher(teacher: Ancestor) -> str | None:
    """As `pretraining`, of what a teacher's own weights began with."""
    while teacher.start_from is not None:
        teacher = teacher.start_from
    return _pretraining(teacher.recipe)


def _pretraining(first: dict[str, Any]) -> str | None:
    weights = first.get("backbone_weights", "none")
    if weights == "none":
        return None
    name = first.get("model_options", {}).get("backbone", "efficientnet-b3")
    network = name.replace("efficientnet", "EfficientNet").replace("-lite", "-Lite")
    network = network.replace("-b3", "-B3")
    if weights in ("packaged", "imagenet"):
        return f"ImageNet's weights of {network}"
    return f"the weights of {network} in the file {Path(weights).name}"
