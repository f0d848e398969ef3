"""The process that opens untrusted files: `python -m segcore.images.decoder_sandbox`.

Reads requests from its standard input and answers on its standard output, as `messages` says. It
may use little memory and time, writes no file, and knows nothing that is worth stealing: what a
hostile file can break is this process, and `decoder.Decoder` throws that away.
"""

import encodings.cp437  # noqa: F401 -- of the names in ZIP files, loaded late otherwise
import resource
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pillow_heif
from PIL import AvifImagePlugin, Image

from segcore.errors import ImageError
from segcore.images import archives as photo_archives
from segcore.images import decode_photo, limits, videos
from segcore.images.decoding import expected_seconds
from segcore.images.ids import decode_ids
from segcore.images.messages import MessageError, Payload, read_message, write_message

Answers = Iterator[tuple[dict[str, Any], Payload]]


def photo(facts: Mapping[str, Any], data: bytes) -> Answers:
    if facts.get("entry") is not None:
        data = photo_archives.read_file(data, int(facts["entry"]))
    if facts["is_light"] and expected_seconds(data) > limits.LIGHT_SECONDS:
        yield {"is_heavy": True}, b""
        return
    decoded = decode_photo(data, int(facts["kept_pixels"]))
    size = decoded.image.shape[:2]
    yield {"size": size, "notes": decoded.notes}, decoded.image.reshape(-1).data


def ids(facts: Mapping[str, Any], data: bytes) -> Answers:
    values = decode_ids(data)
    yield {"size": values.shape}, values.reshape(-1).data


def archive(facts: Mapping[str, Any], data: bytes) -> Answers:
    for name, reason in photo_archives.list_files(data):
        yield {"name": name, "reason": reason}, b""


def video(facts: Mapping[str, Any], data: bytes) -> Answers:
    film = videos.open_video(data, float(facts["rate"]))
    found = {"seconds": film.seconds, "rate": film.rate, "frames": film.count}
    yield {**found, "notes": film.notes}, b""
    for at, image in film.images:
        yield {"at": at, "size": image.shape[:2]}, image.reshape(-1).data


ANSWERS: dict[str, Callable[[Mapping[str, Any], bytes], Answers]] = {
    "photo": photo,
    "ids": ids,
    "archive": archive,
    "video": video,
}
OPEN_FILES = 3
"""Standard input, output and error; all else that is needed is loaded by then."""

STATM = Path("/proc/self/statm")


def main() -> None:
    pillow_heif.options.DECODE_THREADS = 2
    AvifImagePlugin.DEFAULT_MAX_THREADS = 2
    Image.init()  # loads what is loaded with the first image otherwise
    _bound_memory()
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    while True:
        try:
            facts, data = read_message(requests)
        except MessageError:  # nobody asks any more
            return
        kind = str(facts["kind"])
        if kind == "video":
            import av.subtitles.stream  # noqa: F401 -- which PyAV loads late
        _deny_system_calls()
        _allow_cpu(int(facts["cpu_seconds"]))
        try:
            for said, payload in ANSWERS[kind](facts, bytes(data)):
                write_message(answers, said, payload)
            write_message(answers, {"end": True})
        except ImageError as error:
            write_message(answers, {"error": str(error)})


def _bound_memory() -> None:
    """Limits this process to the memory that a photo may take."""
    if STATM.exists():  # what is mapped but not in memory, libraries mostly, does not count
        mapped, resident = map(int, STATM.read_text().split()[:2])
        unused = (mapped - resident) * resource.getpagesize()
        _limit(resource.RLIMIT_AS, unused + limits.DECODING_BYTES)


def _deny_system_calls() -> None:
    """Denies this process files, connections and child processes."""
    _limit(resource.RLIMIT_NOFILE, OPEN_FILES)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_CORE, 0)


def _limit(what: int, most: int) -> None:
    resource.setrlimit(what, (most, most))


def _allow_cpu(seconds: int) -> None:
    """So many seconds of processor time from now; the kernel ends the process after them."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = int(used.ru_utime + used.ru_stime) + 1 + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))


if __name__ == "__main__":
    main()
