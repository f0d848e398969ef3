"""The server's connections: none waits for ever, and addresses are those of the network.

Streamlit starts uvicorn and offers no way to set these; uvicorn is who minds the signals.
"""

import asyncio
import resource
import signal
import time
from typing import Any

import uvicorn
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from segcore import settings
from studio.server.paths import PREDICT, UPLOAD

GRACE_SECONDS = 3
"""How long a server that is told to end waits for what visitors are still being sent."""

HEAD_SECONDS = 10.0
"""What a browser may take from connecting, or from its last answer, to the end of its request's
headers."""

BODY_SECONDS = 60.0
"""What its body may take; of an upload's, `bodies` says that."""

MOST_WAITING = 200
"""Connections without a request; of more, those that have waited longest are ended."""

LOOK_SECONDS = 0.5
OPEN_FILES = 8192


def running_server() -> uvicorn.Server | None:
    """The server that this process runs in; None in tests, or in any other server."""
    minding = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    return minding if isinstance(minding, uvicorn.Server) else None


def set_up(server: uvicorn.Server) -> None:
    """Before the first connection: a bounded end, room for connections, and whom to believe.

    uvicorn believes what anybody on the same machine says about where a request comes from
    (X-Forwarded-For); here only those that `SEGCORE_TRUSTED_PROXIES` names.
    """
    server.config.timeout_graceful_shutdown = GRACE_SECONDS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    app = server.config.loaded_app
    if isinstance(app, ProxyHeadersMiddleware):
        app = app.app
    proxies = settings.trusted_proxies()
    server.config.loaded_app = ProxyHeadersMiddleware(app, proxies) if proxies else app


async def end_idle_connections(server: uvicorn.Server) -> None:
    """Ends connections whose request does not come, until it is cancelled."""
    waiting: dict[Any, float] = {}  # connection -> since when it has no request
    sending: dict[Any, float] = {}  # connection -> since when its body is on the way
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        now = time.monotonic()
        waiting = {
            one: waiting.get(one, now)
            for one in server.server_state.connections
            if _has_no_request(one)
        }
        too_many = len(waiting) - MOST_WAITING
        oldest = sorted(waiting, key=lambda one: waiting[one])
        for number, one in enumerate(oldest):
            if number < too_many or now - waiting[one] > HEAD_SECONDS:
                one.transport.abort()
        sending = {
            one: sending.get(one, now)
            for one in server.server_state.connections
            if _has_half_a_body(one)
        }
        for one, since in sending.items():
            if now - since > BODY_SECONDS:
                one.transport.abort()


def _has_half_a_body(connection: Any) -> bool:
    """Whether a request's body is still coming, other than an upload's."""
    cycle = getattr(connection, "cycle", None)
    if cycle is None or cycle.response_complete or not cycle.more_body:
        return False
    path = cycle.scope["path"]
    return path != PREDICT and UPLOAD.search(path) is None


def _has_no_request(connection: Any) -> bool:
    """Whether it is open, speaks HTTP, and neither has a request nor is being answered."""
    cycle = getattr(connection, "cycle", connection)  # a WebSocket has none of that name
    return cycle is None or (cycle is not connection and bool(cycle.response_complete))
