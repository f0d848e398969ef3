"""What a split holds: class counts, imbalance, co-occurrence, places and sizes of a class."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Self

import numpy as np

from segcore.files.array_files import ArrayOf, Limits, read_arrays
from segcore.labels import LabelSpace
from segcore.labels.regions import connected_regions

LOCATION_GRID = (16, 32)
"""Rows and columns of the map of where a class lives."""

REGION_BINS = 27
"""Bin k counts the regions of 2**k to 2**(k+1) - 1 pixels; 2**26 is the largest image taken."""

COARSE_PIXELS = 512 * 256
"""Places and regions are looked at on about as many pixels: on every k-th each way of a mask that
has more. Class counts are of every pixel."""


LIMITS = Limits(file_bytes=1 << 30, array_bytes=2 << 30, rows=(0, 1 << 22))
"""Limits of a file of counts: 4 million images, none of which may have a mask."""


def stored_arrays(classes: int | str = "classes") -> dict[str, ArrayOf]:
    """What a file of counts holds, of that many classes where they are known."""
    return {
        "counts": ArrayOf("count", ("images", classes)),
        "no_label": ArrayOf("count", ("images",)),
        "location": ArrayOf("number", (classes, *LOCATION_GRID)),
        "regions": ArrayOf("count", (classes, REGION_BINS)),
    }


@dataclass(frozen=True)
class MaskCounts:
    """The counts of one mask at its native resolution, of the C classes of a label space.

    A region is a set of pixels of one class that touch, corners included. On a large mask those
    smaller than the distance of the pixels looked at can be missed.
    """

    pixels: np.ndarray  # (C,) int64
    no_label: int  # pixels of value 255
    location: np.ndarray  # (C, 16, 32) float32, share of each grid cell that is the class
    regions: np.ndarray  # (C, REGION_BINS) int64, regions by the logarithm of their pixels


def count_mask(mask: np.ndarray, space: LabelSpace) -> MaskCounts:
    """Counts a (H, W) uint8 mask of label ids."""
    classes = space.num_classes
    histogram = _histogram(mask)
    step = max(1, round((mask.size / COARSE_PIXELS) ** 0.5))
    coarse = np.ascontiguousarray(mask[::step, ::step])
    return MaskCounts(
        pixels=histogram[:classes],
        no_label=int(histogram[classes:].sum()),
        location=_location(coarse, classes),
        regions=_regions(coarse, step * step)[:classes],
    )


def _histogram(mask: np.ndarray) -> np.ndarray:
    """(256,) int64, pixels of each value."""
    starts, lengths = _runs(mask)
    counted = np.bincount(mask.ravel()[starts], weights=lengths, minlength=256)
    return counted.astype(np.int64)


def _runs(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each run of equal values starts along the rows, and its length.

    Runs are far fewer than pixels: what is done to them alone costs next to nothing.
    """
    flat = values.ravel()
    starts = np.append(0, np.flatnonzero(flat[1:] != flat[:-1]) + 1)
    return starts, np.diff(starts, append=flat.size)


def _location(mask: np.ndarray, classes: int) -> np.ndarray:
    rows, columns = LOCATION_GRID
    bins = classes + 1  # one for all that is no class
    cells = _first_bins(mask.shape, bins)
    known = np.minimum(mask, classes)
    histogram = np.bincount((cells + known).ravel(), minlength=rows * columns * bins)
    histogram = histogram.reshape(rows * columns, bins)
    # A mask smaller than the grid leaves cells without pixels.
    share = histogram[:, :classes] / np.maximum(histogram.sum(1, keepdims=True), 1)
    return share.T.reshape(classes, rows, columns).astype(np.float32)


@lru_cache(maxsize=8)
def _first_bins(shape: tuple[int, int], bins: int) -> np.ndarray:
    """(H, W) int64: for each pixel the first of the bins of the grid cell that it is in."""
    rows, columns = LOCATION_GRID
    row = np.arange(shape[0]) * rows // shape[0]
    column = np.arange(shape[1]) * columns // shape[1]
    return (row[:, None] * columns + column) * bins


def _regions(mask: np.ndarray, pixel_area: int) -> np.ndarray:
    components = connected_regions(mask)
    starts, lengths = _runs(components)
    component = components.ravel()[starts]
    area = np.bincount(component, weights=lengths).astype(np.int64) * pixel_area
    label = np.zeros(len(area), np.uint8)
    label[component] = mask.ravel()[starts]
    bins = np.zeros((256, REGION_BINS), np.int64)
    exists = area > 0
    size = np.minimum(np.log2(area[exists]).astype(np.int64), REGION_BINS - 1)
    np.add.at(bins, (label[exists], size), 1)
    return bins


def no_counts(classes: int) -> MaskCounts:
    """The counts of a sample without a mask."""
    return MaskCounts(
        pixels=np.zeros(classes, np.int64),
        no_label=0,
        location=np.zeros((classes, *LOCATION_GRID), np.float32),
        regions=np.zeros((classes, REGION_BINS), np.int64),
    )


@dataclass(frozen=True)
class SplitStatistics:
    """The counts of a split's masks at their native resolution; all zero without masks."""

    counts: np.ndarray  # (N, C) int64, pixels of each class in each image
    no_label: np.ndarray  # (N,) int64, pixels of value 255
    location: np.ndarray  # (C, 16, 32) float64, mean share of each grid cell that is the class
    regions: np.ndarray  # (C, REGION_BINS) int64, as in MaskCounts, over all images

    @classmethod
    def of(cls, counted: Iterable[MaskCounts]) -> Self:
        """Adds up the counts of single masks, of one at least."""
        first, *others = counted
        sum_ = RunningCounts(len(first.pixels))
        for mask in (first, *others):
            sum_.add(mask)
        return cls(**sum_.arrays())

    def arrays(self) -> dict[str, np.ndarray]:
        """What a file of counts holds."""
        return {name: getattr(self, name) for name in stored_arrays()}

    @property
    def images(self) -> int:
        return len(self.counts)

    @cached_property
    def pixels(self) -> np.ndarray:
        """(C,) int64, pixels of each class."""
        total: np.ndarray = self.counts.sum(axis=0)
        return total

    @cached_property
    def images_with(self) -> np.ndarray:
        """(C,) int64, images that hold the class."""
        holding: np.ndarray = (self.counts > 0).sum(axis=0)
        return holding

    @property
    def image_share(self) -> np.ndarray:
        """(C,) float64, share of the images that hold the class."""
        share: np.ndarray = self.images_with / max(self.images, 1)
        return share

    @cached_property
    def cooccurrence(self) -> np.ndarray:
        """(C, C) int64, images that hold both classes; the diagonal is `images_with`."""
        present = (self.counts > 0).astype(np.float64)  # whole numbers have no BLAS
        together: np.ndarray = (present.T @ present).astype(np.int64)
        return together

    def report(self, space: LabelSpace) -> dict[str, Any]:
        """The figures of the split, ready for JSON; shares are of all labelled pixels."""
        share, holding = pixel_share(self.pixels), self.image_share
        return {
            "images": self.images,
            "no_label_pixels": int(self.no_label.sum()),
            "imbalance_ratio": imbalance_ratio(self.pixels, space),
            "classes": {
                name: {
                    "pixels": int(self.pixels[id_]),
                    "pixel_share": float(share[id_]),
                    "images": int(self.images_with[id_]),
                    "image_share": float(holding[id_]),
                }
                for id_, name in enumerate(space.names)
            },
        }

    def save(self, path: Path) -> None:
        """Writes the arrays as one compressed .npz."""
        np.savez_compressed(path, allow_pickle=False, **self.arrays())

    @classmethod
    def load(cls, path: Path) -> Self:
        """Raises UnreadableError."""
        return cls(**read_arrays(path, stored_arrays(), LIMITS))


class RunningCounts:
    """The counts of masks, added up one at a time: of an image a row stays, not its maps."""

    def __init__(self, classes: int, begun: SplitStatistics | None = None) -> None:
        """Goes on from what is `begun`."""
        self._pixels: list[np.ndarray] = [] if begun is None else list(begun.counts)
        self._no_label: list[int] = [] if begun is None else begun.no_label.tolist()
        self._location = np.zeros((classes, *LOCATION_GRID))  # summed over the images
        self._regions = np.zeros((classes, REGION_BINS), np.int64)
        if begun is not None:
            self._location += begun.location * len(begun.counts)
            self._regions += begun.regions

    def add(self, mask: MaskCounts) -> None:
        self._pixels.append(mask.pixels.copy())  # a part of a longer array
        self._no_label.append(mask.no_label)
        self._location += mask.location
        self._regions += mask.regions

    def arrays(self) -> dict[str, np.ndarray]:
        """What `SplitStatistics` are made of; of one mask at least."""
        return {
            "counts": np.stack(self._pixels),
            "no_label": np.array(self._no_label, np.int64),
            "location": self._location / len(self._pixels),
            "regions": self._regions.copy(),
        }


def pixel_share(pixels: np.ndarray) -> np.ndarray:
    """(C,) pixel counts -> (C,) float64 shares that add up to 1 (all 0 without pixels)."""
    return pixels / max(int(pixels.sum()), 1)


def imbalance_ratio(pixels: np.ndarray, space: LabelSpace) -> float | None:
    """Pixels of the commonest class over those of the rarest of the
    evaluated ones that occurs.

    None where fewer than two classes occur: there is nothing to be out of balance.
    """
    present = pixels[list(space.evaluated_ids)]
    present = present[present > 0]
    return float(present.max() / present.min()) if len(present) > 1 else None


def effective_number(pixels: np.ndarray, space: LabelSpace) -> float:
    """How many equally common classes would be as diverse: exp of the entropy of the shares.

    From 1 (one class has all pixels) to the number of classes; the Hill number of order 1 (Hill,
    "Diversity and evenness", Ecology 1973). 0 where no evaluated class occurs.
    """
    share = pixel_share(pixels[list(space.evaluated_ids)])
    share = share[share > 0]
    return float(np.exp(-(share * np.log(share)).sum())) if len(share) else 0.0


def js_divergence(pixels_a: np.ndarray, pixels_b: np.ndarray) -> float:
    """Jensen-Shannon divergence of two splits' pixel shares in bits: 0 same, 1 disjoint.

    Lin, "Divergence measures based on the Shannon entropy", IEEE Trans. Inf. Theory 1991.
    """
    share_a, share_b = pixel_share(pixels_a), pixel_share(pixels_b)
    middle = (share_a + share_b) / 2

    def relative_entropy(share: np.ndarray) -> float:
        held = share > 0
        return float((share[held] * np.log2(share[held] / middle[held])).sum())

    divergence = (relative_entropy(share_a) + relative_entropy(share_b)) / 2
    return max(0.0, divergence)  # rounding can leave -1e-17


def class_weights(pixels: np.ndarray, balance: float, space: LabelSpace) -> np.ndarray | None:
    """Weight of each class in a loss: its pixel share to the power of -balance.

    Classes that are not scored have theirs by the same rule: else the scored ones, whose weights
    are mostly below 1, would be predicted too rarely beside them.

    Args:
        pixels: (C,) of each class that is learnt.

    Returns:
        (C,) float32 with mean 1 over the pixels of the scored classes, 1 for a class that is
        absent. None for a balance of 0, where all weigh the same.
    """
    if not balance:
        return None
    weights = np.ones(space.num_classes, np.float32)
    ids, share = _shares(pixels, space)
    scored = share[space.is_evaluated[ids]]
    if scored.size:
        weights[ids] = share**-balance / (scored ** (1 - balance)).sum()
    return weights


def logit_offsets(pixels: np.ndarray, adjustment: float, space: LabelSpace) -> np.ndarray:
    """What a loss adds to each class's logit: -adjustment log(pixel share) (Menon et al.,
    "Long-tail learning via logit adjustment", ICLR 2021, equation 10, where shares are added).

    Args:
        pixels: (C,) of each class that is learnt.

    Returns:
        (C,) float32; 0 for a class that is absent.
    """
    offsets = np.zeros(space.num_classes, np.float32)
    ids, share = _shares(pixels, space)
    offsets[ids] = -adjustment * np.log(share)
    return offsets


def _shares(pixels: np.ndarray, space: LabelSpace) -> tuple[np.ndarray, np.ndarray]:
    """The classes that occur, and their pixels as shares of those of the scored ones."""
    ids = np.flatnonzero(pixels)
    return ids, pixels[ids] / max(pixels[list(space.evaluated_ids)].sum(), 1)
