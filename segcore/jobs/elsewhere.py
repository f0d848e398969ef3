"""Models from elsewhere that an admin takes in; the files lie on the server."""

from collections.abc import Sequence

from segcore.errors.plain import path_of
from segcore.images.resizing import Size
from segcore.jobs.admission import ADMISSIONS, Admission
from segcore.prediction import elsewhere
from segcore.runs import Run, added_masks


def add_masks(folder: str, spec: str, split: str, name: str, admission: Admission | None) -> Run:
    """As `added_masks.add_masks`. Raises AdmissionError where the pass does not hold."""
    ADMISSIONS.check(admission)
    return added_masks.add_masks(path_of(folder), spec, split, name)


def add_onnx(
    path: str,
    classes: str,
    size: Size,
    mean: Sequence[float],
    std: Sequence[float],
    admission: Admission | None,
) -> Run:
    """As `elsewhere.add_onnx`. Raises AdmissionError where the pass does not hold."""
    ADMISSIONS.check(admission)
    return elsewhere.add_onnx(path_of(path), classes, size, mean, std)
