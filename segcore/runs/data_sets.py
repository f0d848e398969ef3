"""The data sets that there are: what each is (by content), where it lies, and how it is called.

A data set is its pixels and labels: its identity is the digest of its val split. Its name is a
person's: given on the admin page or by `data rename`, otherwise that of its folder. The list holds
the built-in one, those of `SEGCORE_DATA`, the registered ones, and those that runs were trained on.
"""

import functools
import os
import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePath

from segcore import settings
from segcore.data.known_data_sets import STREETS, known_data, known_layout
from segcore.data.preparation.digests import identifying_split, known_digest, split_digest
from segcore.data.sources import DATA_SETS, Source, listed_specs, open_source
from segcore.errors import DataError, SegcoreError, UnreadableError
from segcore.errors.plain import path_text
from segcore.files.reading import Plain, Spec, read_json
from segcore.files.writing import locked, to_json, write_atomically
from segcore.runs import Run, identities, list_runs
from segcore.runs.data import UNREAD, val_digest

NAME_LENGTH = 40
SLUG_DIGITS = 8


@dataclass(frozen=True)
class DataSet:
    """A data set that can be chosen.

    Attributes:
        spec: what opens it on this machine.
        name: unique among those listed; shown everywhere.
        identity: `streets`, or the digest of its val split (of the first split, where it has no
            val); None until its images have been read.
        digest: of its val split; None where it has none, or it was not read yet.
        problem: why it cannot be opened on this machine; it names folders of the server.
    """

    spec: str
    name: str
    identity: str | None
    digest: str | None
    problem: str | None = None

    @property
    def layout(self) -> str:
        return self.spec.partition(":")[0]

    @property
    def argument(self) -> str:
        """What names it to a command, as a shell reads it, without its place."""
        return STREETS if self.spec == STREETS else shlex.quote(self.name)

    @property
    def slug(self) -> str:
        """Its name in an address: readable, with the beginning of its identity at the end."""
        if self.spec == STREETS:
            return STREETS
        if self.identity is None or self.identity.startswith(UNREAD):
            return slug_of(self.name)
        return f"{slug_of(self.name)}-{self.identity[:SLUG_DIGITS]}"


Opener = Callable[[str], Source]


def data_sets(
    runs: Iterable[Run] | None = None,
    *,
    open_: Opener = open_source,
    known: Mapping[str, str] | None = None,
) -> list[DataSet]:
    """Every data set, the built-in one first.

    Args:
        runs: whose data are listed too; by default all.
        open_: for a caller that remembers what it opened.
        known: identity of each run's data by the run's name, for one that has asked.
    """
    listed = list_runs() if runs is None else list(runs)
    by_name = identities(listed) if known is None else known

    def identity(run: Run) -> str:
        return by_name[run.name]

    # A network from elsewhere was trained on data that nobody knows.
    trained = [run for run in reversed(listed) if not run.is_imported and run.kind != "onnx"]
    asked = [STREETS, *listed_specs(os.environ.get("SEGCORE_DATA", "")), *_registered_or_none()]
    opened = functools.cache(functools.partial(_opened, open_=open_))
    placed: dict[str, DataSet] = {}
    for spec in asked:
        found = opened(spec)
        placed.setdefault(found.spec, found)
    for spec in dict.fromkeys(run.spec for run in trained):
        found = opened(spec)
        if found.problem is None:
            placed.setdefault(found.spec, found)
    last = {run.spec: identity(run) for run in trained}
    for spec, found in placed.items():
        if found.problem is not None and spec in last:  # what it was when it was here
            placed[spec] = replace(found, identity=last[spec], digest=val_digest(last[spec]))
    return _named([*placed.values(), *_elsewhere(trained, placed, identity, opened)])


def _opened(spec: str, open_: Opener) -> DataSet:
    try:
        source = open_(spec)
        split = identifying_split(source)
        digest = known_digest(source, split)
    except SegcoreError as error:
        return DataSet(path_text(spec), "", None, None, str(error))
    identity = STREETS if source.spec == STREETS else digest
    return DataSet(source.spec, "", identity, digest if split == "val" else None)


def _elsewhere(
    trained: list[Run],
    placed: dict[str, DataSet],
    identity: Callable[[Run], str],
    opened: Callable[[str], DataSet],
) -> list[DataSet]:
    """What runs were trained on and is not on this machine."""
    known = {data_set.identity for data_set in placed.values()}
    found: dict[str, DataSet] = {}
    for run in trained:
        of_run = identity(run)
        if of_run in known or run.spec in placed or of_run in found:
            continue
        there = opened(run.spec)
        if there.problem is None and (
            of_run.startswith(UNREAD) or placed[there.spec].identity is None
        ):
            continue  # it is here, or what is here has not been read yet
        problem = there.problem or f"{run.spec} holds other images than {run.name} was trained on."
        found[of_run] = DataSet(run.spec, "", of_run, val_digest(of_run), problem)
    return list(found.values())


def _named(found: list[DataSet]) -> list[DataSet]:
    """Gives the data sets distinct names: given by people, of known data sets, then folders'."""
    given = given_names()
    first = [place for place, one in enumerate(found) if one.spec in given]
    second = [place for place, one in enumerate(found) if _known_title(one.identity)]
    names: dict[int, str] = {}
    for place in dict.fromkeys([*first, *second, *range(len(found))]):
        one = found[place]
        wanted = name = given.get(one.spec) or default_name(one.spec, one.identity)
        number = 1
        while name.casefold() in {other.casefold() for other in names.values()}:
            number += 1
            name = f"{wanted} ({number})"
        names[place] = name
    return [replace(one, name=names[place]) for place, one in enumerate(found)]


def _known_title(identity: str | None) -> str | None:
    known = known_data(identity)
    return None if known is None else known.title


def default_name(spec: str, identity: str | None) -> str:
    """The name of a data set that nobody has named: its own if it is a known one, or its folder's.

    `camvid:/data/toys` -> toys; a layout without a folder, of an imported log, -> Cityscapes.
    """
    title = _known_title(identity)
    if title is not None:
        return title
    layout, _, folder = spec.partition(":")
    if folder:
        return PurePath(folder).name or folder
    named = known_layout(layout)
    return named.title if named is not None else layout.capitalize()


def name_among(sets: Iterable[DataSet], spec: str, identity: str | None = None) -> str:
    """The name of the data of that identity or val digest, or else at that place; listed or not."""
    found = list(sets)
    if identity is not None and not identity.startswith(UNREAD):
        for one in found:
            if identity in (one.identity, one.digest):
                return one.name
        return default_name(spec, identity)
    return next((one.name for one in found if one.spec == spec), default_name(spec, None))


def read_identity(spec: str) -> str:
    """The identity of the data at a spec; its images are read where they were not yet.

    Raises DataError, StorageError.
    """
    source = open_source(spec)
    split = identifying_split(source)
    return STREETS if source.spec == STREETS else split_digest(source.spec, split)


def short_name(spec: str) -> str:
    """The name as a part of a run's: `unet-camvid-...`."""
    if spec == STREETS:
        return STREETS
    sets = data_sets()
    return slug_of(next((one.name for one in sets if one.spec == spec), default_name(spec, None)))


def find(text: str, among: Iterable[DataSet] | None = None) -> DataSet:
    """The data set that a person means: by its name, its spec, its address, or its layout.

    Raises:
        DataError: there is none, or a layout that several have; with the names that there are.
    """
    found = list(data_sets() if among is None else among)
    matches = matching(text, found)
    if len(matches) == 1:
        return matches[0]
    names = ", ".join(one.name for one in (matches or found))
    problem = "several data sets are of that kind" if matches else "there is no such data set"
    raise DataError(f"{text}: {problem}; name one of: {names}")


def matching(text: str, found: list[DataSet]) -> list[DataSet]:
    """Those that a person may mean: one by its name, its spec or its address, or all of a layout.

    A bare layout, as addresses had it once, means the known data set in it where that is listed.
    """
    ways: tuple[Callable[[DataSet], bool], ...] = (
        lambda one: one.name.casefold() == text.casefold(),
        lambda one: one.spec == text,
        lambda one: one.slug == text,
        lambda one: one.identity is not None and one.identity == text,
    )
    for is_meant in ways:
        if matches := [one for one in found if is_meant(one)]:
            return matches[:1]
    if text not in DATA_SETS:
        return []
    alike = [one for one in found if one.layout == text]
    known = known_layout(text)  # what a bare layout meant before there were names
    return [one for one in alike if known and one.identity == known.val][:1] or alike


# --- names ---------------------------------------------------------------------------------------


def given_names() -> dict[str, str]:
    """Spec -> the name that a person gave it; none where the file is damaged."""
    try:
        names = read_json(settings.data_names_path(), dict[Spec, Plain])
        return {str(spec): str(name) for spec, name in names.items()}
    except UnreadableError:
        return {}


def rename(spec: str, name: str) -> None:
    """Gives a data set a name, from now on and everywhere.

    Raises:
        DataError: the name is empty, too long, taken, or would be read as a path.
    """
    name = " ".join(name.split())
    if not name or len(name) > NAME_LENGTH or not name.isprintable() or set(name) & set(":/\\+"):
        raise DataError(
            f"{name!r} cannot be a name: give 1 to {NAME_LENGTH} characters without : / \\ or +"
        )
    with locked(settings.artifacts_dir()):
        others = [one.name for one in data_sets() if one.spec != spec]
        if name.casefold() in {other.casefold() for other in others}:
            raise DataError(f"{name}: another data set has that name; choose another")
        write_atomically(settings.data_names_path(), to_json({**given_names(), spec: name}))


def slug_of(name: str) -> str:
    """The name as a part of an address, a file's name or a run's: `My Drive` -> my-drive."""
    return re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-") or "data"


# --- the registered ones -------------------------------------------------------------------------


def registered() -> list[str]:
    """Specs of the data sets that an admin registered, oldest first. Raises DataError."""
    path = settings.datasets_path()
    if not path.exists():
        return []
    try:
        return list(read_json(path, list[Spec]))
    except UnreadableError as error:
        raise DataError(f"{path}: cannot be read: {error}; delete it and register again") from error


def _registered_or_none() -> list[str]:
    try:
        return registered()
    except DataError:
        return []  # the admin page says what is wrong
