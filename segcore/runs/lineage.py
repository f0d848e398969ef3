"""What a run's weights had learnt before its own training."""

from math import isfinite
from pathlib import Path
from typing import Any

from segcore.data.sources.known import STREETS
from segcore.runs.run import Run


def earlier_trainings(run: Run) -> list[dict[str, Any]]:
    """The trainings that its weights come from, the last first, as run.json keeps them.

    Each is {run, sha256, recipe, dataset, data, epochs, seconds, start_from}; without `data`, which
    is {spec, digests}, where it was recorded before data had digests.
    """
    found = []
    stage = run.manifest.get("start_from")
    while stage:
        found.append(stage)
        stage = stage.get("start_from")
    return found


def stage_identity(stage: dict[str, Any]) -> str | None:
    """The identity of the data of an earlier training; None where it was not recorded."""
    data = stage.get("data", {})
    return STREETS if data.get("spec") == STREETS else data.get("digests", {}).get("val")


def training_seconds(run: Run) -> float:
    """Of its own training, as far as they were noted. Raises UnreadableError."""
    return sum(row["seconds"] for row in run.history() if isfinite(row["seconds"]))


def seconds_in_all(run: Run) -> float:
    """Of its own training and of those that its weights come from."""
    return training_seconds(run) + sum(stage["seconds"] for stage in earlier_trainings(run))


def pretraining(run: Run) -> str | None:
    """What the weights began with before any training of ours, as "ImageNet's weights of
    EfficientNet-Lite2"; None for random weights."""
    first = [run.manifest["recipe"], *(stage["recipe"] for stage in earlier_trainings(run))][-1]
    weights = first.get("backbone_weights", "none")
    if weights == "none":
        return None
    name = first.get("model_options", {}).get("backbone", "efficientnet-b3")
    network = name.replace("efficientnet", "EfficientNet").replace("-lite", "-Lite")
    network = network.replace("-b3", "-B3")
    if weights in ("packaged", "imagenet"):
        return f"ImageNet's weights of {network}"
    return f"the weights of {network} in the file {Path(weights).name}"
