"""A training that begins where another run ended."""

from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np

from segcore.data.counts import logit_offsets
from segcore.data.known_data_sets import STREETS
from segcore.data.preparation.digests import known_digest
from segcore.data.sources import open_source
from segcore.images.resizing import Size
from segcore.labels import LabelSpace
from segcore.models import build_model, spec_of
from segcore.recipes import Recipe
from segcore.runs import Run, manifest
from segcore.runs.weights import load_weights


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
        theirs = run.trained_on
        if len(theirs) != len(self.digests) or [*run.left_out] != [*self.left_out]:
            return False
        same_size = run.manifest.data.size == tuple(self.size)
        return all(
            digest == _digest_of(before)
            or (
                # From before digests were recorded: the same arrays hold the same pixels.
                _digest_of(before) is None and same_size and fingerprint == before.fingerprint
            )
            for before, digest, fingerprint in zip(
                theirs, self.digests, self.fingerprints, strict=True
            )
        )


def _digest_of(data: manifest.JoinedData | manifest.TrainedOn) -> str | None:
    """Digest of the training split, as run.json has it; the built-in one is the same everywhere."""
    if data.spec == STREETS:
        return known_digest(open_source(STREETS), "train")
    return data.digests.get("train")


def inherit(
    network: keras.Model,
    parent: Run,
    recipe: Recipe,
    data: TrainedOn,
    pixels: np.ndarray,
    space: LabelSpace,
) -> None:
    """Puts the best weights of another run into the network that `recipe` trains on `data`.

    From a run on other data or of other classes all but the classifiers': where a class never
    occurred, they hold it for so unlikely (1e-9) that the loss falls fastest by features near 0,
    from which little is learnt any more (docs/experiments.md). From one on the same data with
    another logit adjustment the classifiers' biases change by the difference, so that the loss
    begins where it was.

    Args:
        pixels: (C,) pixels of each class in the training splits of `data`.
        space: of the classes that `network` tells apart.

    Raises:
        RunError: the run's weights are damaged or of another network.
    """
    theirs = parent.label_space.num_classes
    if theirs != space.num_classes:
        _inherit_all_but_classifiers(network, parent, recipe, theirs)
        return
    classifiers = [layer for layer in network.layers if _is_classifier(layer)]
    fresh = [layer.get_weights() for layer in classifiers]
    load_weights(network, parent)
    if not (data.is_of(parent) and parent.label_space.has_classes_of(space)):
        for layer, weights in zip(classifiers, fresh, strict=True):
            layer.set_weights(weights)
        return
    before = logit_offsets(pixels, parent.manifest.logit_adjustment, space)
    change = before - logit_offsets(pixels, recipe.logit_adjustment, space)
    for layer in classifiers:
        layer.bias.assign(layer.bias + change)


def _is_classifier(layer: keras.Layer) -> bool:
    return str(layer.name).endswith("classifier")


def _inherit_all_but_classifiers(
    network: keras.Model, parent: Run, recipe: Recipe, num_classes: int
) -> None:
    """Copies from a run with another number of classes, by way of a network like its own.

    Raises RunError.
    """
    size = spec_of(recipe.model).fixed_size and network.input_shape[1:3]
    options = recipe.model_options
    twin = build_model(recipe.model, input_size=size or None, num_classes=num_classes, **options)
    load_weights(twin, parent)
    for layer, learnt in zip(network.layers, twin.layers, strict=True):
        if not _is_classifier(layer):
            layer.set_weights(learnt.get_weights())
