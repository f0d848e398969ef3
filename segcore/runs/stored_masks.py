"""The masks of a run that another program predicted, read image by image."""

import io
import zipfile
from collections.abc import Mapping

import numpy as np
from PIL import Image

from segcore.errors import RunError, UnreadableError
from segcore.images import UNREADABLE_ERRORS, encode_png
from segcore.runs.run import Run
from segcore.runs.verified_files import verified_weights
from segcore.runs.zip_files import open_zip

MOST = 100_000
"""Masks of a run."""


class StoredMasks:
    """Safe to share between threads.

    Raises:
        RunError: the file is missing or not the one that run.json names.
    """

    def __init__(self, run: Run) -> None:
        self._run, self._path = run, verified_weights(run)

    def labels(self, key: str) -> np.ndarray:
        """(H, W) uint8 label ids of an image. Raises RunError."""
        try:
            with open_zip(self._path, MOST) as archive, archive.open(_name(key)) as file:
                return np.asarray(Image.open(file, formats=("PNG",)))
        except (zipfile.BadZipFile, UnreadableError, *UNREADABLE_ERRORS) as error:
            raise RunError(
                f"{self._run.name}: has no readable mask of {key}; add it again"
            ) from error


def packed_masks(masks: Mapping[str, bytes], label_of: np.ndarray) -> bytes:
    """The file of a run's masks.

    Args:
        masks: key -> PNG of numbers, of our own making.
        label_of: (256,) uint8, the label id that each number means.
    """
    is_same = bool((label_of == np.arange(256)).all())
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for key, png in masks.items():
            if not is_same:
                png = encode_png(label_of[np.asarray(Image.open(io.BytesIO(png)))])
            archive.writestr(zipfile.ZipInfo(_name(key)), png)
    return buffer.getvalue()


def _name(key: str) -> str:
    return f"{key}.png"
