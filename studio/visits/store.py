"""What visitors' visits keep in memory: bounded for each visit and for all together.

Where memory is needed, the visit that holds most loses something: first what can be made again
(decoded photos, labels), then what cannot (files, results that were asked for), the longest unused
first. So someone with one photo keeps it however much others upload.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, TypeVar

import numpy as np

from segcore.errors import BusyError

Kept = TypeVar("Kept")
Key = tuple[str, Hashable]


@dataclass
class _Entry:
    value: Any
    size: int
    can_be_made_again: bool


class VisitStore:
    """Values by visit, name and key; safe to share between threads.

    Args:
        most_bytes: of all visits together.
        most_of_one: bytes of one visit that cannot be made again.
        most_made: of all visits together, that can be made again.
    """

    def __init__(self, most_bytes: int, most_of_one: int, most_made: int) -> None:
        self._most_bytes, self._most_of_one, self._most_made = most_bytes, most_of_one, most_made
        self._visits: dict[str, OrderedDict[Key, _Entry]] = {}  # the longest unused first
        self._lock = threading.Lock()

    def get(self, visit: str, name: str, key: Hashable) -> Any | None:
        """What is kept by that name and key; None where there is nothing."""
        with self._lock:
            entries = self._visits.get(visit, OrderedDict[Key, _Entry]())
            entry = entries.get((name, key))
            if entry is None:
                return None
            entries.move_to_end((name, key))
            return entry.value

    def holds(self, visit: str, name: str, key: Hashable) -> bool:
        """Whether something is kept by that name and key, or has room reserved."""
        with self._lock:
            return (name, key) in self._visits.get(visit, {})

    def put(self, visit: str, name: str, key: Hashable, value: Any) -> None:
        """Keeps what cannot be made again, in place of what is kept by that name and key.

        Raises:
            BusyError: the visit has too much already.
        """
        self._put(visit, (name, key), value, size_in_bytes(value), can_be_made_again=False)

    def reserve(self, visit: str, name: str, key: Hashable, size: int) -> None:
        """Makes room for what is on its way; `put` or `remove` follows. Raises as `put`."""
        self._put(visit, (name, key), None, size, can_be_made_again=False)

    def keep(
        self, visit: str, name: str, key: Hashable, make: Callable[[], Kept], most: int = 2
    ) -> Kept:
        """What `make` returns, made once as long as it is kept; the last `most` of a name."""
        found: Kept | None = self.get(visit, name, key)
        if found is None:
            found = make()
            self._put(visit, (name, key), found, size_in_bytes(found), can_be_made_again=True)
            with self._lock:
                own = self._visits.get(visit, OrderedDict[Key, _Entry]())
                for former in [one for one in own if one[0] == name][:-most]:
                    del own[former]
        return found

    def remove(self, visit: str, name: str, key: Hashable) -> None:
        with self._lock:
            if visit in self._visits:
                self._visits[visit].pop((name, key), None)

    def bytes_of(self, visit: str) -> int:
        """What the visit holds."""
        with self._lock:
            return self._size(visit)

    def keep_only(self, visits: Iterable[str]) -> list[str]:
        """Forgets all other visits; returns which those were."""
        living = set(visits)
        with self._lock:
            gone = [visit for visit in self._visits if visit not in living]
            for visit in gone:
                del self._visits[visit]
        return gone

    def _put(self, visit: str, key: Key, value: Any, size: int, can_be_made_again: bool) -> None:
        with self._lock:
            entries = self._visits.setdefault(visit, OrderedDict())
            entries.pop(key, None)
            if not can_be_made_again:
                held = sum(one.size for one in entries.values() if not one.can_be_made_again)
                if held + size > self._most_of_one:
                    most = self._most_of_one >> 20
                    raise BusyError(
                        f"Your visit already uses its limit of {most} MB: remove some of it first."
                    )
            entries[key] = _Entry(value, size, can_be_made_again)
            self._make_room((visit, key))

    def _make_room(self, newest: tuple[str, Key]) -> None:
        self._drop(self._most_made, newest, made_only=True)
        self._drop(self._most_bytes, newest)

    def _drop(self, most: int, newest: tuple[str, Key], made_only: bool = False) -> None:
        """Until all visits together have no more than `most`; of those that hold anything but the
        newest, the one that holds most is dropped."""

        def size(visit: str) -> int:
            return self._size(visit, made_only)

        total = sum(map(size, self._visits))
        while total > most:
            others = {
                visit: [
                    key
                    for key, entry in entries.items()
                    if (visit, key) != newest and (entry.can_be_made_again or not made_only)
                ]
                for visit, entries in self._visits.items()
            }
            holding = [visit for visit, keys in others.items() if keys]
            if not holding:
                return
            largest = max(holding, key=size)
            entries = self._visits[largest]
            following = min(others[largest], key=lambda key: not entries[key].can_be_made_again)
            total -= entries.pop(following).size

    def _size(self, visit: str, made_only: bool = False) -> int:
        entries = self._visits.get(visit, OrderedDict[Key, _Entry]()).values()
        return sum(one.size for one in entries if one.can_be_made_again or not made_only)


def size_in_bytes(value: Any) -> int:
    """What the arrays and bytes of a value take, at any depth."""
    if isinstance(value, np.ndarray):
        return value.nbytes
    if isinstance(value, bytes | bytearray | str):
        return len(value)
    if isinstance(value, tuple | list):
        return sum(map(size_in_bytes, value))
    if isinstance(value, dict):
        return sum(map(size_in_bytes, value.values()))
    if is_dataclass(value):
        return sum(size_in_bytes(getattr(value, field.name)) for field in fields(value))
    return 0
