"""Uploads go from the network into memory: into the bounded store of visits, never to a disk.

Starlette would write whatever is over 1 MB to a temporary file, and Streamlit would keep any number
of files. So the body is taken here; Streamlit gets the same request with an empty file, checks it,
and knows the file by its id.
"""

import re
import time
from asyncio import timeout
from collections.abc import Callable

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import runtime

from segcore.errors import BusyError
from segcore.images import limits
from studio.visits.memory import FILE, STORE

PATH = re.compile(r"/_stcore/upload_file/(?P<session>[^/]+)/(?P<file>[^/]+)$")
OVERHEAD = limits.MEGABYTE
"""What a request holds besides the file."""

SILENCE_SECONDS = 20.0
"""After which a request whose body stops coming is ended."""

GRACE_SECONDS, SLOWEST = 30.0, 20_000
"""Bytes a second of a body on average, after so many seconds."""


class UploadError(Exception):
    """A request that is refused, with its HTTP status."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class MemoryUploads:
    """ASGI middleware that keeps uploaded files in memory, within each visit's bounds."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = PATH.search(scope["path"]) if scope["type"] == "http" else None
        if path is None or scope["method"] not in ("PUT", "DELETE"):
            await self._app(scope, receive, send)
            return
        visit, file = path["session"], path["file"]
        if scope["method"] == "DELETE":
            await self._app(scope, receive, _when_done(send, lambda: _remove(visit, file)))
            return
        if not runtime.exists() or not runtime.get_instance().is_active_session(visit):
            await self._app(scope, receive, send)  # which refuses it without reading it
            return
        try:
            await self._take(scope, receive, send, visit, file)
        except UploadError as error:
            headers = {"Connection": "close"}
            await PlainTextResponse(str(error), error.status, headers)(scope, receive, send)

    async def _take(
        self, scope: Scope, receive: Receive, send: Send, visit: str, file: str
    ) -> None:
        headers = Headers(scope=scope)
        size = _size(headers)
        try:
            STORE.reserve(visit, FILE, file, size)
        except BusyError as error:
            raise UploadError(413, str(error)) from error
        is_kept = False

        def keep() -> None:
            nonlocal is_kept
            STORE.put(visit, FILE, file, body.content())
            is_kept = True

        try:
            body = _Body(headers.get("content-type", ""))
            await _read(receive, body, size)
            empty = body.without_content()
            raw = [pair for pair in scope["headers"] if pair[0].lower() not in _OF_THE_BODY]
            raw += [(b"content-type", body.type), (b"content-length", b"%d" % len(empty))]
            await self._app({**scope, "headers": raw}, _saying(empty), _when_done(send, keep))
        finally:
            if not is_kept:
                STORE.remove(visit, FILE, file)


_OF_THE_BODY = (b"content-type", b"content-length", b"transfer-encoding")


class _Body:
    """A multipart body with one file, as it comes."""

    def __init__(self, content_type: str) -> None:
        _, parameters = parse_options_header(content_type)
        self._boundary = parameters.get(b"boundary", b"")
        self._data, self._parts = bytearray(), 0
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
            raise UploadError(400, "The upload is damaged: try again.") from error

    def content(self) -> bytes:
        return bytes(self._data)

    def without_content(self) -> bytes:
        """The same body with an empty file."""
        head = b"".join(self._fields)
        return b"--%b\r\n%b\r\n\r\n--%b--\r\n" % (self._boundary, head, self._boundary)

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > 1:
            raise UploadError(400, "An upload is one file.")

    def _add_header(self, part: bytes) -> None:
        self._fields.append(part)
        if sum(map(len, self._fields)) > limits.MEGABYTE // 16:
            raise UploadError(400, "The upload's name is too long.")

    def _add(self, data: bytes, start: int, end: int) -> None:
        self._data += memoryview(data)[start:end]
        if len(self._data) > limits.MAX_FILE_BYTES:
            raise UploadError(413, _TOO_LARGE)


_TOO_LARGE = f"The file is larger than {limits.MAX_FILE_BYTES // limits.MEGABYTE} MB."


def _size(headers: Headers) -> int:
    """What to expect; the most that there may be where nothing is said."""
    most = limits.MAX_FILE_BYTES + OVERHEAD
    try:
        size = int(headers.get("content-length", most))
    except ValueError:
        raise UploadError(400, "The upload does not say how large it is.") from None
    if not 0 <= size <= most:
        raise UploadError(413, _TOO_LARGE)
    return size


async def _read(receive: Receive, body: _Body, size: int) -> None:
    """Reads a request's body; whoever sends too slowly is refused."""
    started, count = time.monotonic(), 0
    while True:
        try:
            async with timeout(SILENCE_SECONDS):
                message = await receive()
        except TimeoutError:
            raise UploadError(408, "The upload has stopped: try again.") from None
        if message["type"] == "http.disconnect":
            raise UploadError(400, "The upload was broken off.")
        chunk = message.get("body", b"")
        count += len(chunk)
        if count > size:
            raise UploadError(413, _TOO_LARGE)
        body.write(chunk)
        if not message.get("more_body"):
            return
        if count < SLOWEST * (time.monotonic() - started - GRACE_SECONDS):
            raise UploadError(408, "The upload is too slow: try again with a smaller file.")


def _saying(body: bytes) -> Receive:
    """A request's body that was read already."""

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _when_done(send: Send, then: Callable[[], None]) -> Send:
    """Calls `then` once the request turns out to be granted, before its sender hears of it."""

    async def send_after(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] < 300:
            then()
        await send(message)

    return send_after


def _remove(visit: str, file: str) -> None:
    STORE.remove(visit, FILE, file)
