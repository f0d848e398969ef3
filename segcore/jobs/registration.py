"""Data sets that an admin registered, and removing what was prepared of one."""

from collections.abc import Sequence
from pathlib import Path

from segcore import settings
from segcore.data import preparation
from segcore.data.sources import DoubtfulDataError, first_look, open_source, recognise
from segcore.data.sources.folder_corrections import CorrectedClass, keep_corrections
from segcore.data.sources.folders import FoldersSource
from segcore.errors import DataError
from segcore.files.writing import locked, to_json, write_atomically
from segcore.jobs.admission import ADMISSIONS, Admission
from segcore.runs import data_sets
from segcore.runs.data_sets import registered


def register(
    directory: str, admission: Admission | None, name: str = "", *, confirmed: bool = False
) -> str:
    """Finds out by looking which layout a directory has, and offers it from then on.

    Args:
        name: what it is to be called; its folder's name where that is empty.
        confirmed: the admin has seen what is doubtful about it.

    Returns:
        Its spec, such as `camvid:/data/camvid`.

    Raises:
        AdmissionError: the pass does not hold.
        DataError: no such directory, no layout that is known, a layout without images, or a name
            that another data set has.
        DoubtfulDataError: its masks seem to mean something else; `confirmed` registers it.
    """
    ADMISSIONS.check(admission)
    source = open_source(recognise(Path(directory)))
    look = first_look(source)
    if look is not None and look.doubts and not confirmed:
        raise DoubtfulDataError(look, "It is not registered yet.")
    if name:
        data_sets.rename(source.spec, name)
    with locked(settings.artifacts_dir()):
        write_atomically(
            settings.datasets_path(), to_json(list(dict.fromkeys([*registered(), source.spec])))
        )
    return source.spec


def forget(spec: str, admission: Admission | None) -> None:
    """Takes a data set off the list; its files and its prepared arrays stay.

    Raises:
        AdmissionError: the pass does not hold.
    """
    ADMISSIONS.check(admission)
    with locked(settings.artifacts_dir()):
        rest = [known for known in registered() if known != spec]
        write_atomically(settings.datasets_path(), to_json(rest))


def rename(spec: str, name: str, admission: Admission | None) -> None:
    """Gives a data set another name; runs, scores and champions are of what it is, and stay.

    Raises:
        AdmissionError: the pass does not hold.
        DataError: it cannot be a name, or another data set has it.
    """
    ADMISSIONS.check(admission)
    data_sets.rename(spec, name)


def correct_classes(
    spec: str, classes: Sequence[CorrectedClass], admission: Admission | None
) -> None:
    """Has a folder's classes be called, shown and scored otherwise, without touching the folder.

    Raises:
        AdmissionError: the pass does not hold.
        DataError: its classes are not its own, or cannot be so.
    """
    ADMISSIONS.check(admission)
    source = open_source(spec)
    if not isinstance(source, FoldersSource):
        raise DataError(f"{spec}: its classes are those of its layout")
    keep_corrections(source.spec, source.classes_found.space, classes)


def remove_prepared(spec: str, admission: Admission | None) -> None:
    """Removes the prepared arrays of a data set; they are made again when they are needed.

    Raises:
        AdmissionError: the pass does not hold.
        StorageError: they cannot be removed.
    """
    ADMISSIONS.check(admission)
    preparation.remove_prepared(spec)
