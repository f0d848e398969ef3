"""One kind of mistake: how much of it is in each image, and on which pixels."""

from dataclasses import dataclass

import numpy as np

from segcore.evaluation import Evaluation
from segcore.evaluation.error_breakdown import SIZE_NAMES, region_bucket
from segcore.labels import LabelSpace
from segcore.labels.metrics import valid_pixels

ASKED, FALSELY_CALLED = 1, 2
"""Values of `Mistake.pixels`."""


@dataclass(frozen=True)
class Mistake:
    """What to look for, in the terms of a confusion matrix.

    Attributes:
        truth: label id of the truth.
        predicted: label ids that it was called; those of the truth alone ask for what is right.
            None asks for every mistake of the class, its false alarms among them.
        size: of the truth's regions, an index of `anatomy.SIZE_NAMES`; only missed pixels then.
    """

    truth: int
    predicted: tuple[int, ...] | None = None
    size: int | None = None

    def title(self, space: LabelSpace) -> str:
        """In words, with the names of the label space."""
        name = space.names[self.truth]
        if self.size is not None:
            return f"{name} in regions of {SIZE_NAMES[self.size]} pixels, missed"
        if self.predicted is None:
            return f"{name}: missed, or seen where there is none"
        called = space.names[self.predicted[0]] if len(self.predicted) == 1 else "any other class"
        return f"{name} called {called}"

    def per_image(self, evaluation: Evaluation) -> np.ndarray:
        """(N,) int64 pixels in each image, from the stored counts.

        Raises ValueError where a size is asked for and the evaluation has not counted regions.
        """
        matrices, truth = evaluation.matrices, self.truth
        if self.size is not None:
            if evaluation.anatomy is None:
                raise ValueError(f"{evaluation.run}: regions were not counted; evaluate again")
            _, _, pixels, right = np.moveaxis(evaluation.anatomy.regions, 1, 0)
            missed: np.ndarray = (pixels - right)[:, truth, self.size]
            return missed
        if self.predicted is None:
            rows, columns = matrices[:, truth].sum(axis=1), matrices[:, :, truth].sum(axis=1)
            both: np.ndarray = rows + columns - 2 * matrices[:, truth, truth]
            return both
        called: np.ndarray = matrices[:, truth, list(self.predicted)].sum(axis=1)
        return called

    def pixels(self, truth: np.ndarray, labels: np.ndarray, space: LabelSpace) -> np.ndarray:
        """Where it happens, of a truth and a prediction, each (H, W) uint8 label ids.

        Returns:
            (H, W) uint8: ASKED, FALSELY_CALLED (another class called `truth`), else 0.
        """
        is_truth = truth == self.truth
        if self.size is not None:
            asked = is_truth & (labels != truth) & (region_bucket(truth) == self.size)
        elif self.predicted is not None:
            asked = is_truth & np.isin(labels, self.predicted)
        else:
            asked = is_truth & (labels != truth)
        found = asked.astype(np.uint8) * ASKED
        if self.predicted is None and self.size is None:
            false = valid_pixels(truth, space) & ~is_truth & (labels == self.truth)
            found[false] = FALSELY_CALLED
        return found


def worst_first(mistake: Mistake, evaluation: Evaluation) -> list[tuple[str, int]]:
    """Key and pixels of the images where it happens, the most pixels first."""
    pixels = mistake.per_image(evaluation)
    order = np.argsort(-pixels, kind="stable")
    return [(evaluation.keys[index], int(pixels[index])) for index in order if pixels[index]]
