"""The registry of champions: who serves which data set, and every promotion before."""

import json
from contextlib import suppress
from typing import Any

from segcore import settings
from segcore.errors import RunError
from segcore.files import locked, to_json, write_atomically
from segcore.runs.run import (
    MODEL_FAMILIES,
    Run,
    list_runs,
    now,
    read_run,
    verified_weights,
)


def champions(dataset: str) -> dict[str, Run]:
    """Model family -> its champion on the data set, for those families that have one."""
    found = {}
    for model in MODEL_FAMILIES:
        run = champion(model, dataset)
        if run is not None:
            found[model] = run
    return found


def champion(model: str, dataset: str) -> Run | None:
    """The promoted run; without a promotion the shipped one; else None.

    One checkpoint may serve several data sets: a shipped run lists them in `shipped_champion`.
    """
    for promotion in reversed(promotions(model, dataset)):
        with suppress(RunError):  # deleted or damaged since: the one before it stands
            return read_run(settings.runs_dir() / promotion["run"])
    for run in list_runs():
        if run.model == model and dataset in run.manifest.get("shipped_champion", ()):
            return run
    return None


def promote(run: Run, dataset: str | None = None, by: str = "command line") -> None:
    """Makes the run the champion of its model on `dataset` (default: the one it was trained on).

    Raises:
        RunError: the run has no weights that can be trusted, so a visitor would see an error, or
            its model has no champions.
    """
    if run.model not in MODEL_FAMILIES:
        raise RunError(
            f"{run.name}: only {' and '.join(MODEL_FAMILIES)} have champions, not {run.model}; "
            "choose the run in the sidebar"
        )
    verified_weights(run)
    dataset = dataset or run.dataset
    with locked(settings.artifacts_dir()):
        registry = _registry()
        registry.setdefault(f"{run.model}/{dataset}", []).append(
            {"run": run.name, "at": now(), "by": by}
        )
        write_atomically(settings.registry_path(), to_json(registry))


def rollback(model: str, dataset: str, by: str = "command line") -> Run | None:
    """Takes the last promotion back and returns the champion from before it.

    Raises:
        RunError: there is no promotion to take back.
    """
    seat = f"{model}/{dataset}"
    with locked(settings.artifacts_dir()):
        registry = _registry()
        standing = registry.get(seat, [])
        if not standing:
            raise RunError(f"{model} on {dataset}: no promotion to roll back")
        undone = {**standing.pop(), "seat": seat, "rolled_back_at": now(), "rolled_back_by": by}
        registry.setdefault("rolled_back", []).append(undone)
        write_atomically(settings.registry_path(), to_json(registry))
    return champion(model, dataset)


def promotions(model: str, dataset: str) -> list[dict[str, str]]:
    """Every standing promotion {run, at, by}, oldest first; the last one is the champion."""
    return list(_registry().get(f"{model}/{dataset}", []))


def seats() -> list[tuple[str, str]]:
    """(model, data set) of every seat that a run was promoted to."""
    pairs = (key.partition("/") for key in sorted(_registry()))
    return [(model, dataset) for model, separator, dataset in pairs if separator]


def rolled_back() -> list[dict[str, str]]:
    """Every promotion that was taken back, oldest first.

    Each is {run, at, by, seat, rolled_back_at, rolled_back_by}; `seat` is MODEL/DATASET.
    """
    return [entry for entry in _registry().get("rolled_back", []) if "seat" in entry]


def _registry() -> dict[str, Any]:
    path = settings.registry_path()
    if not path.exists():
        return {}
    try:
        return dict(json.loads(path.read_bytes()))
    except ValueError as error:
        raise RunError(
            f"{path}: is damaged; delete it to go back to the shipped champions"
        ) from error
