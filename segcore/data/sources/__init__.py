"""Where samples come from: `open_source("camvid:DIR")`."""

import re
from pathlib import Path

from segcore.data.sources.base import FolderSource, Item, Sample, Source, has_masks, reachable
from segcore.data.sources.camvid import CamvidSource
from segcore.data.sources.cityscapes import CityscapesSource
from segcore.data.sources.first_look import DoubtfulDataError, FirstLook, first_look
from segcore.data.sources.folders import FoldersSource
from segcore.data.sources.health import Finding, HealthReport
from segcore.data.sources.pairs import PairsSource
from segcore.data.sources.problems import Problem, SampleError
from segcore.errors import DataError
from segcore.errors.plain import path_of, path_text

__all__ = [
    "DATA_SETS",
    "DoubtfulDataError",
    "Finding",
    "FirstLook",
    "HealthReport",
    "Item",
    "Problem",
    "Sample",
    "SampleError",
    "Source",
    "first_look",
    "has_masks",
    "listed_specs",
    "open_source",
    "opened",
    "recognise",
    "split_specs",
]

# Asked in this order when a directory has another layout than named: pairs comes last, because
# it is the least particular.
FOLDER_SOURCES: dict[str, type[FolderSource]] = {
    source.name: source for source in (CityscapesSource, CamvidSource, FoldersSource, PairsSource)
}

DATA_SETS = ("streets", *FOLDER_SOURCES)

SPEC_FORMS = ("streets", *(f"{name}:DIR" for name in FOLDER_SOURCES))
"""How each is named on the command line."""


def opened(data: str | Source) -> Source:
    """The source of a spec, or the source itself. Raises DataError as `open_source`."""
    return open_source(data) if isinstance(data, str) else data


def open_source(spec: str) -> Source:
    """The source of a data spec, one of `SPEC_FORMS` with a directory in the place of DIR.

    Raises DataError on a spec of another form, a directory that is missing or empty, and one that
    has another layout than named.
    """
    kind, separator, path = spec.partition(":")
    if spec == "streets":
        # Rendering needs more than reading files does: loaded where it is wanted.
        from segcore.data.sources.streets import StreetsSource

        return StreetsSource()
    if kind not in FOLDER_SOURCES or not separator or not path:
        raise DataError(
            f"Unknown data spec {spec!r}: use {', '.join(SPEC_FORMS[:-1])} or {SPEC_FORMS[-1]}."
        )
    directory = _expanded(path_of(path))
    with reachable(directory):
        _check_directory(kind, directory)
    source = FOLDER_SOURCES[kind](directory)
    if not source.splits:
        raise DataError(f"{directory} holds no images: expected {source.layout}.")
    return source


def split_specs(specs: str) -> list[str]:
    """The data specs of several data sets that `+` joins, `camvid:DIR+streets`.

    A `+` inside a directory's name joins nothing: only one before a data set's name does.
    """
    names = "|".join(DATA_SETS)
    return re.split(rf"\+(?=(?:{names})(?:[:+]|$))", specs)


def listed_specs(text: str) -> list[str]:
    """The data specs of a text such as `SEGCORE_DATA`, separated by spaces.

    A new one begins only where a name and a colon stand, so that a folder may have spaces in it.
    """
    parts = re.split(r"\s+(?=[a-z]+:)", path_text(text))
    return [spec for part in parts if (spec := part.strip())]


def recognise(directory: Path) -> str:
    """The data spec of a directory whose layout is found out by looking, at it and one level down.

    Raises:
        DataError: no such directory, or none of the known layouts, in one line that names them.
    """
    directory = _expanded(directory).absolute()
    with reachable(directory):
        if not directory.is_dir():
            problem = "is a file, not a directory" if directory.exists() else "does not exist"
            raise DataError(f"{directory} {problem}: give the folder of a data set.")
        children = [child for child in sorted(directory.iterdir()) if child.is_dir()]
        for folder in (directory, *children):
            for name, source in FOLDER_SOURCES.items():
                if source.recognises(folder):
                    return f"{name}:{path_text(folder)}"
    layouts = "; ".join(f"{name} {source.layout}" for name, source in FOLDER_SOURCES.items())
    raise DataError(f"{directory} has none of the layouts that are known: {layouts}.")


def _expanded(directory: Path) -> Path:
    try:
        return directory.expanduser()
    except RuntimeError as error:
        raise DataError(f"{directory}: no such user; give the whole path.") from error


def _check_directory(kind: str, directory: Path) -> None:
    if not directory.is_dir():
        problem = "is a file, not a directory" if directory.exists() else "does not exist"
        raise DataError(f"{directory} {problem}: give the folder that holds {kind}.")
    children = sorted(directory.iterdir())
    if not children:
        raise DataError(f"{directory} is empty: put the {kind} files there.")
    if FOLDER_SOURCES[kind].recognises(directory):
        return
    hint = _layout_hint(directory) or next(
        (hint for child in children if child.is_dir() and (hint := _layout_hint(child))), ""
    )
    hint = hint or f"expected {FOLDER_SOURCES[kind].layout}."
    raise DataError(f"{directory} does not have the layout of {kind}: {hint}")


def _layout_hint(directory: Path) -> str:
    for name, source in FOLDER_SOURCES.items():
        if source.recognises(directory):
            return f"{directory} looks like {name}, use {name}:{directory}"
    return ""
