"""Networks built for one input shape each, as an engine meets them."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Generic, TypeVar
from weakref import WeakSet

Shape = tuple[int, ...]
Built = TypeVar("Built")

UNUSED_SECONDS = 90.0
"""After which a network is released: it takes up to 150 MB, and a second to be built again."""

_in_process: "WeakSet[ByShape[Any]]" = WeakSet()


class ByShape(Generic[Built]):
    """What was built for each shape. The first one, mostly of the training's size, stays.

    Safe to share between threads: using a known shape does not wait for a new one.

    Args:
        build: makes it; called by one thread at a time, since it takes all cores.
        most: shapes that are kept; the longest unused goes first.
        clock: seconds that only ever grow.
    """

    def __init__(
        self,
        build: Callable[[Shape], Built],
        most: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._build, self._most, self._clock = build, most, clock
        self._building, self._lock = threading.Lock(), threading.Lock()
        self._first: Shape | None = None
        self._built: OrderedDict[Shape, tuple[Built, float]] = OrderedDict()  # and when it was used
        _in_process.add(self)

    def get(self, shape: Shape) -> Built:
        """What is built for that shape, built now where there is nothing."""
        if (known := self._known(shape)) is not None:
            return known
        with self._building:
            if (known := self._known(shape)) is not None:  # built meanwhile
                return known
            built = self._build(shape)
            with self._lock:
                self._first = self._first or shape
                self._built[shape] = built, self._clock()
                for unused in self._others()[: -(self._most - 1)]:
                    del self._built[unused]
            return built

    def release_unused(self) -> int:
        """Lets go of all but the first that nobody has used for UNUSED_SECONDS; how many."""
        with self._lock:
            before = self._clock() - UNUSED_SECONDS
            unused = [shape for shape in self._others() if self._built[shape][1] < before]
            for shape in unused:
                del self._built[shape]
            return len(unused)

    def __len__(self) -> int:
        return len(self._built)

    def _known(self, shape: Shape) -> Built | None:
        with self._lock:
            if shape not in self._built:
                return None
            self._built[shape] = self._built[shape][0], self._clock()
            self._built.move_to_end(shape)
            return self._built[shape][0]

    def _others(self) -> list[Shape]:
        """All but the first, the longest unused first."""
        return [shape for shape in self._built if shape != self._first]


def release_unused() -> int:
    """Releases what no engine of this process uses; returns how many."""
    return sum(each.release_unused() for each in list(_in_process))
