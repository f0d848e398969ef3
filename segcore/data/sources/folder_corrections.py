"""What an admin has corrected of the classes of somebody's own folder, kept apart from it.

Names and colours are how classes are shown. What is ignored has no label, and what is not scored
counts in no score: those two are a part of what the data set is (`FoldersSource.fingerprint`).
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

import msgspec

from segcore import settings
from segcore.errors import DataError, UnreadableError
from segcore.files.reading import Plain, Spec, read_json
from segcore.files.writing import locked, to_json, write_atomically
from segcore.labels import LabelSpace
from segcore.labels.space import LARGEST_ID, color_of


class CorrectedClass(msgspec.Struct, frozen=True):
    """A class as an admin wants it; `color` is such as `#804080`."""

    id: Annotated[int, msgspec.Meta(ge=0, le=LARGEST_ID)]
    name: Plain
    color: str
    scored: bool = True
    ignored: bool = False


Corrections = dict[Spec, list[CorrectedClass]]


def corrections_of(spec: str) -> list[CorrectedClass]:
    """The corrections of a data set; none where nothing was corrected. Raises DataError."""
    path = settings.class_corrections_path()
    if not path.exists():
        return []
    try:
        return read_json(path, Corrections).get(Spec(spec), [])
    except UnreadableError as error:
        raise DataError(f"{path} {error}; delete it and correct the classes again") from error


def keep_corrections(spec: str, space: LabelSpace, classes: Sequence[CorrectedClass]) -> None:
    """Has the classes be as corrected from now on; none of them takes all corrections back.

    Args:
        space: as it is without corrections.

    Raises:
        DataError: the classes cannot be used so.
    """
    corrected_space(space, classes)
    path = settings.class_corrections_path()
    with locked(settings.artifacts_dir()):
        known = read_json(path, Corrections) if path.exists() else {}
        others = {str(other): them for other, them in known.items() if other != spec}
        kept = {**others, spec: list(classes)} if classes else others
        write_atomically(path, to_json(msgspec.to_builtins(kept, enc_hook=str)))


def corrected_space(space: LabelSpace, classes: Sequence[CorrectedClass]) -> LabelSpace:
    """The space with the corrections, without what is ignored. Raises DataError."""
    if not classes:
        return space
    by_id = {corrected.id: corrected for corrected in classes}
    labels = []
    try:
        for label in space.labels:
            corrected = by_id.get(label.id)
            if corrected is None:
                labels.append(label)
            elif not corrected.ignored:
                labels.append(
                    replace(
                        label,
                        name=corrected.name,
                        color=color_of(corrected.color),
                        is_scored=corrected.scored,
                        is_void=label.is_void and not corrected.scored,
                    )
                )
        return LabelSpace.made(space.name, tuple(labels))
    except (UnreadableError, ValueError) as error:
        raise DataError(f"The classes cannot be corrected so: {error}.") from error


def ignored_ids(classes: Sequence[CorrectedClass]) -> list[int]:
    """The ids whose pixels have no label."""
    return sorted(one.id for one in classes if one.ignored)
