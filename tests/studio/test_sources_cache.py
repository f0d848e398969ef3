"""Opened sources: when their files are looked at again."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from segcore.data.sources import Source, open_source
from segcore.errors import DataError
from studio.cache import look_again, sources

WAIT = 20


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The name of the thread of each opening; each source is looked at again at once."""
    look_again()
    threads: list[str] = []

    def open_here(spec: str) -> Source:
        threads.append(threading.current_thread().name)
        return open_source(spec)

    monkeypatch.setattr(sources, "open_source", open_here)
    monkeypatch.setattr(sources, "AGE", 0.0)
    monkeypatch.setattr(sources, "SHARE", 1e9)
    yield threads
    look_again()


def join_others() -> None:
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and thread.daemon and "look" in thread.name:
            thread.join(WAIT)


def test_a_source_that_opens_quickly_is_looked_at_again_by_the_page(
    camvid: Path, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "QUICK", 1e9)
    spec, here = f"camvid:{camvid}", threading.current_thread().name
    count = len(sources.source(spec).items("train"))
    (camvid / "train" / "film0_000.png").unlink()
    (camvid / "trainannot" / "film0_000.png").unlink()
    assert len(sources.source(spec).items("train")) == count - 1
    assert set(opened) == {here}


def test_a_page_does_not_wait_for_a_look_that_takes_long(
    camvid: Path, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "QUICK", -1.0)
    spec, here = f"camvid:{camvid}", threading.current_thread().name
    may_look, look = threading.Event(), sources.open_source

    def look_later(spec: str) -> Source:
        if threading.current_thread().name != here:
            assert may_look.wait(WAIT)
        return look(spec)

    monkeypatch.setattr(sources, "open_source", look_later)
    first = sources.source(spec)
    count = len(first.items("train"))
    (camvid / "train" / "film0_000.png").unlink()
    (camvid / "trainannot" / "film0_000.png").unlink()
    assert sources.source(spec) is first
    may_look.set()
    join_others()
    assert len(sources.source(spec).items("train")) == count - 1
    join_others()
    assert opened.count(here) == 1
    assert len(opened) > 1


def test_a_data_set_that_is_gone_is_said_to_be_gone(
    camvid: Path, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "QUICK", -1.0)
    spec = f"camvid:{camvid}"
    sources.source(spec)
    camvid.rename(camvid.with_name("elsewhere"))
    sources.source(spec)
    join_others()
    with pytest.raises(DataError, match="does not exist"):
        sources.source(spec)
