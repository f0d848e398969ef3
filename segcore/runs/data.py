"""Which data a run is of, by content: the identity of a data set is the digest of its val split.

That is the split that runs are scored, compared and promoted on. The built-in data set, which is
the same everywhere, is known by its name.
"""

import functools
import hashlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress

from segcore.data.known_data_sets import STREETS, known_layout
from segcore.data.preparation.digests import known_digest
from segcore.data.sources import DATA_SETS, open_source
from segcore.errors import DataError, UnreadableError
from segcore.files.reading import read_json
from segcore.runs.records import StoredReport
from segcore.runs.run import Run

UNREAD = "unread:"
"""What the identity of data begins with that nobody has read: they are known by their place."""


def identity_of(run: Run) -> str:
    """The identity of the data that the run was trained on.

    Runs of before it was recorded tell it by their own scores, or by the folder that they name if
    that has been read; else it is `unread:` and a digest of that folder's name.
    """
    return identities([run])[run.name]


def identities(runs: Iterable[Run]) -> dict[str, str]:
    """Name of each run -> the identity of its data; each folder of data is opened once."""
    digest_at = functools.cache(_read_in_place)
    return {run.name: _identity(run, digest_at) for run in runs}


def _identity(run: Run, digest_at: Callable[[str], str | None]) -> str:
    if run.spec == STREETS:
        return STREETS
    known = recorded_digests(run).get("val") or _scored_on(run, run.dataset) or digest_at(run.spec)
    return known or UNREAD + hashlib.sha256(run.spec.encode()).hexdigest()[:16]


def val_digest(identity: str | None) -> str | None:
    """The digest of the val split of the data of that identity, where it is known."""
    if identity == STREETS:
        return known_digest(open_source(STREETS), "val")
    return None if identity is None or identity.startswith(UNREAD) else identity


def recorded_digests(run: Run) -> Mapping[str, str]:
    """Split -> digest of what it was trained and validated on, as run.json has it."""
    return run.listing.digests


def seat_identity(run: Run, data: str) -> str | None:
    """What `data` means where this run was shipped or promoted: an identity, or a layout's name.

    Registries and shipped runs of before named data sets by their layouts; and data that were
    unread then may have been read since.
    """
    if data.startswith(UNREAD):
        return identity_of(run)
    if data == STREETS or data not in DATA_SETS:
        return data
    found = _scored_on(run, data) or (identity_of(run) if run.dataset == data else None)
    known = known_layout(data)
    return found or (known.val if known is not None else None)


def _scored_on(run: Run, dataset: str) -> str | None:
    """The data of that layout on which its folder holds scores.

    Scores that are named by the layout alone are from before a run could have several; a shipped
    run's folder holds those on its own data only.
    """
    paths = [run.path / f"evaluation-{dataset}-val.json"]
    if run.is_shipped:
        paths += sorted(run.path.glob(f"evaluation-{dataset}-val-*.json"))
    for path in paths:
        with suppress(UnreadableError):
            return read_json(path, StoredReport).data_sha256
    return None


def _read_in_place(spec: str) -> str | None:
    """The digest of the val split there, if it is there and has been read."""
    with suppress(DataError):
        source = open_source(spec)
        if "val" in source.splits:
            return known_digest(source, "val")
    return None
