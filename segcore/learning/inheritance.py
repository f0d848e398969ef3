"""A training that begins where another run ended."""

from collections.abc import Sequence

import keras
import numpy as np

from segcore.errors import RunError
from segcore.preparation import Prepared
from segcore.recipes import Recipe
from segcore.runs import Run, get_run
from segcore.runs.weight_files import load_weights
from segcore.statistics import logit_offsets


def inherit(
    network: keras.Model,
    parent: Run,
    recipe: Recipe,
    joined: Sequence[Prepared],
    pixels: np.ndarray,
) -> None:
    """Puts the best weights of another run into the network that `recipe` trains on `joined` data.

    From a run on other data all but the classifiers': where a class never occurred, they hold it
    for so unlikely (1e-9) that the loss falls fastest by features near 0, from which little is
    learnt any more (docs/experiments.md). From one on the same data with another logit adjustment
    the classifiers' biases change by the difference, so that the loss begins where it was.

    Args:
        pixels: (34,) pixels of each class in their training splits.

    Raises:
        RunError: the run's weights are damaged or of another network.
    """
    classifiers = [layer for layer in network.layers if layer.name.endswith("classifier")]
    fresh = [layer.get_weights() for layer in classifiers]
    load_weights(network, parent)
    datasets = [parent.dataset, *(entry["dataset"] for entry in parent.joined)]
    if datasets != [prepared.dataset for prepared in joined]:
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
