"""Work on the side: done once, in order, followed by whoever asks for it."""

import threading
import time

import pytest

from segcore.errors import BusyError, DataError
from segcore.system.background import Work, WorkQueue
from segcore.system.progress import Progress


def wait(queue: WorkQueue) -> None:
    deadline = time.monotonic() + 30
    while queue.unfinished() and time.monotonic() < deadline:
        time.sleep(0.01)


def test_the_same_work_is_not_started_twice_and_its_progress_is_seen() -> None:
    queue, begun, go_on, starts = WorkQueue(), threading.Event(), threading.Event(), []

    def step(progress: Progress) -> None:
        starts.append(1)
        progress(1, 4)
        begun.set()
        go_on.wait(30)

    first = queue.start("key", "scoring", step)
    assert begun.wait(30)
    assert queue.start("key", "scoring", step) is first
    found = queue.of("key")
    assert found is not None and (found.done, found.fraction) == (1, 0.25)
    assert found.is_running and not found.is_over
    go_on.set()
    wait(queue)
    assert starts == [1] and first.problem is None


def test_what_is_left_follows_from_the_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter([100.0, 106.0, 110.0])
    monkeypatch.setattr("segcore.system.background.time.monotonic", lambda: next(now))
    work = Work("scoring")
    assert work.seconds_left is None
    work.report(1, 10)  # at 100
    assert work.seconds_left is None
    work.report(4, 10)
    assert work.seconds_left == 12  # at 106: two seconds each
    work.report(0, 5)  # its next part, at 110
    assert work.seconds_left is None


def test_what_failed_says_why_and_can_be_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    def refuse(progress: Progress) -> None:
        raise DataError("no such folder")

    def break_down(progress: Progress) -> None:
        raise ZeroDivisionError

    queue = WorkQueue()
    refused = queue.start("a", "scoring", refuse)
    broken = queue.start("b", "measuring", break_down)
    wait(queue)
    assert refused.problem == "no such folder"
    assert broken.problem == (
        f"measuring failed: error {caplog.records[0].args[0]}. Whoever runs the server finds the "
        "details in its log under that number."
    )
    again = queue.start("a", "scoring", lambda progress: None)
    wait(queue)
    assert again is not refused and again.problem is None
    assert queue.of("b") is broken


def test_too_much_at_once_is_refused() -> None:
    queue, go_on = WorkQueue(places=2), threading.Event()
    for key in "ab":
        queue.start(key, key, lambda progress: go_on.wait(30))
    with pytest.raises(BusyError):
        queue.start("c", "c", lambda progress: None)
    go_on.set()
    wait(queue)
    queue.start("c", "c", lambda progress: None)
