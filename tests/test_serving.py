"""Many visitors in one line."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from segcore import serving
from segcore.errors import BusyError
from segcore.serving import Desk


def test_steps_run_one_at_a_time_and_everyone_gets_their_own() -> None:
    desk, running, most = Desk(places=20), 0, 0

    def visit(number: int) -> list[int]:
        def step(value: int) -> int:
            nonlocal running, most
            running += 1
            most = max(most, running)
            running -= 1
            return value

        with desk.place(f"visitor {number}"):
            return [desk.run(lambda k=k: step(100 * number + k)) for k in range(20)]

    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(visit, range(20)))
    assert found == [[100 * number + k for k in range(20)] for number in range(20)]
    assert most == 1


def test_long_work_lets_others_in_between() -> None:
    desk, order = Desk(), []
    begun, asked = threading.Event(), threading.Event()

    def first_step() -> None:
        begun.set()
        asked.wait(5)

    def long_work() -> None:
        desk.run(first_step)
        desk.run(lambda: order.append("long"))

    with ThreadPoolExecutor(2) as pool:
        pool.submit(long_work)
        begun.wait(5)
        short = pool.submit(desk.run, lambda: order.append("short"))
        while not desk._worker._work_queue.qsize():
            pass
        asked.set()
        short.result(5)
    assert order == ["short", "long"]


def test_a_full_line_is_said_at_once_and_places_come_free() -> None:
    desk = Desk(places=1)
    with desk.place("one"), pytest.raises(BusyError, match="try again"), desk.place("two"):
        pass
    with desk.place("two"):
        pass


def test_errors_reach_who_asked_and_free_the_place() -> None:
    desk = Desk(places=1)
    with pytest.raises(KeyError), desk.place("one"):
        desk.run(lambda: {}["nothing"])
    with desk.place("one"):
        assert desk.run(lambda: 1) == 1


def test_a_visitor_who_asks_for_too_much_waits_and_others_do_not() -> None:
    now = 0.0
    desk = Desk(clock=lambda: now)
    for _ in range(int(serving.BURST)):
        with desk.place("greedy"):
            pass
    with pytest.raises(BusyError, match=r"free in \d+ s"), desk.place("greedy"):
        pass
    with desk.place("modest"):
        pass
    now = serving.REFILL_SECONDS / serving.BURST + 0.1
    with desk.place("greedy"):
        pass


def test_work_larger_than_the_allowance_is_done_once_it_is_full() -> None:
    now = 0.0
    desk = Desk(clock=lambda: now)
    with desk.place("film", photos=10 * serving.BURST):
        pass
    with pytest.raises(BusyError), desk.place("film"):
        pass
    with desk.place("film", photos=0):  # looking at what costs nothing stays free
        pass


def test_visitors_are_forgotten_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "MAX_VISITORS", 3)
    desk = Desk()
    for number in range(10):
        with desk.place(str(number)):
            pass
    assert list(desk._allowance._left) == ["7", "8", "9"]
