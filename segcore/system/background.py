"""Long work that a server does on the side, one thing after another, and how far each is.

For what is done once and then kept, such as the scores of a run: asking for it while it is
under way follows the same work instead of starting it again.
"""

import logging
import threading
import time
from collections.abc import Callable, Hashable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from segcore.errors import BusyError, SegcoreError, error_number
from segcore.system.progress import Progress

PLACES = 8
"""Works that may run or wait at the same time."""


class CancelledError(SegcoreError):
    """Work that nobody wants any more."""


@dataclass(eq=False)
class Work:
    """One thing that is done or waits for it.

    Attributes:
        title: what it is, in words.
        owner: the visit that it is for; none where it is for everybody.
        done, total: steps; a total of 0 until the first is done.
    """

    title: str
    owner: str | None = None
    done: int = 0
    total: int = 0
    is_cancelled: bool = False
    _first: tuple[float, int] | None = field(default=None, repr=False)
    """When it first said how far it was, and how far."""
    _future: Future[object] = field(default_factory=Future, repr=False)
    _number: str = field(default_factory=error_number)
    """Number of the defect in the log, where the work fails by one."""

    @property
    def is_running(self) -> bool:
        return self._future.running()

    @property
    def is_over(self) -> bool:
        return self._future.done()

    @property
    def fraction(self) -> float:
        return self.done / self.total if self.total else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Seconds left at the pace so far; None as long as that is not known."""
        if self._first is None or self.done <= self._first[1]:
            return None
        since, before = self._first
        return (time.monotonic() - since) / (self.done - before) * (self.total - self.done)

    @property
    def problem(self) -> str | None:
        """Why it failed, in one line; None as long as it has not."""
        error = None
        if self.is_over and not self._future.cancelled():
            error = self._future.exception()
        if error is None or isinstance(error, SegcoreError):
            return None if error is None else str(error)
        return (
            f"{self.title} failed: error {self._number}. Whoever runs the server finds the details "
            "in its log under that number."
        )

    def wait(self, seconds: float) -> None:
        """Until it is over, but no longer."""
        with suppress(TimeoutError):
            self._future.exception(seconds)

    def report(self, done: int, total: int) -> None:
        """Raises CancelledError where nobody wants it any more."""
        if self.is_cancelled:
            raise CancelledError("It was cancelled.")
        if self._first is None or done < self.done or total != self.total:
            self._first = time.monotonic(), done  # of this part of it
        self.done, self.total = done, total


class WorkQueue:
    """Where work is done; safe to share between threads.

    Args:
        places: works that may run or wait at the same time.
        places_of_one: of them those of one owner.
        threads: works that run at the same time.
    """

    def __init__(
        self, places: int = PLACES, places_of_one: int | None = None, threads: int = 1
    ) -> None:
        self._places, self._places_of_one = places, places_of_one or places
        self._works: dict[Hashable, Work] = {}
        self._worker = ThreadPoolExecutor(threads, thread_name_prefix="background")
        self._lock = threading.Lock()

    def start(
        self,
        key: Hashable,
        title: str,
        step: Callable[[Progress], object],
        owner: str | None = None,
    ) -> Work:
        """Has `step` done in its turn; what is under way by that key is not started twice.

        Args:
            key: all that the result depends on.
            step: gets a function that it reports its progress to.
            owner: the visit that it is for; with `None`, everybody's.

        Raises:
            BusyError: too much is under way already.
        """
        with self._lock:
            known = self._works.get(key)
            if known is not None and not known.is_over:
                return known
            if len(self._unfinished()) >= self._places:
                raise BusyError("Much is being computed already: try again when some is done.")
            if owner and sum(one.owner == owner for one in self._unfinished()) >= (
                self._places_of_one
            ):
                raise BusyError("You have more under way already: wait until some of it is done.")
            self._forget_successes()
            work = Work(title, owner)
            work._future = self._worker.submit(step, work.report)
            work._future.add_done_callback(partial(_log_defect, work._number))
            self._works[key] = work
            return work

    def of(self, key: Hashable) -> Work | None:
        """What was last started by that key; what ended well may be forgotten."""
        return self._works.get(key)

    def cancel_all_of(self, owners: Iterable[str]) -> None:
        """Ends and forgets the works of visits that are over; one that runs, at its next step."""
        gone = set(owners)
        with self._lock:
            for work in self._works.values():
                if work.owner in gone:
                    work.is_cancelled = True
                    work._future.cancel()
            self._works = {k: work for k, work in self._works.items() if work.owner not in gone}

    def unfinished(self) -> list[Work]:
        """What runs or waits, in its order."""
        with self._lock:
            return self._unfinished()

    def _unfinished(self) -> list[Work]:
        return [work for work in self._works.values() if not work.is_over]

    def _forget_successes(self) -> None:
        self._works = {
            key: work
            for key, work in self._works.items()
            if not work.is_over or work.problem is not None
        }


def _log_defect(number: str, future: Future[object]) -> None:
    error = None if future.cancelled() else future.exception()
    if error is not None and not isinstance(error, SegcoreError):
        logging.getLogger(__name__).error("Error %s", number, exc_info=error)
