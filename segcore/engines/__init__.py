"""What runs a network: engines behind one interface. None of them is loaded before it is asked for.

Keras is the reference: what a score is computed with. A checkpoint that was converted to OpenVINO
(`segcore.conversion`) is served on the processor without TensorFlow or Keras being imported.
"""

from typing import Protocol

import numpy as np

Shape = tuple[int, ...]

MAX_SHAPES = 16
"""Input shapes that an engine keeps a built network for."""


class Engine(Protocol):
    """Runs one network; not to be called by two threads at a time."""

    @property
    def title(self) -> str:
        """Its name, as a page shows it."""

    @property
    def device(self) -> str:
        """Where it runs, in words."""

    def warm_up(self, shape: Shape) -> None:
        """Builds the network for batches of that shape (B, h, w, 3), where it is not built yet."""

    def probabilities(self, batch: np.ndarray) -> np.ndarray:
        """(B, h, w, 3) uint8 -> (B, h, w, 34) float32, which the caller may keep."""
