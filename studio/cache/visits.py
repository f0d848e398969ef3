"""What belongs to one visit, and is gone with it."""

from collections.abc import Callable
from typing import Any, TypeVar

from segcore.images import Photo
from segcore.images.decoder import Decoder
from studio.visits.memory import STORE, visit

Kept = TypeVar("Kept")


def open_private(key: str, data: bytes, entry: int | None, decoder: Decoder) -> Photo:
    """A visitor's own image, known by `key`, gone with the visit.

    Args:
        entry: its number in the ZIP file that `data` is.

    Raises:
        ImageError: it cannot be opened.
        BusyError: not now.
    """
    return STORE.keep(visit(), "photo", key, lambda: decoder.photo(data, entry=entry), most=3)


def kept(name: str, key: str) -> Any | None:
    """What `keep` has kept for the key; None where there is nothing, or nothing any more."""
    return STORE.get(visit(), name, key)


def keep(name: str, key: str, make: Callable[[], Kept], most: int = 2) -> Kept:
    """What `make` returns for the key, made once and kept for the visit; the last `most` of a name.

    For work that shows its progress, which a cached function cannot.
    """
    return STORE.keep(visit(), name, key, make, most)
