"""What a run's weights had learnt before its own training."""

from typing import Any

from segcore.runs.run import Run


def earlier_trainings(run: Run) -> list[dict[str, Any]]:
    """The trainings that its weights come from, the last first, as run.json keeps them.

    Each is {run, sha256, recipe, dataset, epochs, seconds, start_from}.
    """
    found = []
    stage = run.manifest.get("start_from")
    while stage:
        found.append(stage)
        stage = stage["start_from"]
    return found


def training_seconds(run: Run) -> float:
    """Of its own training."""
    return sum(row["seconds"] for row in run.history())


def seconds_in_all(run: Run) -> float:
    """Of its own training and of those that its weights come from."""
    return training_seconds(run) + sum(stage["seconds"] for stage in earlier_trainings(run))
