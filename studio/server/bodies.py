"""Bodies of requests: read into memory within bounds; a sender of too much, or one too slow, is
refused."""

import time
from asyncio import timeout
from collections.abc import Callable

import numpy as np
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.datastructures import Headers
from starlette.types import Receive

from segcore.images import limits

OVERHEAD = limits.MEGABYTE
"""What a request holds besides the file."""

SILENCE_SECONDS = 20.0
"""After which a request whose body stops coming is ended."""

GRACE_SECONDS, SLOWEST = 30.0, 20_000
"""Bytes a second of a body on average, after so many seconds."""

TOO_LARGE = f"The file is larger than {limits.MAX_FILE_BYTES // limits.MEGABYTE} MB."


class RequestError(Exception):
    """A request that is refused, with its HTTP status."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def expected_size(headers: Headers) -> int:
    """What to expect; the most that there may be where nothing is said. Raises RequestError."""
    most = limits.MAX_FILE_BYTES + OVERHEAD
    try:
        size = int(headers.get("content-length", most))
    except ValueError:
        raise RequestError(400, "The request does not say how large it is.") from None
    if not 0 <= size <= most:
        raise RequestError(413, TOO_LARGE)
    return size


async def read_body(receive: Receive, write: Callable[[bytes], None], size: int) -> None:
    """Passes a body of at most `size` bytes on as it comes. Raises RequestError."""
    started, count = time.monotonic(), 0
    while True:
        try:
            async with timeout(SILENCE_SECONDS):
                message = await receive()
        except TimeoutError:
            raise RequestError(408, "The upload has stopped: try again.") from None
        if message["type"] == "http.disconnect":
            raise RequestError(400, "The upload was broken off.")
        chunk = message.get("body", b"")
        count += len(chunk)
        if count > size:
            raise RequestError(413, TOO_LARGE)
        write(chunk)
        if not message.get("more_body"):
            return
        if count < SLOWEST * (time.monotonic() - started - GRACE_SECONDS):
            raise RequestError(408, "The upload is too slow: try again with a smaller file.")


class OneFile:
    """A multipart body with one file, as it comes.

    Args:
        size: bytes of the whole body at most.

    Raises:
        RequestError: when something else comes.
    """

    def __init__(self, content_type: str, size: int) -> None:
        _, parameters = parse_options_header(content_type)
        self._boundary = parameters.get(b"boundary", b"")
        # Takes memory only as far as it is filled, and leaves no gaps by growing.
        most = min(size, limits.MAX_FILE_BYTES)
        self._data, self._size, self._parts = np.empty(most, np.uint8), 0, 0
        self._fields: list[bytes] = []
        self._parser = MultipartParser(
            self._boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": lambda data, start, end: self._add_header(data[start:end]),
                "on_header_value": lambda data, start, end: self._add_header(
                    b": " + data[start:end]
                ),
                "on_header_end": lambda: self._add_header(b"\r\n"),
                "on_part_data": self._add,
            },
        )
        self.type = b"multipart/form-data; boundary=" + self._boundary

    def write(self, chunk: bytes) -> None:
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise RequestError(400, "The upload is damaged: try again.") from error

    def content(self) -> bytes:
        return self._data[: self._size].tobytes()

    def drop(self) -> None:
        """Frees the content at once: the parser and its callbacks hold each other until Python next
        looks for cycles, and by then many such bodies may have come."""
        self._data = np.empty(0, np.uint8)

    def without_content(self) -> bytes:
        """The same body with an empty file."""
        head = b"".join(self._fields)
        return b"--%b\r\n%b\r\n\r\n--%b--\r\n" % (self._boundary, head, self._boundary)

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > 1:
            raise RequestError(400, "An upload is one file.")

    def _add_header(self, part: bytes) -> None:
        self._fields.append(part)
        if sum(map(len, self._fields)) > limits.MEGABYTE // 16:
            raise RequestError(400, "The upload's name is too long.")

    def _add(self, data: bytes, start: int, end: int) -> None:
        ends = self._size + end - start
        if ends > len(self._data):
            raise RequestError(413, TOO_LARGE)
        self._data[self._size : ends] = np.frombuffer(data, np.uint8)[start:end]
        self._size = ends
