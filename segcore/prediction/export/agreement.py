"""Whether an exported network says what Keras says."""

from dataclasses import dataclass

import numpy as np

from segcore.data.sources.streets import render_scene
from segcore.images.preprocessing import Preprocessing
from segcore.prediction.conversion import BOUND, SAME_LABELS, SCENE
from segcore.prediction.engines import Engine
from segcore.prediction.export.formats import LABELS, PROBABILITIES, RunNetwork


@dataclass(frozen=True)
class Agreement:
    """How well an exported network agrees with Keras, on the image where they agree least.

    Attributes:
        images: how many were tried.
        same_labels: share of the pixels with the same label.
        close: share of the pixels whose probabilities are all within the bound; None where
            probabilities are not exported.
    """

    images: int
    same_labels: float
    close: float | None

    @property
    def holds(self) -> bool:
        shares = [self.same_labels] if self.close is None else [self.same_labels, self.close]
        return min(shares) >= SAME_LABELS

    def __str__(self) -> str:
        said = f"{self.same_labels:.2%} of the pixels get the label that Keras gives"
        if self.close is not None:
            said += f", {self.close:.2%} have probabilities within {BOUND} of its own"
        return f"{said} (the worst of {self.images} images; {SAME_LABELS:.1%} is asked)"


def agreement(run: RunNetwork, reference: Engine, preprocessing: Preprocessing) -> Agreement:
    """Compares both on rendered streets, in two shapes where the network takes any."""
    same, close = [], []
    for image in _images(preprocessing):
        height, width = image.shape[:2]
        expected = reference.run(preprocessing.pad(image)[None])[:, :height, :width]
        found = run(image[None])
        labels = found[LABELS] if LABELS in found else found[PROBABILITIES].argmax(axis=-1)
        same.append(float(np.mean(labels == expected.labels)))
        if PROBABILITIES in found:
            # A number that is none (NaN) is not within any bound.
            differences = np.abs(found[PROBABILITIES] - expected.probabilities)
            close.append(float(np.mean((differences <= BOUND).all(axis=-1))))
    return Agreement(len(same), min(same), min(close, default=None))


def _images(preprocessing: Preprocessing) -> list[np.ndarray]:
    """(H, W, 3) uint8 of the size that the network is fed, before it is padded."""
    height, width = preprocessing.size
    upright = (width, height) if preprocessing.mode == "fit" else (height, width)
    sizes = [(height, width), (height, width), upright]
    return [render_scene(SCENE + number, size)[0] for number, size in enumerate(sizes)]
