"""A training that begins where another run ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from segcore.data.counts import logit_offsets
from segcore.data.preparation.digests import known_digest
from segcore.data.sources import open_source
from segcore.data.sources.known import STREETS
from segcore.errors import RunError
from segcore.images.resizing import Size
from segcore.recipes import Recipe
from segcore.runs import Run, get_run
from segcore.runs.weight_files import load_weights


@dataclass(frozen=True)
class TrainedOn:
    """The pixels and labels of a training, on one data set or several joined.

    Attributes:
        digests: of each training split, sha256 at its own resolution.
        fingerprints, size: of the arrays that each was prepared to.
        left_out: films or cities that are not trained on.
    """

    digests: Sequence[str]
    fingerprints: Sequence[str]
    size: Size
    left_out: Sequence[str] = ()

    def is_of(self, run: Run) -> bool:
        """Whether the run was trained on the very same; False where nothing tells."""
        data = run.manifest["data"]
        theirs = [data, *run.joined]
        if len(theirs) != len(self.digests) or [*run.left_out] != [*self.left_out]:
            return False
        same_size = tuple(data.get("size", ())) == tuple(self.size)
        return all(
            digest == _digest_of(before)
            or (
                # From before digests were recorded: the same arrays hold the same pixels.
                _digest_of(before) is None
                and same_size
                and fingerprint == before.get("fingerprint")
            )
            for before, digest, fingerprint in zip(
                theirs, self.digests, self.fingerprints, strict=True
            )
        )


def _digest_of(data: Mapping[str, Any]) -> str | None:
    """Of the training split, as run.json has it; the built-in one is the same everywhere."""
    if data["spec"] == STREETS:
        return known_digest(open_source(STREETS), "train")
    found = data.get("digests", {}).get("train")
    return None if found is None else str(found)


def inherit(
    network: keras.Model, parent: Run, recipe: Recipe, data: TrainedOn, pixels: np.ndarray
) -> None:
    """Puts the best weights of another run into the network that `recipe` trains on `data`.

    From a run on other data all but the classifiers': where a class never occurred, they hold it
    for so unlikely (1e-9) that the loss falls fastest by features near 0, from which little is
    learnt any more (docs/experiments.md). From one on the same data with another logit adjustment
    the classifiers' biases change by the difference, so that the loss begins where it was.

    Args:
        pixels: (34,) pixels of each class in the training splits of `data`.

    Raises:
        RunError: the run's weights are damaged or of another network.
    """
    classifiers = [layer for layer in network.layers if layer.name.endswith("classifier")]
    fresh = [layer.get_weights() for layer in classifiers]
    load_weights(network, parent)
    if not data.is_of(parent):
        for layer, weights in zip(classifiers, fresh, strict=True):
            layer.set_weights(weights)
        return
    before = logit_offsets(pixels, parent.manifest["recipe"].get("logit_adjustment", 0.0))
    change = before - logit_offsets(pixels, recipe.logit_adjustment)
    for layer in classifiers:
        layer.bias.assign(layer.bias + change)


def parent_of(run: Run) -> Run | None:
    """The run whose weights this one began with, if any.

    Raises:
        RunError: it is not there any more, or has other weights now.
    """
    ancestry = run.manifest.get("start_from")
    if ancestry is None:
        return None
    try:
        parent = get_run(ancestry["run"])
    except RunError as error:
        raise RunError(f"{run.name}: the run it began with: {error}; train a new one") from error
    if parent.weights_hash != ancestry["sha256"]:
        raise RunError(f"{run.name}: {parent.name}, with which it began, has changed; train anew")
    return parent
