"""The masks that a training kept of a few images after each epoch, as they are read."""

import warnings
from pathlib import Path

import numpy as np
from PIL import Image

from segcore.errors import UnreadableError
from segcore.runs.run import Run


def read_masks(run: Run, path: Path) -> dict[str, np.ndarray]:
    """Key -> (H, W) uint8 label ids, of one file of the run's `snapshots()`.

    Raises:
        UnreadableError: the file or the index is missing, or they do not belong together.
    """
    index = run.snapshot_index()
    if index is None:
        raise UnreadableError(f"{run.name}: snapshots/ has no index.json; restore it")
    try:
        with warnings.catch_warnings(), Image.open(path, formats=("PNG",)) as picture:
            warnings.simplefilter("error")  # an image that unpacks to far more
            if picture.size != (index.width, index.height * len(index.keys)):
                raise ValueError("has another size than its index says")
            if picture.mode not in ("L", "P"):
                raise ValueError("is no mask")
            stacked = np.asarray(picture)
    except (OSError, ValueError, SyntaxError, Warning, Image.DecompressionBombError) as error:
        raise UnreadableError(
            f"{run.name}: snapshots/{path.name} cannot be read ({error}); delete it"
        ) from error
    masks = stacked.reshape(len(index.keys), index.height, index.width)
    return dict(zip(index.keys, masks, strict=True))
