"""The first run.json of a training: all that decides how it goes, before it has begun."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from segcore.data.preparation import Prepared
from segcore.images.preprocessing import Preprocessing
from segcore.images.resizing import Size
from segcore.labels import CITYSCAPES, ClassMap
from segcore.recipes import Recipe
from segcore.runs import Run, now
from segcore.runs.lineage import ancestry
from segcore.system import devices
from segcore.training import environment


def first_manifest(
    recipe: Recipe,
    joined: Sequence[Prepared],
    digests: Sequence[Mapping[str, str]],
    parent: Run | None,
    teacher: Run | None = None,
    *,
    classes: ClassMap,
    left_out: Sequence[str] = (),
    input_size: Size | None,
    preprocessing: Preprocessing,
    parameters: int,
    replicas: int,
) -> dict[str, Any]:
    """What run.json holds when a training begins.

    Args:
        joined: the data sets that are trained on; the first is validated on too.
        digests: of each, split -> sha256 of its images and masks at their own resolution.
        parent: the run whose weights are the starting point.
        teacher: the run from whose predictions it learns as well.
        classes: which classes of the data the network tells apart.
        left_out: films or cities that are not trained on.
        input_size: (H, W) of a network that takes no other.
        preprocessing: how images become the network's input.
        replicas: copies of the network that share each batch.
    """
    prepared, *others = joined
    return {
        "model": recipe.model,
        "model_options": dict(recipe.model_options),
        "input_size": list(input_size) if input_size else None,
        "recipe": recipe.to_dict(),
        "data": {
            "spec": prepared.spec,
            "dataset": prepared.dataset,
            "fingerprint": prepared.fingerprint,
            "digests": dict(digests[0]),
            "size": list(prepared.size),
            "joined": [
                {
                    "spec": other.spec,
                    "dataset": other.dataset,
                    "fingerprint": other.fingerprint,
                    "digests": dict(digest),
                }
                for other, digest in zip(others, digests[1:], strict=True)
            ],
            "left_out": list(left_out),
        },
        "seed": recipe.seed,
        "parameters": parameters,
        "preprocessing": preprocessing.to_json(),
        "versions": environment.versions(),
        "backend": keras.backend.backend(),
        "precision": keras.mixed_precision.dtype_policy().name,
        "device": devices.device(),
        "on_gpu": bool(devices.gpus()),
        "replicas": replicas,
        "batch_size_per_replica": recipe.batch_size // replicas,
        "commit": environment.commit(),
        "status": "running",
        "started": now(),
        "finished": None,
        "epochs": 0,
        "best": None,
        "weights": {},
        **_of_classes(classes),
        **({} if parent is None else {"start_from": ancestry(parent)}),
        **({} if teacher is None else {"teacher": ancestry(teacher)}),
    }


def _of_classes(classes: ClassMap) -> dict[str, Any]:
    """Nothing of Cityscapes' classes as they are, the default."""
    space = classes.target
    named = {} if space == CITYSCAPES else {"label_space": space.as_dict()}
    if classes.is_same:
        return named
    merged = {"label_space": classes.origin.as_dict(), "ids": list(classes.ids)}
    return {**named, "merged_from": merged}
