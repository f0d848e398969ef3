"""Where two predictions of one image agree, and who is right where they do not."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from segcore.labels import NO_LABEL, LabelSpace
from segcore.labels.metrics import valid_pixels

BOTH_RIGHT, ONLY_A, ONLY_B, BOTH_WRONG, NOT_SCORED = range(5)
"""Values of an outcome map. Not scored are pixels whose true class is not."""


@dataclass(frozen=True)
class Confusion:
    """A pair of labels that two predictions give to the same pixels; `share` is of the image."""

    label_a: str
    label_b: str
    share: float


def outcome_map(truth: np.ndarray, a: np.ndarray, b: np.ndarray, space: LabelSpace) -> np.ndarray:
    """Masks (H, W) uint8 -> (H, W) uint8: who labels the pixel as the truth does."""
    right_a, right_b = a == truth, b == truth
    outcomes = np.where(
        right_a, np.where(right_b, BOTH_RIGHT, ONLY_A), np.where(right_b, ONLY_B, BOTH_WRONG)
    )
    return np.where(valid_pixels(truth, space), outcomes, NOT_SCORED).astype(np.uint8)


def right_map(truth: np.ndarray, mask: np.ndarray, space: LabelSpace) -> np.ndarray:
    """Masks (H, W) uint8 -> (H, W) uint8: 0 where one labels the pixel as the truth does, 1 where
    it does not, 2 where its true class is not scored."""
    return np.where(valid_pixels(truth, space), mask != truth, 2).astype(np.uint8)


def outcome_counts(outcomes: np.ndarray) -> np.ndarray:
    """(H, W) outcome map -> (4,) int64 scored pixels: both right, only A, only B, both wrong."""
    counts: np.ndarray = np.bincount(outcomes.ravel(), minlength=NOT_SCORED + 1)[:NOT_SCORED]
    return counts


def disagreement(a: np.ndarray, b: np.ndarray) -> float:
    """Share of the pixels to which two masks (H, W) give different labels."""
    return float((a != b).mean())


def largest_confusion(a: np.ndarray, b: np.ndarray, space: LabelSpace) -> Confusion | None:
    """What the two masks differ on most, or None where they are the same."""
    size = space.num_classes
    differ = a != b
    pairs = a[differ].astype(np.intp) * size + b[differ]
    counts = np.bincount(pairs, minlength=size**2)
    if not counts.any():
        return None
    label_a, label_b = divmod(int(counts.argmax()), size)
    return Confusion(space.names[label_a], space.names[label_b], float(counts.max() / a.size))


def label_shares(mask: np.ndarray) -> np.ndarray:
    """(H, W) label ids -> (255,) float64 share of the pixels that each id has."""
    counts = np.array(Image.fromarray(mask).histogram())  # np.bincount needs 8 bytes a pixel
    shares: np.ndarray = counts[:NO_LABEL] / mask.size
    return shares
