"""Uploads go from the network into memory: into the bounded store of visits, never to a disk.

Starlette would write whatever is over 1 MB to a temporary file, and Streamlit would keep any number
of files. So the body is taken here; Streamlit gets the same request with an empty file, checks it,
and knows the file by its id.
"""

from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import runtime

from segcore.errors import BusyError
from studio.server.bodies import OneFile, RequestError, expected_size, read_body
from studio.server.paths import UPLOAD
from studio.visits.memory import FILE, STORE


class MemoryUploads:
    """ASGI middleware that keeps uploaded files in memory, within each visit's bounds."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = UPLOAD.search(scope["path"]) if scope["type"] == "http" else None
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
        except RequestError as error:
            headers = {"Connection": "close"}
            await PlainTextResponse(str(error), error.status, headers)(scope, receive, send)

    async def _take(
        self, scope: Scope, receive: Receive, send: Send, visit: str, file: str
    ) -> None:
        headers = Headers(scope=scope)
        size = expected_size(headers)
        body = OneFile(headers.get("content-type", ""), size)
        try:
            STORE.reserve(visit, FILE, file, size)
        except BusyError as error:
            raise RequestError(413, str(error)) from error
        is_kept = False

        def keep() -> None:
            nonlocal is_kept
            STORE.put(visit, FILE, file, body.content())
            is_kept = True

        def write(chunk: bytes) -> None:
            if not STORE.holds(visit, FILE, file):
                raise RequestError(503, "The server is short of memory: try again in a minute.")
            body.write(chunk)

        try:
            await read_body(receive, write, size)
            empty = body.without_content()
            raw = [pair for pair in scope["headers"] if pair[0].lower() not in _OF_THE_BODY]
            raw += [(b"content-type", body.type), (b"content-length", b"%d" % len(empty))]
            await self._app({**scope, "headers": raw}, _saying(empty), _when_done(send, keep))
        finally:
            body.drop()
            if not is_kept:
                STORE.remove(visit, FILE, file)


_OF_THE_BODY = (b"content-type", b"content-length", b"transfer-encoding")


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
