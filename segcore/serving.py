"""Many visitors, one device: who may ask a network, in which order, and how often.

A network runs one call at a time anyway. Here its calls stand in one line, so that they are served
in the order in which they came, and the line is bounded: who comes when it is full is told so at
once instead of waiting for minutes.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from segcore.errors import BusyError

Result = TypeVar("Result")

PLACES = 24
"""Visitors who may be served or wait at the same time."""

BURST = 240.0
"""Photos that a visitor may have labelled at once: a full upload and some more."""

REFILL_SECONDS = 600.0
"""After which a visitor who has used up the burst has all of it again."""

MAX_VISITORS = 10_000
"""Remembered visitors; who has not come for longest is forgotten first."""


class Desk:
    """The one line in front of a device; safe to share between threads.

    Args:
        places: visitors served or waiting at the same time.
        clock: seconds that only ever grow.
    """

    def __init__(self, places: int = PLACES, clock: Callable[[], float] = time.monotonic) -> None:
        self._places = threading.BoundedSemaphore(places)
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="inference")
        self._allowance = Allowance(BURST, REFILL_SECONDS, clock)

    @contextmanager
    def place(self, visitor: str, photos: float = 1.0) -> Iterator[None]:
        """Holds a place in the line, for `photos` photos' worth of work.

        Raises:
            BusyError: at once, where the line is full or the visitor has asked for too much.
        """
        if not self._places.acquire(blocking=False):
            raise BusyError("Too many people are having photos labelled just now: try again soon.")
        try:
            self._allowance.spend(visitor, photos)
            yield
        finally:
            self._places.release()

    def run(self, step: Callable[[], Result]) -> Result:
        """What `step` returns or raises, run alone and after those that were asked for before.

        Long work asks for many short steps, so that others come in between.
        """
        return self._worker.submit(step).result()


class Allowance:
    """How much each visitor may still ask for: a bucket that runs dry and fills up again."""

    def __init__(self, burst: float, refill_seconds: float, clock: Callable[[], float]) -> None:
        self._burst, self._refill_seconds, self._clock = burst, refill_seconds, clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()  # (amount, when)
        self._lock = threading.Lock()

    def spend(self, visitor: str, amount: float) -> None:
        """Takes `amount` from what the visitor has. Raises BusyError where that is too little."""
        with self._lock:
            now = self._clock()
            left, since = self._left.pop(visitor, (self._burst, now))
            rate = self._burst / self._refill_seconds
            left = min(self._burst, left + (now - since) * rate)
            enough = left >= min(amount, self._burst)
            self._left[visitor] = (max(0.0, left - amount) if enough else left, now)
            if len(self._left) > MAX_VISITORS:
                self._left.popitem(last=False)
        if not enough:
            wait = max(1, round((min(amount, self._burst) - left) / rate))
            raise BusyError(f"You have had many photos labelled: the next is free in {wait} s.")
