"""The same work on many things, in several processes or threads where that pays."""

import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from typing import TypeVar

from segcore.errors import SegcoreError

Task = TypeVar("Task")
Result = TypeVar("Result")

PARALLEL_FROM = 100
"""With fewer images, starting processes takes longer than they save."""

OVERLAPPED = 3
"""Images at once: one in the network, one being read and one being counted."""


def default_workers(pictures: int) -> int:
    """How many processes pay for as many images, on this machine and in this program."""
    if pictures < PARALLEL_FROM:
        return 1
    # A spawned process imports the main module again. That is sound for `python -m`; a script,
    # a Streamlit page among them, would run once more.
    if getattr(sys.modules["__main__"], "__spec__", None) is None:
        return 1
    return os.cpu_count() or 1


def in_order(
    work: Callable[[Task], Result], tasks: Sequence[Task], workers: int
) -> Iterator[Result]:
    """The results of the tasks in their order; with one worker in this process.

    Raises:
        SegcoreError: a process was ended from outside.
    """
    if workers <= 1:
        yield from map(work, tasks)
        return
    # Spawned: a fork would inherit the threads and locks of TensorFlow where it is loaded.
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_follow_parent)
    try:
        yield from pool.map(work, tasks)
    except BrokenProcessPool as error:
        raise SegcoreError(
            "A process that reads images was ended from outside, most likely for want of memory: "
            "start again, it goes on where it stopped."
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def overlapped(
    work: Callable[[Task], Result], tasks: Iterable[Task], threads: int = OVERLAPPED
) -> Iterator[Result]:
    """The results of the tasks in their order, a few worked on at once, by threads.

    For work that is done outside of Python, such as decoding, or of which a part takes turns, such
    as a network's: the rest of it is done meanwhile.
    """
    with ThreadPoolExecutor(threads) as pool:
        begun: deque[Future[Result]] = deque()
        try:
            for task in tasks:
                begun.append(pool.submit(work, task))
                if len(begun) > threads:
                    yield begun.popleft().result()
            while begun:
                yield begun.popleft().result()
        finally:
            for future in begun:
                future.cancel()


def _follow_parent() -> None:
    """In a worker: leaves Ctrl-C to the parent, and ends when that is killed.

    Without the second a worker would wait for its next task forever.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
