"""Turns of many visitors at one machine, and how much each may ask for."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

import numpy as np
import pytest

from segcore.errors import BusyError
from segcore.prediction.inference import Prediction, Timings
from segcore.prediction.tiling import predict_tiled
from segcore.system import fair_queues
from segcore.system.fair_queues import FairTurns, InferenceQueue, RateLimit


def test_steps_run_one_at_a_time_and_everyone_gets_their_own() -> None:
    queue, running, most = InferenceQueue(), 0, 0

    def visit(number: int) -> list[int]:
        def step(value: int) -> int:
            nonlocal running, most
            running += 1
            most = max(most, running)
            running -= 1
            return value

        return [
            queue.run(f"visitor {number}", lambda k=k: step(100 * number + k)) for k in range(9)
        ]

    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(visit, range(20)))
    assert found == [[100 * number + k for k in range(9)] for number in range(20)]
    assert most == 1


def test_errors_reach_who_asked_and_end_the_turn() -> None:
    queue = InferenceQueue()
    with pytest.raises(KeyError):
        queue.run("one", lambda: {}["nothing"])
    assert queue.run("one", lambda: 1) == 1


class Line:
    """Turns at something that is taken, and the order in which others get theirs."""

    def __init__(self, turns: FairTurns) -> None:
        self.turns, self.order = turns, list[str]()
        self.pool = ThreadPoolExecutor(60)
        self._free, taken = threading.Event(), threading.Event()

        def take() -> None:
            with turns.turn("first"):
                taken.set()
                self._free.wait(10)

        self.pool.submit(take)
        taken.wait(10)

    def ask(
        self, visitor: str, does: Callable[[], object] = lambda: None, cost: float = 0.0
    ) -> Future[None]:
        """Waits for a turn in a thread of its own, and returns once it does wait."""
        waiting = len(self.turns._waiting)

        def wait() -> None:
            with self.turns.turn(visitor, cost=cost):
                self.order.append(visitor)
                does()

        future = self.pool.submit(wait)
        while len(self.turns._waiting) == waiting and not future.done():
            threading.Event().wait(0.001)
        return future

    def go(self) -> list[str]:
        self._free.set()
        self.pool.shutdown()
        return self.order


def test_whoever_has_used_least_goes_next_however_much_the_others_ask_for() -> None:
    now = 0.0

    def take_long() -> None:
        nonlocal now
        now += 10.0

    line = Line(FairTurns(clock=lambda: now))
    for _ in range(4):
        line.ask("greedy", take_long)
    line.ask("modest", take_long)
    line.ask("small")
    line.ask("small")
    assert line.go() == ["greedy", "modest", "small", "small", "greedy", "greedy", "greedy"]


def test_among_24_visitors_with_large_photos_a_small_one_waits_for_a_tile_of_each_at_most() -> None:
    now = 0.0

    def label_tile() -> None:
        nonlocal now
        now += 10.0

    line = Line(FairTurns(clock=lambda: now))
    for _ in range(2):
        for number in range(24):
            line.ask(f"large {number}", label_tile)
    line.ask("small")
    order = line.go()
    assert order.index("small") == 24 and len(set(order[:24])) == 24


def test_among_newcomers_with_large_files_a_small_one_goes_first() -> None:
    line = Line(FairTurns())
    for number in range(24):
        line.ask(f"large {number}", cost=0.2)
    line.ask("small", cost=0.01)
    assert line.go()[0] == "small"


def test_small_files_of_others_do_not_keep_a_large_one_waiting_for_ever() -> None:
    now = 0.0

    def take() -> None:
        nonlocal now
        now += 1.0

    line = Line(FairTurns(clock=lambda: now))
    line.ask("large", take, cost=0.5)
    for _ in range(3):
        line.ask("small", take, cost=0.1)
    assert line.go() == ["small", "large", "small", "small"]


def test_between_the_tiles_of_a_large_photo_others_come_in() -> None:
    queue, order, asked = InferenceQueue(), list[str](), list[Future[None]]()
    nothing = np.zeros((1, 1, 34), np.float32)

    def label(part: np.ndarray) -> Prediction:
        def step() -> Prediction:
            if not asked:
                asked.append(pool.submit(queue.run, "small", lambda: order.append("small")))
                while not queue._turns._waiting:
                    threading.Event().wait(0.001)
            order.append("tile")
            size = part.shape[:2]
            labels, sure = np.zeros(size, np.uint8), np.ones(size, np.float32)
            return Prediction(labels, sure, Timings(0.0, 0.0, 0.0), nothing)

        return queue.run("large", step)

    with ThreadPoolExecutor(1) as pool:
        predict_tiled(np.zeros((64, 64, 3), np.uint8), (32, 32), label)
    assert order[:3] == ["tile", "small", "tile"]


def test_what_was_used_long_ago_counts_no_more() -> None:
    now = 0.0
    turns = FairTurns(clock=lambda: now)
    with turns.turn("former"):
        now += 100.0
    now += 20 * fair_queues.HALF_LIFE_SECONDS
    with turns.turn("late"):
        now += 1.0
    line = Line(turns)
    line.ask("late")
    line.ask("former")
    assert line.go() == ["former", "late"]


def test_one_visitor_never_has_all_places() -> None:
    turns = FairTurns(places=3, places_of_one=2)
    with turns.turn("greedy"), turns.turn("greedy"):
        with pytest.raises(BusyError), turns.turn("greedy", patience=0.01):
            pass
        with turns.turn("other", patience=0.01):
            pass


def test_one_visitor_cannot_fill_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fair_queues, "MOST_WAITING_OF_ONE", 2)
    line = Line(FairTurns())
    asked = [line.ask("greedy") for _ in range(3)]
    line.ask("modest")
    assert sorted(line.go()) == ["greedy", "greedy", "modest"]
    assert "at once" in str(asked[2].exception())


def test_of_a_full_line_the_heaviest_user_has_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(fair_queues, "MOST_WAITING", 2)
    turns = FairTurns(clock=lambda: now)
    with turns.turn("greedy"):
        now += 50.0
    line = Line(turns)
    greedy = line.ask("greedy")
    line.ask("one")
    line.ask("two")
    assert line.go() == ["one", "two"]
    assert isinstance(greedy.exception(), BusyError)


def test_who_gives_up_leaves_the_line() -> None:
    line = Line(FairTurns())
    with pytest.raises(BusyError, match="try again"), line.turns.turn("hasty", patience=0.01):
        pass
    assert not line.turns.is_wanted
    line.go()


def test_a_visitor_who_asks_for_too_much_waits_and_others_do_not() -> None:
    now = 0.0
    limit = RateLimit(burst=100, refill_seconds=50, clock=lambda: now)
    for _ in range(100):
        limit.spend("greedy", 1)
    with pytest.raises(BusyError, match=r"free in \d+ s"):
        limit.spend("greedy", 1)
    limit.spend("modest", 1)
    now = 0.51
    limit.spend("greedy", 1)


def test_work_larger_than_the_allowance_is_done_once_it_is_full() -> None:
    limit = RateLimit(clock=lambda: 0.0)
    limit.spend("film", 10 * fair_queues.BURST)
    with pytest.raises(BusyError):
        limit.spend("film", 10 * fair_queues.BURST)
    limit.spend("film", 0)  # looking at what costs nothing stays free


def test_what_was_used_already_is_charged_and_refuses_later_work() -> None:
    limit = RateLimit(burst=10, clock=lambda: 0.0)
    limit.charge("slow", 25)
    with pytest.raises(BusyError):
        limit.spend("slow", 0.1)


def test_visitors_are_forgotten_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fair_queues, "MAX_VISITORS", 3)
    limit, turns = RateLimit(), FairTurns()
    for number in range(10):
        limit.spend(str(number), 1)
        with suppress(BusyError), turns.turn(str(number)):
            pass
    assert list(limit._left) == list(turns._used) == ["7", "8", "9"]


def test_whoever_leaves_while_waiting_gives_up_the_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fair_queues, "MEANWHILE_SECONDS", 0.01)

    class Left(BaseException):  # as Streamlit ends the script of a visit that is closed
        pass

    def look() -> None:
        raise Left

    turns = FairTurns()
    with turns.turn("a"):
        with pytest.raises(Left), turns.turn("b", meanwhile=look):
            pass
        assert not turns.is_wanted
    with turns.turn("b", meanwhile=look):  # free: nothing to wait for
        pass
