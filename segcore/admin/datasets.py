"""Data sets that an admin registered, and removing what was prepared of one."""

import json
from pathlib import Path

from segcore import preparation, settings
from segcore.errors import DataError
from segcore.files import locked, to_json, write_atomically
from segcore.jobs.admission import ADMISSIONS, Admission
from segcore.sources import DoubtfulDataError, first_look, open_source, recognise


def registered() -> list[str]:
    """Specs of the registered data sets, oldest first."""
    try:
        return [str(spec) for spec in json.loads(settings.datasets_path().read_bytes())]
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise DataError(
            f"{settings.datasets_path()}: cannot be read ({error}); delete it and register again"
        ) from error


def register(directory: str, admission: Admission | None, *, confirmed: bool = False) -> str:
    """Finds out by looking which layout a directory has, and offers it from then on.

    Args:
        confirmed: whoever registers it has seen what is doubtful about it.

    Returns:
        Its spec, such as `camvid:/data/camvid`.

    Raises:
        AdmissionError: the pass does not hold.
        DataError: no such directory, no layout that is known, or a layout without images.
        DoubtfulDataError: its masks seem to mean something else; `confirmed` registers it.
    """
    ADMISSIONS.check(admission)
    source = open_source(recognise(Path(directory)))
    look = first_look(source)
    if look is not None and look.doubts and not confirmed:
        raise DoubtfulDataError(look, "It is not registered yet.")
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


def remove_prepared(spec: str, admission: Admission | None) -> None:
    """Removes the prepared arrays of a data set; they are made again when they are needed.

    Raises:
        AdmissionError: the pass does not hold.
        StorageError: they cannot be removed.
    """
    ADMISSIONS.check(admission)
    preparation.remove_prepared(spec)
