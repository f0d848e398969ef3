"""What runs a network: engines behind one interface. None of them is loaded before it is asked for.

Keras is the reference: what a score is computed with. A checkpoint that was converted to OpenVINO
(`segcore.prediction.conversion`) is served on the processor without importing TensorFlow or Keras.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from segcore.prediction.engines.by_shape import Shape


@dataclass(frozen=True, eq=False)
class Output:
    """What a network says of images (B, h, w, 3), or of one of them, without B.

    Attributes:
        probabilities: (B, h, w, C) float32.
        labels: (B, h, w) uint8, the class of the highest of them.
        confidence: (B, h, w) float32, the highest of them.
    """

    probabilities: np.ndarray
    labels: np.ndarray
    confidence: np.ndarray

    @classmethod
    def of(cls, probabilities: np.ndarray) -> "Output":
        best = probabilities.argmax(axis=-1)
        # Faster than a maximum.
        peaks = np.take_along_axis(probabilities, best[..., None], axis=-1)[..., 0]
        return cls(probabilities, best.astype(np.uint8), peaks)

    def __getitem__(self, index: Any) -> "Output":
        """The same part of all three."""
        return Output(self.probabilities[index], self.labels[index], self.confidence[index])


class Engine(Protocol):
    """Runs one network. `run` is for one thread at a time; `warm_up` may be called beside it."""

    @property
    def title(self) -> str:
        """Its name, as a page shows it."""

    @property
    def device(self) -> str:
        """Where it runs, in words."""

    def warm_up(self, shape: Shape) -> None:
        """Builds the network for batches of that shape (B, h, w, 3), where it is not built yet."""

    def run(self, batch: np.ndarray) -> Output:
        """Runs images (B, h, w, 3) uint8; the caller may keep the output."""
