"""Opening files nobody vouches for, each visitor's in a process of its own that is thrown away.

A fresh interpreter, never a fork: it has seen no other visitor's photo and holds no network. One
is always waiting, so that nobody waits for its start.
"""

import atexit
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from segcore import settings
from segcore.errors import BusyError, ImageError
from segcore.images import Photo, limits
from segcore.images.messages import MessageError, read_message, write_message

AT_ONCE = 8
"""Processes that may be in use: each may take half a gigabyte, and a video holds one for long."""

PATIENCE_SECONDS = 30.0
MAX_WORDS = 400
"""Characters of a note or a reason that are passed on."""

COMMAND = (sys.executable, "-m", "segcore.images.decoder_process")
ENVIRONMENT = {
    "PYTHONPATH": str(settings.ROOT),
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",  # arenas take address space, which is what is limited
}
Process = subprocess.Popen[bytes]


@dataclass(frozen=True)
class Frames:
    """A video that is being read.

    Attributes:
        seconds: its length.
        rate: frames a second that are read at most.
        count: how many frames to expect.
        images: (number, (H, W, 3) uint8 RGB); `number` / rate is when the frame is shown. Reading
            raises ImageError.
        notes: what its owner should know, in a few words each.
    """

    seconds: float
    rate: float
    count: int
    images: Iterator[tuple[int, np.ndarray]]
    notes: tuple[str, ...] = ()


class Decoder:
    """Opens one visitor's files, one after the other; to be used in a `with` statement.

    A file that kills or hangs its process costs that process: the next file gets another one.

    Raises:
        BusyError: on entering, where others keep all processes busy for too long.
    """

    def __init__(self) -> None:
        self._process: Process | None = None

    def __enter__(self) -> "Decoder":
        if not _slots.acquire(timeout=PATIENCE_SECONDS):
            raise BusyError("Many photos are being opened just now: try again in a minute.")
        return self

    def __exit__(self, *_: object) -> None:
        self._throw_away()
        _slots.release()

    def photo(self, data: bytes, kept_pixels: int = limits.KEPT_PIXELS) -> Photo:
        """One picture, reduced to `kept_pixels`. Raises ImageError, in one line for its owner."""
        _require_size(data, "photo")
        request = {"kind": "photo", "kept_pixels": kept_pixels}
        (facts, pixels), *more = islice(self._ask(request, data), 2)
        if more:
            self._throw_away()
        return Photo(_image(facts, pixels), _notes(facts))

    def archive(self, data: bytes) -> Iterator[tuple[str, bytes | str]]:
        """(name, bytes, or the reason why it is left out) of each file in a ZIP file.

        Raises:
            ImageError: the whole file cannot be used, in one line for its owner.
        """
        _require_size(data, "ZIP file")
        for count, (facts, content) in enumerate(self._ask({"kind": "archive"}, data)):
            if count >= limits.MAX_FILES or len(content) > limits.MAX_FILE_BYTES:
                raise ImageError("The ZIP file holds too much: pack fewer photos at a time.")
            name, reason = str(facts.get("name", ""))[:MAX_WORDS], facts.get("reason")
            yield name, bytes(content) if reason is None else str(reason)[:MAX_WORDS]

    def video(self, data: bytes, rate: float) -> Frames:
        """A video's frames, at most `rate` a second, 0 for every one. Raises ImageError."""
        _require_size(data, "video")
        answers = self._ask({"kind": "video", "rate": rate}, data)
        facts, _ = next(answers)
        seconds, read_rate = float(facts["seconds"]), float(facts["rate"])
        images = ((int(facts["number"]), _image(facts, pixels)) for facts, pixels in answers)
        return Frames(seconds, read_rate, int(facts["frames"]), images, _notes(facts))

    def _ask(
        self, request: Mapping[str, Any], data: bytes
    ) -> Iterator[tuple[dict[str, Any], bytearray]]:
        """All that a process answers to a request. Raises ImageError for what it refuses."""
        if request["kind"] == "video":  # which needs a library that others do without
            self._throw_away()
        process = self._process = self._process or _take()
        assert process.stdin is not None and process.stdout is not None
        answered, late = False, threading.Event()
        try:
            with _killed_after(limits.DECODING_SECONDS, process, late):
                write_message(process.stdin, request, data)
            while True:
                with _killed_after(limits.DECODING_SECONDS, process, late):
                    facts, payload = read_message(process.stdout)
                answered = "end" in facts or "error" in facts
                if "error" in facts:
                    raise ImageError(" ".join(str(facts["error"]).split())[:MAX_WORDS])
                if answered:
                    return
                yield facts, payload
        except (MessageError, OSError) as error:
            raise ImageError(_why_it_died(process, late.is_set())) from error
        finally:
            if not answered:
                self._throw_away()

    def _throw_away(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            _end(process)


def _require_size(data: bytes, what: str) -> None:
    if len(data) > limits.MAX_FILE_BYTES:
        most = limits.MAX_FILE_BYTES // limits.MEGABYTE
        raise ImageError(f"The {what} is larger than {most} MB: make it smaller.")
    if not data:
        raise ImageError(f"The {what} is empty: save it again.")


def _notes(facts: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(note)[:MAX_WORDS] for note in facts.get("notes", ()))


def _image(facts: Mapping[str, Any], pixels: bytearray) -> np.ndarray:
    """(H, W, 3) uint8 of a process that may have been taken over. Raises ImageError."""
    size = facts.get("size")
    match size:
        case [int(height), int(width)] if 0 < height * width * 3 == len(pixels) and height > 0:
            return np.frombuffer(pixels, np.uint8).reshape(height, width, 3)
    raise ImageError("The picture cannot be opened safely: save it again as JPEG or PNG.")


@contextmanager
def _killed_after(seconds: float, process: Process, late: threading.Event) -> Iterator[None]:
    def kill() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(seconds, kill)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _why_it_died(process: Process, late: bool) -> str:
    process.kill()
    if process.wait() == -signal.SIGXCPU or late:
        return "The file takes too long to open: make it smaller, or save it again."
    return "The file cannot be opened safely: save it again as JPEG or PNG."


_slots = threading.BoundedSemaphore(AT_ONCE)
_spare: list[Process] = []
_spare_lock = threading.Lock()


def _start() -> Process:
    return subprocess.Popen(
        COMMAND,
        cwd=settings.ROOT,
        env=ENVIRONMENT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for whoever uses it
    )


def _take() -> Process:
    """The process that waits, or a new one; another begins to wait in its place."""
    with _spare_lock:
        process = _spare.pop() if _spare else _start()
        if process.poll() is not None:
            _end(process)
            process = _start()
        _spare.append(_start())
    return process


def _end(process: Process) -> None:
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            try:
                stream.close()
            except OSError:  # what was not sent any more
                continue


@atexit.register
def _end_spares() -> None:
    while _spare:
        _end(_spare.pop())
