"""What a split is drawn from: films, cities or towns; or, of one film, blocks of its frames.

Frames of one film are alike, so they say less than as many single images would. What was drawn by
chance is the film.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

FEWEST = 6
"""Groups that a verdict takes: of five, all favour the same one of two equally good models with a
chance of 2 / 2^5 = 6 %, so that no difference between five would be rare enough."""

SHORTEST_BLOCK = 5
"""Frames of a block, at least."""

Kind = Literal["sequence", "block"]


@dataclass(frozen=True, eq=False)
class Groups:
    """Which of `count` groups each of N images belongs to."""

    kind: Kind
    of_image: np.ndarray  # (N,) intp, 0 to count - 1; blocks of a film are numbered in its order
    count: int

    @classmethod
    def of(cls, keys: Sequence[str], sequences: Sequence[str]) -> "Groups":
        """Sequences where there are several; of one that is long enough, `FEWEST` blocks.

        Args:
            keys: names of the images, whose order within a film is that of their numbers.
            sequences: the film or city of each.
        """
        names, of_image = np.unique(list(sequences), return_inverse=True)
        if len(names) > 1 or len(keys) < FEWEST * SHORTEST_BLOCK:
            return cls("sequence", of_image, len(names))
        of_image = np.empty(len(keys), np.intp)
        of_image[sorted(range(len(keys)), key=lambda image: _by_number(keys[image]))] = (
            np.arange(len(keys)) * FEWEST // len(keys)
        )
        return cls("block", of_image, FEWEST)


def _by_number(key: str) -> list[tuple[int, str]]:
    """Sorts `frame_2` before `frame_10`."""
    return [(int(part) if part.isdecimal() else -1, part) for part in re.split(r"(\d+)", key)]
