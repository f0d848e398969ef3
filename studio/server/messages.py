"""Messages of browsers: only those that a visitor's page needs reach Streamlit."""

from google.protobuf.message import DecodeError
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg

NEEDED = frozenset(
    "rerun_script stop_script file_urls_request app_heartbeat backend_operation_request".split()
)
"""Others act on the whole server: `clear_cache` empties the caches of all visitors."""

MOST_VISITS = 1000
"""WebSockets at the same time, one for each page that is open."""

TRY_AGAIN_LATER = 1013


class VisitorMessages:
    """ASGI middleware that passes on what a page needs, of so many visits at once."""

    def __init__(self, app: ASGIApp) -> None:
        self._app, self._visits = app, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        if self._visits >= MOST_VISITS:
            await receive()
            await send({"type": "websocket.close", "code": TRY_AGAIN_LATER})
            return

        async def receive_needed() -> Message:
            while True:
                message = await receive()
                if message["type"] != "websocket.receive" or is_needed(message.get("bytes")):
                    return message

        self._visits += 1
        try:
            await self._app(scope, receive_needed, send)
        finally:
            self._visits -= 1


def is_needed(data: bytes | None) -> bool:
    """Whether Streamlit may see it; what is no message at all, Streamlit refuses by itself."""
    message = BackMsg()
    try:
        message.ParseFromString(data or b"")
    except DecodeError:
        return True
    return message.WhichOneof("type") in NEEDED or not data
