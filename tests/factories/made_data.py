"""Made images and masks for tests."""

from pathlib import Path

import numpy as np
from PIL import Image

from segcore.data.preparation.digests import split_digest


def write_picture(path: Path, array: np.ndarray, **options: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path, **options)
    return path


def noise(seed: int, height: int, width: int) -> np.ndarray:
    """(H, W, 3) uint8."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def id_mask(seed: int, height: int, width: int, ids: list[int]) -> np.ndarray:
    """(H, W) uint8, blocks of 4x4 pixels of the given ids."""
    blocks = np.random.default_rng(seed).choice(ids, (height // 4, width // 4))
    return blocks.repeat(4, axis=0).repeat(4, axis=1).astype(np.uint8)


def write_camvid(root: Path) -> Path:
    """Six train and three val frames of 32x24 of two films; masks of CamVid's ids."""
    for split, frames in (("train", 6), ("val", 3)):
        for frame in range(frames):
            name = f"film{frame % 2}_{frame:03}.png"
            write_picture(root / split / name, noise(frame, 24, 32))
            write_picture(root / f"{split}annot" / name, id_mask(frame, 24, 32, list(range(12))))
    return root


def val_digest(folder: Path) -> str:
    """What the data set in CamVid's layout is, by content."""
    return split_digest(f"camvid:{folder}", "val")


def slug(folder: Path) -> str:
    """Its name in an address, where it has its folder's."""
    return f"{folder.name}-{val_digest(folder)[:8]}"
