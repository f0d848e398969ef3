"""What belongs to one visit, and is gone with it."""

from collections.abc import Callable
from typing import TypeVar

import streamlit as st

from segcore.images import Photo
from segcore.images.decoder import Decoder

Kept = TypeVar("Kept")


def open_private(key: str, data: bytes, decoder: Decoder) -> Photo:
    """A visitor's own picture, known by `key`, gone with the visit. Raises ImageError."""
    return _open_private(key, data, decoder)


@st.cache_resource(max_entries=3, show_spinner=False, scope="session")
def _open_private(key: str, _data: bytes, _decoder: Decoder) -> Photo:
    return _decoder.photo(_data)


def unpack_private(key: str, data: bytes) -> tuple[tuple[str, bytes | str], ...]:
    """(name, bytes, or why it is left out) of each file in a visitor's ZIP. Raises ImageError."""
    return _unpack_private(key, data)


@st.cache_resource(max_entries=4, show_spinner=False, scope="session")
def _unpack_private(key: str, _data: bytes) -> tuple[tuple[str, bytes | str], ...]:
    with Decoder() as decoder:
        return tuple(decoder.archive(_data))


def keep(name: str, key: str, make: Callable[[], Kept], most: int = 2) -> Kept:
    """What `make` returns for the key, made once and kept for the visit; the last `most` of a name.

    For work that shows its progress, which a cached function cannot.
    """
    kept: dict[str, Kept] = st.session_state.setdefault(name, {})
    if key not in kept:
        made = make()
        kept[key] = made
        while len(kept) > most:
            del kept[next(iter(kept))]
    return kept[key]
