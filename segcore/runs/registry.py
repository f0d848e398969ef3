"""The registry of champions: who serves which data set, and every promotion before.

A seat is MODEL/DATA, where DATA is the identity of a data set (`segcore.runs.data`), or `photos`:
who labels the photos of visitors, which an admin says and no data set decides. Entries of before
name the data set by its layout; each is read as what its run was scored on.
"""

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import msgspec

from segcore import settings
from segcore.data.known_data_sets import STREETS
from segcore.errors import RunError, UnreadableError
from segcore.errors.plain import plain
from segcore.files.reading import MAX_JSON_BYTES, Day, Plain, parse_json, read_bytes, typed
from segcore.files.writing import locked, to_json, write_atomically
from segcore.models import model_families
from segcore.runs.data import identity_of, seat_identity
from segcore.runs.index import list_runs
from segcore.runs.run import Run, get_run, now
from segcore.runs.verified_files import verified_weights

PHOTOS = "photos"
"""The data of the seats of those who label visitors' photos."""


UNDONE = "rolled_back"
"""Key of the registry for what was taken back; every other is a seat."""


class Promotion(msgspec.Struct, frozen=True):
    """One that stands."""

    run: Plain
    at: Day
    by: Plain


class UndonePromotion(Promotion, frozen=True):
    """One that was taken back; `seat` is MODEL/DATA."""

    seat: Plain
    rolled_back_at: Day
    rolled_back_by: Plain


@dataclass(frozen=True)
class Registry:
    """registry.json as it was read.

    Attributes:
        standing: seat as it is written there -> its promotions, oldest first.
        undone: every promotion that was taken back, oldest first.
        written: the file's own content, in which a change is made, so that what this version does
            not know of stays in it.
    """

    standing: dict[str, list[Promotion]] = field(default_factory=dict)
    undone: list[UndonePromotion] = field(default_factory=list)
    written: dict[str, Any] = field(default_factory=dict)


def champions(data: str) -> dict[str, Run]:
    """Model family -> its champion on the data set of that identity, where there is one."""
    found = {}
    for model in model_families():
        run = champion(model, data)
        if run is not None:
            found[model] = run
    return found


def champion(model: str, data: str) -> Run | None:
    """The promoted run; without a promotion the shipped one; else None.

    One checkpoint may serve several data sets: a shipped run lists them in `shipped_champion`.
    Where the registry cannot be read, no promotion counts.
    """
    for promotion in reversed(promotions(model, data)):
        with suppress(RunError):  # deleted or damaged since: the one before it stands
            return get_run(promotion.run)
    shipped = [run for run in list_runs() if run.model == model and shipped_seats(run)]
    for run in shipped:
        if data in shipped_seats(run):
            return run
    if data == PHOTOS:  # none says so: one that has seen photographs
        return next((run for run in shipped if shipped_seats(run) - {STREETS}), None)
    return None


def shipped_seats(run: Run) -> set[str | None]:
    """The identities of the data that it is shipped as champion of, and `PHOTOS`."""
    return {seat_identity(run, data) for data in run.listing.shipped_champion}


def promote(run: Run, data: str | None = None, by: str = "command line") -> None:
    """Makes the run the champion of its model on a data set, or of visitors' photos (`PHOTOS`).

    Args:
        data: the data set's identity; default: the one that the run was trained on.

    Raises:
        RunError: the run has no weights that can be trusted, so a visitor would see an error, or
            its model has no champions.
    """
    run.require_network("label photos as a champion")
    if run.model not in model_families():
        raise RunError(
            f"{run.name}: only {' and '.join(model_families())} have champions, not {run.model}; "
            "choose the run in the sidebar"
        )
    verified_weights(run)
    data = data or identity_of(run)
    with locked(settings.artifacts_dir()):
        written = _registry().written
        written.setdefault(f"{run.model}/{data}", []).append(
            {"run": run.name, "at": now(), "by": by}
        )
        write_atomically(settings.registry_path(), to_json(written))


def rollback(model: str, data: str, by: str = "command line") -> Run | None:
    """Takes the last promotion back and returns the champion from before it.

    Raises:
        RunError: there is no promotion to take back.
    """
    with locked(settings.artifacts_dir()):
        registry = _registry()
        standing = _standing(registry, model, data)
        if not standing:
            raise RunError(f"{model}: no promotion to roll back on this data set")
        seat, last = standing[-1]
        written = registry.written
        undone = {
            **written[seat].pop(registry.standing[seat].index(last)),
            "seat": f"{model}/{data}",
            "rolled_back_at": now(),
            "rolled_back_by": by,
        }
        written.setdefault(UNDONE, []).append(undone)
        write_atomically(settings.registry_path(), to_json(written))
    return champion(model, data)


def promotions(model: str, data: str) -> list[Promotion]:
    """Every standing promotion, oldest first; the last one is the champion."""
    return [promotion for _, promotion in _standing(_readable(), model, data)]


def seats() -> list[tuple[str, str]]:
    """(model, data) of every seat that a run was promoted to."""
    found = set()
    for seat, standing in _readable().standing.items():
        model, separator, data = seat.partition("/")
        identities = {_data_of(promotion, data) for promotion in standing} if separator else set()
        found |= {(model, identity) for identity in identities if identity is not None}
    return sorted(found)


def rolled_back() -> list[UndonePromotion]:
    """Every promotion that was taken back, oldest first."""
    return _readable().undone


def registry_problem() -> str | None:
    """Why no promotion counts, so that the shipped champions stand; None where all is well."""
    try:
        _registry()
    except RunError as error:
        return str(error)
    return None


def _standing(registry: Registry, model: str, data: str) -> list[tuple[str, Promotion]]:
    """(key of the registry, promotion) of a seat, oldest first: those under older names come first.

    In the order in which they were made, not by their times: a clock may have gone back.
    """
    own = f"{model}/{data}"
    older = [key for key in registry.standing if key.startswith(f"{model}/") and key != own]
    return [
        (key, promotion)
        for key in [*older, own]
        for promotion in registry.standing.get(key, [])
        if key == own or _data_of(promotion, key.partition("/")[2]) == data
    ]


def _data_of(promotion: Promotion, data: str) -> str | None:
    """The identity that a promotion under that name is for; None where nothing tells any more."""
    try:
        return seat_identity(get_run(promotion.run), data)
    except RunError:  # deleted or damaged since: such a promotion decides nothing
        return data


def _readable() -> Registry:
    """The registry; nothing of one that is damaged, so that lists and pages are shown without."""
    try:
        return _registry()
    except RunError:
        return Registry()


def _registry() -> Registry:
    """The file as it stands. Raises RunError."""
    path = settings.registry_path()
    if not path.exists():
        return Registry()
    try:
        written = typed(parse_json(read_bytes(path, MAX_JSON_BYTES)), dict[str, list[dict]])
        # The first version did not say of what seat one was.
        undone = [entry for entry in written.get(UNDONE, []) if "seat" in entry]
        if any(seat != plain(seat) for seat in written):
            raise UnreadableError("names a seat that no model and data set has")
        return Registry(
            {
                seat: typed(entries, list[Promotion])
                for seat, entries in written.items()
                if seat != UNDONE
            },
            typed(undone, list[UndonePromotion]),
            written,
        )
    except UnreadableError as error:
        raise RunError(
            f"{path}: cannot be read: {error}; delete it to go back to the shipped champions"
        ) from error
