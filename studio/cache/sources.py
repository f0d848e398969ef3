"""Opened sources, which list their files once and are looked at again now and then.

Of a large data set that takes seconds: it is done in the background, and pages show what was found
before until it is done.
"""

import threading
import time

import streamlit as st

from segcore.data.sources import Source, open_source
from segcore.errors import SegcoreError

AGE = 30.0
"""Seconds between two looks at the files of a data set."""

QUICK = 0.25
"""Seconds that a page may take for a look; one that takes longer is taken in the background."""

SHARE = 0.02
"""Part of the time that is spent on looking, at most."""


class _Watched:
    """A source that is looked at again."""

    def __init__(self, spec: str) -> None:
        """Raises DataError."""
        self._spec = spec
        self._lock = threading.Lock()
        self._source: Source | None = None
        self._look()

    def source(self, *, at_once: bool = False) -> Source:
        """As it was found at the last look, which may be this one. Raises DataError."""
        found = self._source
        if found is None or ((self._is_due or at_once) and self._took <= QUICK):
            with self._lock:
                found = self._source
                if found is None or self._is_due or at_once:
                    found = self._look()
        elif self._is_due and self._lock.acquire(blocking=False):
            threading.Thread(target=self._look_behind, name="look at data", daemon=True).start()
        return found

    @property
    def _is_due(self) -> bool:
        return time.monotonic() >= self._next

    def _look(self) -> Source:
        begun, self._source = time.monotonic(), None
        found = self._source = open_source(self._spec)
        self._looked(begun)
        return found

    def _look_behind(self) -> None:
        """Looks at all that pages ask for, while they have what was found before."""
        begun = time.monotonic()
        try:
            source = open_source(self._spec)
            for split in source.splits:
                source.fingerprint(split)
            self._source = source
        except SegcoreError:
            self._source = None  # the next page looks itself, and says what is wrong
        finally:
            self._looked(begun)
            self._lock.release()

    def _looked(self, begun: float) -> None:
        now = time.monotonic()
        self._took = now - begun
        self._next = now + max(AGE, self._took / SHARE)


@st.cache_resource(max_entries=64, show_spinner=False)
def _watched(spec: str) -> _Watched:
    return _Watched(spec)


def source(spec: str) -> Source:
    """The opened source, which lists its files once. Raises DataError."""
    return _watched(spec).source()


def source_now(spec: str) -> Source:
    """As `source`, looked at again where that is quick. Raises DataError."""
    return _watched(spec).source(at_once=True)


def look_again() -> None:
    """Opens each source again, such as after its classes were corrected."""
    _watched.clear()
