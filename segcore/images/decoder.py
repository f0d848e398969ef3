"""Opens untrusted files, each visitor's in a process of its own that is thrown away.

A fresh interpreter, never a fork: it has seen no other visitor's photo and holds no network. One
is always waiting, so that nobody waits for its start.

Visitors take turns, file by file. What is opened in a moment has lanes of its own, so that nobody
waits behind a photo that takes seconds, or behind a video.
"""

import atexit
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from segcore import settings
from segcore.errors import ImageError
from segcore.images import Photo, limits
from segcore.images.messages import MessageError, read_message, write_message
from segcore.system.fair_queues import FairTurns, RateLimit

PATIENCE_SECONDS = 60.0
OPENING_PHOTOS = 0.1
SECONDS_PER_PHOTO = 1.0
"""What opening a file costs of its visitor's allowance: a little, and by the time that it took."""

BYTES_A_SECOND = 2e7
"""How fast files are opened, about: of newcomers, the one with the smallest file goes first."""

MAX_WORDS = 400
"""Characters of a note or a reason that are passed on."""

NICE, NICEST = 10, 15
"""How far processes stand back for the server, whose visitors' photos are open already; and those
that take long."""

COMMAND = (sys.executable, "-m", "segcore.images.decoder_sandbox")
ENVIRONMENT = {
    "PYTHONPATH": str(settings.ROOT),
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",  # arenas take address space, which is what is limited
}
Process = subprocess.Popen[bytes]
Answer = tuple[dict[str, Any], bytearray]
"""Facts, and raw bytes."""


@dataclass(frozen=True)
class Frames:
    """A video that is being read.

    Attributes:
        seconds: its length.
        rate: frames a second that are read, on average where they come irregularly.
        count: how many frames to expect.
        images: (seconds, (H, W, 3) uint8 RGB) with when the frame is shown, in order. Reading
            raises ImageError.
        notes: what its owner should know, in a few words each.
    """

    seconds: float
    rate: float
    count: int
    images: Iterator[tuple[float, np.ndarray]]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Lane:
    """The queue of one kind of files. Each process may take half a gigabyte.

    Attributes:
        cpu_seconds: of the processor, that a file may take.
        niceness: of its process, where that stands back for other processes too.
    """

    turns: FairTurns
    cpu_seconds: int
    niceness: int = 0


LIGHT = Lane(FairTurns(places=2, places_of_one=1), limits.LIGHT_CPU_SECONDS)
HEAVY = Lane(FairTurns(places=1), limits.DECODING_CPU_SECONDS, niceness=NICEST)
VIDEOS = Lane(FairTurns(places=2, places_of_one=1), limits.VIDEO_CPU_SECONDS, niceness=NICEST)


class _SlowError(ImageError):
    """A file that took all the time it may."""


class Decoder:
    """Opens one visitor's files, one after the other; to be used in a `with` statement.

    A file that kills or hangs its process costs that process: the next file gets another one.
    Opening raises BusyError where others keep all processes busy for too long, or where the visitor
    has used up the allowance.

    Args:
        visitor: whose files they are; visitors take turns.
        limit: what opening is charged to.
    """

    def __init__(self, visitor: str = "", limit: RateLimit | None = None) -> None:
        self._visitor, self._limit = visitor, limit
        self._process: Process | None = None
        self._video: Generator[Answer, None, None] | None = None

    def __enter__(self) -> "Decoder":
        return self

    def __exit__(self, *_: object) -> None:
        if self._video is not None:
            self._video.close()
        self._throw_away()

    def photo(
        self, data: bytes, kept_pixels: int = limits.KEPT_PIXELS, entry: int | None = None
    ) -> Photo:
        """One image, reduced to `kept_pixels`.

        Args:
            entry: its number in the ZIP file that `data` is, as in `archive`.

        Raises:
            ImageError: it cannot be opened; in one line for its owner.
            BusyError: not now.
        """
        _require_size(data, "photo")
        request = {"kind": "photo", "kept_pixels": kept_pixels, "entry": entry}
        with suppress(_SlowError):  # and so not as light as it looked
            facts, pixels = self._answer({**request, "is_light": True}, data, LIGHT)
            if not facts.get("is_heavy"):
                return _photo(facts, pixels)
        return _photo(*self._answer({**request, "is_light": False}, data, HEAVY))

    def ids(self, data: bytes) -> np.ndarray:
        """(H, W) uint8 ids of a mask, as `decode_ids` reads them. Raises ImageError, BusyError."""
        _require_size(data, "mask")
        facts, values = self._answer({"kind": "ids"}, data, LIGHT)
        return _pixels(facts, values)

    def archive(self, data: bytes) -> list[tuple[str, str | None]]:
        """(name, why it is left out, or None) of each file in a ZIP file, by its number.

        Raises:
            ImageError: the whole file cannot be used, in one line for its owner.
            BusyError: not now.
        """
        _require_size(data, "ZIP file")
        found: list[tuple[str, str | None]] = []
        with self._turn(LIGHT, len(data)):
            for facts, _ in self._ask({"kind": "archive"}, data, LIGHT):
                if len(found) >= limits.MAX_FILES:
                    raise ImageError("The ZIP file holds too much: pack fewer photos at a time.")
                reason = facts.get("reason")
                name = str(facts.get("name", ""))[:MAX_WORDS]
                found.append((name, None if reason is None else str(reason)[:MAX_WORDS]))
        return found

    def video(self, data: bytes, rate: float) -> Frames:
        """A video's frames, at most `rate` a second, 0 for every one. Raises ImageError, BusyError.

        Its turn lasts until the last frame is read, or the decoder is left.
        """
        _require_size(data, "video")
        self._throw_away()  # a video needs a library that others do without
        answers = self._video = self._turn_of_many({"kind": "video", "rate": rate}, data, VIDEOS)
        facts, _ = next(answers)
        seconds, read_rate = float(facts["seconds"]), float(facts["rate"])
        return Frames(seconds, read_rate, int(facts["frames"]), _frames(answers), _notes(facts))

    def _answer(self, request: Mapping[str, Any], data: bytes, lane: Lane) -> Answer:
        """The one answer to a request."""
        with self._turn(lane, len(data)):
            answers = list(self._ask(request, data, lane, most=1))
        if len(answers) != 1:
            raise ImageError("The file cannot be opened safely: save it again as JPEG or PNG.")
        return answers[0]

    def _turn_of_many(
        self, request: Mapping[str, Any], data: bytes, lane: Lane
    ) -> Generator[Answer, None, None]:
        with self._turn(lane, len(data)):
            yield from self._ask(request, data, lane)

    @contextmanager
    def _turn(self, lane: Lane, size: int) -> Iterator[None]:
        """The visitor's turn for a file of `size` bytes."""
        if self._limit is not None:
            self._limit.spend(self._visitor, OPENING_PHOTOS)
        with lane.turns.turn(self._visitor, PATIENCE_SECONDS, cost=size / BYTES_A_SECOND):
            started = time.monotonic()
            try:
                yield
            finally:
                # Who waits needs the memory more; and no process becomes less nice again.
                if lane.turns.is_wanted or lane.niceness:
                    self._throw_away()
                if self._limit is not None:
                    seconds = time.monotonic() - started
                    self._limit.charge(self._visitor, seconds / SECONDS_PER_PHOTO)

    def _ask(
        self, request: Mapping[str, Any], data: bytes, lane: Lane, most: int | None = None
    ) -> Iterator[Answer]:
        """All that a process answers to a request, `most` of it at most.

        Raises ImageError for what it refuses.
        """
        process = self._process = self._process or _take()
        assert process.stdin is not None and process.stdout is not None
        answered, late, count = False, threading.Event(), 0
        try:
            if lane.niceness:
                os.setpriority(os.PRIO_PROCESS, process.pid, lane.niceness)
            with _killed_after(limits.DECODING_SECONDS, process, late):
                write_message(process.stdin, {**request, "cpu_seconds": lane.cpu_seconds}, data)
            while True:
                with _killed_after(limits.DECODING_SECONDS, process, late):
                    facts, payload = read_message(process.stdout)
                answered = "end" in facts or "error" in facts
                if "error" in facts:
                    raise ImageError(" ".join(str(facts["error"]).split())[:MAX_WORDS])
                if answered or count == most:
                    return
                count += 1
                yield facts, payload
        except (MessageError, OSError) as error:
            raise _death(process, late.is_set()) from error
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


def _frames(answers: Iterator[Answer]) -> Iterator[tuple[float, np.ndarray]]:
    """A process that may have been taken over still gives times that grow, within bounds."""
    last = -1.0
    for facts, pixels in answers:
        at = float(facts["at"])
        if not last < at <= 2 * limits.MAX_VIDEO_SECONDS:
            raise ImageError("The video cannot be read safely: save it as MP4 with H.264.")
        last = at
        yield at, _image(facts, pixels)


def _photo(facts: Mapping[str, Any], pixels: bytearray) -> Photo:
    return Photo(_image(facts, pixels), _notes(facts))


def _image(facts: Mapping[str, Any], data: bytearray) -> np.ndarray:
    """(H, W, 3) uint8 of a process that may have been taken over. Raises ImageError."""
    return _pixels(facts, data, 3)


def _pixels(facts: Mapping[str, Any], data: bytearray, *channels: int) -> np.ndarray:
    """(H, W, *channels) uint8; as `_image`."""
    match facts.get("size"):
        case [int(height), int(width)] if height > 0 and width > 0:
            if height * width * math.prod(channels) == len(data):
                return np.frombuffer(data, np.uint8).reshape(height, width, *channels)
    raise ImageError("The image cannot be opened safely: save it again as JPEG or PNG.")


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


def _death(process: Process, late: bool) -> ImageError:
    """What to say of a file whose process is gone."""
    process.kill()
    if process.wait() == -signal.SIGXCPU or late:
        return _SlowError("The file takes too long to open: make it smaller, or save it again.")
    return ImageError("The file cannot be opened safely: save it again as JPEG or PNG.")


_spare: list[Process] = []
_spare_lock = threading.Lock()


def _start() -> Process:
    process = subprocess.Popen(
        COMMAND,
        cwd=settings.ROOT,
        env=ENVIRONMENT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        # Ctrl-C is for the parent process. No session of its own: Linux gives each session an equal
        # share of the cores (autogroup), however nice its processes are.
        process_group=0,
    )
    os.setpriority(os.PRIO_PROCESS, process.pid, NICE)
    return process


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
