"""Scripts of ours that a browser runs before Streamlit's own."""

from pathlib import Path

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONDITIONS = (b"accept-encoding", b"if-none-match", b"if-modified-since", b"range")
"""Headers of a request that would get a page packed, in parts, or not at all."""


class HeadScript:
    """ASGI middleware: puts a script first into the head of every HTML page."""

    def __init__(self, app: ASGIApp, code: str) -> None:
        self._app = app
        self._tag = f"<head><script>{code}</script>".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or "text/html" not in Headers(scope=scope).get("accept", ""):
            await self._app(scope, receive, send)
            return
        headers = [(name, value) for name, value in scope["headers"] if name not in CONDITIONS]
        await self._app({**scope, "headers": headers}, receive, _Inserting(send, self._tag))


class _Inserting:
    """Sends what it is given, an HTML page in one piece with the tag in it."""

    def __init__(self, send: Send, tag: bytes) -> None:
        self._send = send
        self._tag = tag
        self._start: Message | None = None
        self._page = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            if Headers(raw=message["headers"]).get("content-type", "").startswith("text/html"):
                self._start = message
                return
        elif self._start is not None:
            self._page += message.get("body", b"")
            if message.get("more_body", False):
                return
            message = {"type": "http.response.body", "body": self._inserted(self._start)}
            await self._send(self._start)
        await self._send(message)

    def _inserted(self, start: Message) -> bytes:
        page = self._page.replace(b"<head>", self._tag, 1)
        headers = MutableHeaders(raw=start["headers"])
        headers["content-length"] = str(len(page))
        for name in ("etag", "last-modified", "accept-ranges"):  # of the page without it
            del headers[name]
        return page


_FILES = [Path(__file__).with_name(name) for name in ("history.js", "menu.js")]

SCRIPTS = Middleware(HeadScript, code="\n".join(path.read_text() for path in _FILES))
"""One step of a visitor is one step of the browser's Back; the menu of a phone closes."""
