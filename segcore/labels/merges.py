"""Data sets whose classes stand for several labels: CamVid's "sign" is signs and traffic lights."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Merges:
    """The classes of a data set that are coarser than its label space.

    Attributes:
        policy: name of the scores that are computed by these classes, such as `camvid-11`.
        members: the label id that a class has in the data set's masks -> all ids it stands for,
            its own among them.
    """

    policy: str
    members: Mapping[int, tuple[int, ...]]

    def table(self) -> np.ndarray:
        """(256,) uint8: label id -> id of the class that it belongs to; others stay as they are."""
        table = np.arange(256, dtype=np.uint8)
        for class_, ids in self.members.items():
            table[list(ids)] = class_
        return table


def merged(labels: np.ndarray, merges: Merges | None) -> np.ndarray:
    """Predicted label ids (...) uint8 as the classes of a data set, which is how it is scored."""
    if merges is None:
        return labels
    classes: np.ndarray = merges.table()[labels]
    return classes
