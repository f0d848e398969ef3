"""The widespread 256x256 version of Cityscapes: JPEGs with the image left, the mask right.

The mask is drawn in Cityscapes' colours, which JPEG blurs; each pixel becomes the label whose
colour is nearest.
"""

from pathlib import Path

import numpy as np

from segcore.data.sources.base import FolderSource, Item, Sample, read_image, visible_files
from segcore.data.sources.problems import Problem, SampleError
from segcore.images.resizing import Size
from segcore.labels import CITYSCAPES

# Several labels share a colour or lie equally near: the lowest evaluated id wins, and among
# labels that are not evaluated the lowest. `argmin` takes the first, so the order is the rule.
_CANDIDATES = sorted(CITYSCAPES.labels, key=lambda label: (not label.is_scored, label.id))
_CANDIDATE_IDS = np.array([label.id for label in _CANDIDATES], np.uint8)
_CANDIDATE_COLORS = np.array([label.color for label in _CANDIDATES], np.float32)


BLURRED = 15
"""How far from the colour of its label JPEG may move a mask's pixel, where no edge is near."""


def nearest_labels(colors: np.ndarray) -> np.ndarray:
    """(..., 3) uint8 RGB -> (...) uint8 ids of the label with the nearest colour (Euclidean)."""
    ids: np.ndarray = _CANDIDATE_IDS[_relative_distances(colors).argmin(-1)]
    return ids


def is_mask(colors: np.ndarray) -> bool:
    """Whether most pixels of (H, W, 3) uint8 RGB have the colour of a label.

    A fifth of a mask's pixels are further than `BLURRED` from one at most (CamVid at 256x256 by
    JPEG's quality 30), of a photograph two thirds at least.
    """
    return _share_off_labels(colors) < 0.5


def is_drawn(image: np.ndarray) -> bool:
    """Whether (H, W, 3) uint8 RGB is certainly a mask where an image should be.

    A dark or foggy street is none, though much of it has the black of what has no label, and up to
    three quarters of the rest a grey that some label has.
    """
    lit = image[image.max(-1) > 2 * BLURRED]
    return 2 * len(lit) > image[..., 0].size and _share_off_labels(lit) < 0.2


def _share_off_labels(colors: np.ndarray) -> float:
    """Share of the pixels (..., 3) uint8 RGB that are further than `BLURRED` from every label's
    colour."""
    squares = (colors.astype(np.float32) ** 2).sum(-1)
    distance = _relative_distances(colors).min(-1) + squares
    return float((distance > BLURRED**2).mean())


def _relative_distances(colors: np.ndarray) -> np.ndarray:
    """(..., 3) uint8 -> (..., 34) float32 |c - p|^2 of each label's colour p, less |c|^2, which is
    the same for all. All terms are integers below 2^24, so float32 is exact."""
    distances: np.ndarray = (_CANDIDATE_COLORS**2).sum(1) - 2 * colors.astype(
        np.float32
    ) @ _CANDIDATE_COLORS.T
    return distances


class PairsSource(FolderSource):
    name = "pairs"
    layout = "DIR/train/*.jpg and DIR/val/*.jpg of 512x256, image left and coloured mask right"
    default_size: Size = (256, 256)

    @classmethod
    def recognises(cls, directory: Path) -> bool:
        return any(visible_files(directory / split, ".jpg", ".jpeg") for split in ("train", "val"))

    def sequence(self, key: str, path: Path) -> str:
        return self.name

    def files(self, split: str) -> tuple[dict[str, Path], dict[str, Path]]:
        paths = visible_files(self.directory / split, ".jpg", ".jpeg")
        files = {path.stem: path for path in paths}
        return files, files

    def read(self, item: Item) -> Sample:
        image, colors = self._halves(item)
        return Sample(item.key, item.sequence, image, nearest_labels(colors))

    def read_mask(self, item: Item) -> np.ndarray:
        return nearest_labels(self._halves(item)[1])

    def _halves(self, item: Item) -> tuple[np.ndarray, np.ndarray]:
        """The image and its coloured mask, (H, H, 3) uint8 each."""
        if item.image is None:
            raise SampleError(Problem.NO_IMAGE, f"{item.key} has no file.")
        picture = read_image(item.image)
        height, width, _ = picture.shape
        if width != 2 * height:
            raise SampleError(
                Problem.SIZE_MISMATCH,
                f"{item.image} is {width}x{height} pixels, not an image and a mask of the same "
                "square size side by side (512x256): replace it or remove it.",
            )
        image, colors = picture[:, :height].copy(), picture[:, height:]
        if not is_mask(colors):
            what = (
                "its left half is the mask and its right half the image: swap them"
                if is_mask(image)
                else "its right half is no mask in Cityscapes' colours: replace it or remove it"
            )
            raise SampleError(Problem.NO_CLASSES, f"{item.image}: {what}.")
        if is_drawn(image):
            what = "both of its halves are masks: the left one should be the image"
            raise SampleError(Problem.NO_CLASSES, f"{item.image}: {what}.")
        return image, colors
