"""Many visitors, one machine: whose turn it is, and how much each may ask for.

What only so many can use at once, a network or the opening of files, is shared by visitors, not by
requests: the visitor who used it least of late goes next, however much the others ask for. So
someone with one photo comes right after the step that is under way, and long work of many steps
lets all others in between.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from segcore.errors import BusyError

Result = TypeVar("Result")

BURST = 400.0
"""Photos that a visitor may have opened and labelled at once: a full upload and some more."""

REFILL_SECONDS = 1000.0
"""After which a visitor who has used up the burst has all of it again."""

MAX_VISITORS = 10_000
"""Remembered visitors; who has not come for longest is forgotten first."""

HALF_LIFE_SECONDS = 60.0
"""What a visitor has used counts half after this time, a quarter after twice, and so on."""

MOST_WAITING = 256
MOST_WAITING_OF_ONE = 8
"""Requests that may wait for a turn, in all and of one visitor."""

MEANWHILE_SECONDS = 0.5
"""Between two looks at whether a waiting visitor is still there."""

Clock = Callable[[], float]


class RateLimit:
    """How much each visitor may still ask for: a bucket that runs dry and fills up again.

    Args:
        burst: what a full bucket holds.
        refill_seconds: after which an empty one is full again.
        clock: seconds that only ever grow.
    """

    def __init__(
        self,
        burst: float = BURST,
        refill_seconds: float = REFILL_SECONDS,
        clock: Clock = time.monotonic,
    ) -> None:
        self._burst, self._refill_seconds, self._clock = burst, refill_seconds, clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()  # (amount, when)
        self._lock = threading.Lock()

    def spend(self, visitor: str, amount: float) -> None:
        """Takes `amount` from what the visitor has; more than a full bucket empties it.

        Raises:
            BusyError: that is too little; with how long to wait.
        """
        with self._lock:
            left, now = self._left_of(visitor)
            wanted = min(amount, self._burst)
            enough = left >= wanted
            self._remember(visitor, left - wanted if enough else left, now)
        if not enough:
            wait = max(1, round((wanted - left) * self._refill_seconds / self._burst))
            raise BusyError(f"You have had many photos labelled: the next is free in {wait} s.")

    def charge(self, visitor: str, amount: float) -> None:
        """Takes what was used already, of which nobody knew before how much it would be."""
        with self._lock:
            left, now = self._left_of(visitor)
            self._remember(visitor, max(0.0, left - amount), now)

    def _left_of(self, visitor: str) -> tuple[float, float]:
        now = self._clock()
        left, since = self._left.pop(visitor, (self._burst, now))
        refilled = (now - since) * self._burst / self._refill_seconds
        return min(self._burst, left + refilled), now

    def _remember(self, visitor: str, left: float, now: float) -> None:
        self._left[visitor] = left, now
        if len(self._left) > MAX_VISITORS:
            self._left.popitem(last=False)


@dataclass(eq=False)
class _Request:
    """One who waits for a turn or has it."""

    visitor: str
    cost: float = 0.0
    """Seconds that its turn is expected to take."""
    called: threading.Event = field(default_factory=threading.Event)
    is_refused: bool = False
    since: float = 0.0
    """When its turn began."""


class FairTurns:
    """Turns at something that only so many can use at once; safe to share between threads.

    Args:
        places: turns that may be under way together.
        places_of_one: how many of them may be one visitor's.
        clock: seconds that only ever grow.
    """

    def __init__(
        self, places: int = 1, places_of_one: int | None = None, clock: Clock = time.monotonic
    ) -> None:
        self._places, self._places_of_one = places, places_of_one or places
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: list[_Request] = []  # in the order in which they came
        self._under_way: list[_Request] = []
        self._used: OrderedDict[str, tuple[float, float]] = OrderedDict()  # (seconds, when)

    @contextmanager
    def turn(
        self,
        visitor: str,
        patience: float | None = None,
        meanwhile: Callable[[], None] | None = None,
        cost: float = 0.0,
    ) -> Iterator[None]:
        """Waits for the visitor's turn, which lasts until the block ends.

        Args:
            patience: seconds to wait at most; None waits as long as it takes.
            meanwhile: called again and again while waiting. What it raises ends the wait: so does
                Streamlit, where the visitor has left or asked for something else.
            cost: seconds that the turn is expected to take.

        Raises:
            BusyError: the visitor, or everybody together, asks for too much, or patience is over.
        """
        request = self._join(_Request(visitor, cost))
        try:
            if meanwhile is None:
                request.called.wait(patience)
            else:
                while not request.called.wait(MEANWHILE_SECONDS):
                    meanwhile()
        except BaseException:
            self._leave(request)
            raise
        with self._lock:
            if request in self._waiting:
                self._waiting.remove(request)
                request.is_refused = True
        if request.is_refused:
            raise BusyError("Many people are asking for this just now: try again in a minute.")
        try:
            yield
        finally:
            with self._lock:
                self._under_way.remove(request)
                self._charge(visitor, self._clock() - request.since)
                self._call_next()

    def _leave(self, request: _Request) -> None:
        with self._lock:
            if request in self._waiting:
                self._waiting.remove(request)
            elif request in self._under_way:  # called in the same moment
                self._under_way.remove(request)
                self._call_next()

    @property
    def is_wanted(self) -> bool:
        """Whether anybody waits."""
        return bool(self._waiting)

    def _join(self, request: _Request) -> _Request:
        with self._lock:
            own = sum(other.visitor == request.visitor for other in self._waiting)
            if own >= MOST_WAITING_OF_ONE:
                raise BusyError("You have asked for much at once: wait until some of it is done.")
            self._waiting.append(request)
            self._call_next()
            if len(self._waiting) > MOST_WAITING:  # the one who used most has to come back
                heaviest = max(self._waiting, key=self._use_with)
                self._waiting.remove(heaviest)
                heaviest.is_refused = True
                heaviest.called.set()
            return request

    def _call_next(self) -> None:
        while len(self._under_way) < self._places:
            free = [one for one in self._waiting if self._may_have_a_turn(one.visitor)]
            if not free:
                return
            request = min(free, key=self._use_with)
            self._waiting.remove(request)
            self._under_way.append(request)
            request.since = self._clock()
            request.called.set()

    def _may_have_a_turn(self, visitor: str) -> bool:
        return sum(one.visitor == visitor for one in self._under_way) < self._places_of_one

    def _use_with(self, request: _Request) -> float:
        return self._use_of(request.visitor) + request.cost

    def _use_of(self, visitor: str) -> float:
        """Seconds of use of late; what is under way counts too."""
        now = self._clock()
        running = sum(now - one.since for one in self._under_way if one.visitor == visitor)
        return self._ended_use_of(visitor) + running

    def _ended_use_of(self, visitor: str) -> float:
        seconds, when = self._used.get(visitor, (0.0, 0.0))
        return seconds * 0.5 ** ((self._clock() - when) / HALF_LIFE_SECONDS)

    def _charge(self, visitor: str, seconds: float) -> None:
        used = self._ended_use_of(visitor) + seconds
        self._used.pop(visitor, None)
        self._used[visitor] = used, self._clock()
        if len(self._used) > MAX_VISITORS:
            self._used.popitem(last=False)


class InferenceQueue:
    """The one line in front of the device that networks run on; safe to share between threads."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._turns = FairTurns(clock=clock)

    def run(self, visitor: str, step: Callable[[], Result]) -> Result:
        """What `step` returns or raises, run alone when the visitor's turn has come.

        Long work asks for many short steps, so that others come in between. Raises BusyError where
        too many wait.
        """
        with self._turns.turn(visitor):
            return step()
