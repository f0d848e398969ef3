"""Where errors lie: along the boundaries or inside regions, and in regions of which size.

Counts of each image first, made in the evaluator's one pass; shares after. A region is a set of
truth pixels of one class that touch, corners included: two people side by side are one.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from segcore.files.array_files import ArrayOf
from segcore.labels import CITYSCAPES, IDS, LabelSpace
from segcore.labels.metrics import count_ids, interior, valid_pixels
from segcore.labels.regions import connected_regions

SIZE_STARTS = (1, 64, 256, 1024, 4096)
"""Smallest area in pixels of each size bucket, at the truth's own resolution."""

SIZE_NAMES = ("below 64", "64 to 255", "256 to 1023", "1024 to 4095", "4096 or more")

SMALL_CLASSES = tuple(IDS[name] for name in ("pole", "traffic sign", "rider", "person"))
"""Cityscapes' classes of small things, whose recall depends most on the size of a region."""


ARRAYS = {
    "anatomy_bands": ArrayOf("count", ("N", 2, 2, "C"), optional=True),
    "anatomy_regions": ArrayOf("count", ("N", 4, "C", len(SIZE_NAMES)), optional=True),
}
"""As a stored evaluation keeps them."""


def away_from_boundaries(truth: np.ndarray, d: int) -> np.ndarray:
    """(H, W) bool: no other label within d pixels, diagonals included.

    Unlike in Boundary IoU the image's edge is no boundary: nothing is hard to tell apart there.
    """
    inside: np.ndarray = interior(np.pad(truth, d, mode="edge"), d)[d:-d, d:-d]
    return inside


def band_counts(truth: np.ndarray, prediction: np.ndarray, d: int, space: LabelSpace) -> np.ndarray:
    """Valid pixels and errors near a boundary of the truth and inside regions, by true class.

    Args:
        truth, prediction: (H, W) uint8 label ids.
        d: how many pixels from another label still are near; see `metrics.boundary_width`.

    Returns:
        (2, 2, C) int64: [near, inside], [pixels, errors], class.
    """
    valid = valid_pixels(truth, space)
    wrong = valid & (truth != prediction)
    inside = away_from_boundaries(truth, d)
    return np.stack(
        [
            np.stack([count_ids(truth[pixels & band], space) for pixels in (valid, wrong)])
            for band in (~inside, inside)
        ]
    )


def region_counts(truth: np.ndarray, prediction: np.ndarray, space: LabelSpace) -> np.ndarray:
    """The truth's regions by class and size, and what was found of them.

    Args:
        truth, prediction: (H, W) uint8 label ids.

    Returns:
        (4, C, 5) int64: regions, regions of which half or more is labelled right, their pixels,
        pixels labelled right; by class and by `SIZE_STARTS`. Classes not evaluated are all 0.
    """
    regions = connected_regions(truth).ravel()
    pixels = np.bincount(regions)
    right = np.bincount(regions[(truth == prediction).ravel()], minlength=len(pixels))
    label = np.zeros(len(pixels), np.uint8)
    label[regions] = truth.ravel()
    counted = (pixels > 0) & valid_pixels(label, space)
    where = label[counted], _bucket(pixels[counted])
    counts = np.zeros((4, space.num_classes, len(SIZE_STARTS)), np.int64)
    for row, values in enumerate((pixels > 0, 2 * right >= pixels, pixels, right)):
        np.add.at(counts[row], where, values[counted])
    return counts


def region_bucket(truth: np.ndarray) -> np.ndarray:
    """(H, W) intp: the size bucket of the region that each pixel belongs to."""
    regions = connected_regions(truth)
    buckets: np.ndarray = _bucket(np.bincount(regions.ravel()))[regions]
    return buckets


def _bucket(pixels: np.ndarray) -> np.ndarray:
    return np.searchsorted(SIZE_STARTS, pixels, side="right") - 1


@dataclass(frozen=True)
class ErrorShares:
    """Near is close to a boundary of the truth. None where nothing is there to share."""

    pixels_near: float | None
    errors_near: float | None
    error_rate_near: float | None
    error_rate_inside: float | None


@dataclass(frozen=True)
class RegionRecall:
    """Recall of the regions of one class and size.

    Attributes:
        size: in words.
        found: regions of which half or more is labelled right.
        recall: of their pixels; None where there is no region.
    """

    size: str
    regions: int
    found: int
    recall: float | None


@dataclass(frozen=True, eq=False)
class Anatomy:
    """The counts of a split's N images."""

    bands: np.ndarray  # (N, 2, 2, 34) int64, as `band_counts`
    regions: np.ndarray  # (N, 4, 34, 5) int64, as `region_counts`

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Self | None:
        """From a stored evaluation; None for one from before these were counted."""
        if not arrays.keys() >= ARRAYS.keys():
            return None
        return cls(arrays["anatomy_bands"], arrays["anatomy_regions"])

    def to_arrays(self) -> dict[str, np.ndarray]:
        return {"anatomy_bands": self.bands, "anatomy_regions": self.regions}

    def region_recall(self, label: int) -> list[RegionRecall]:
        """The recall of a class in each bucket of region sizes."""
        regions, found, pixels, right = self.regions.sum(axis=0)[:, label]
        return [
            RegionRecall(
                name, int(regions[size]), int(found[size]), _share(right[size], pixels[size])
            )
            for size, name in enumerate(SIZE_NAMES)
        ]

    @property
    def shares(self) -> ErrorShares:
        """Shares of the pixels and errors near boundaries and inside regions."""
        (near, near_wrong), (inside, inside_wrong) = self.bands.sum(axis=(0, 3))
        return ErrorShares(
            pixels_near=_share(near, near + inside),
            errors_near=_share(near_wrong, near_wrong + inside_wrong),
            error_rate_near=_share(near_wrong, near),
            error_rate_inside=_share(inside_wrong, inside),
        )

    def with_more(self, classes: int) -> "Anatomy":
        """The same of a space that has so many classes more, which nothing is of."""
        bands = np.pad(self.bands, ((0, 0), (0, 0), (0, 0), (0, classes)))
        return Anatomy(bands, np.pad(self.regions, ((0, 0), (0, 0), (0, classes), (0, 0))))

    def report(self) -> dict[str, Any]:
        """The shares as JSON types."""
        return asdict(self.shares)


def small_classes(space: LabelSpace, anatomy: Anatomy | None) -> tuple[int, ...]:
    """Ids of the classes of small things: of Cityscapes those above, else of the smallest regions.

    Args:
        anatomy: of the split; without one there are none to tell in a space of somebody's own.
    """
    if space.has_classes_of(CITYSCAPES):
        return SMALL_CLASSES
    if anatomy is None:
        return ()
    regions, _, pixels, _ = anatomy.regions.sum(axis=(0, 3))
    there = [id_ for id_ in space.evaluated_ids if regions[id_]]
    return tuple(sorted(there, key=lambda id_: pixels[id_] / regions[id_])[: len(SMALL_CLASSES)])


def _share(part: np.integer[Any], whole: np.integer[Any]) -> float | None:
    return float(part / whole) if whole else None
