"""A sign-in that outlives reloading the page, in the same browser.

Streamlit's session ends with the page, and it has no way to set a cookie: it talks over a
WebSocket. So a page of someone who has just signed in posts a ticket, good for once and a minute,
to a route of the server's own (`studio.server.routes`), which answers with the pass in a cookie:
HttpOnly, so that no script reads it, SameSite=Strict, so that no other site's page sends it, and
gone with the browser. It opens no more than the session did: it ends when the pass is revoked or
twelve hours old.
"""

import functools
import secrets
import threading
import time
from collections.abc import Callable
from typing import Any

import streamlit as st
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from segcore.jobs.admission import ADMISSIONS, Admission

TICKET_SECONDS = 60.0
TICKET_BYTES = 24
MAX_BODY = 200
TICKET = "ticket"
"""Key of the session: what its page posts to the route."""


class Tickets:
    """Tickets for passes; each is taken once, within a minute. Safe to share between threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._open: dict[str, tuple[Admission, float]] = {}

    def issue(self, admission: Admission) -> str:
        now, ticket = self._clock(), secrets.token_urlsafe(TICKET_BYTES)
        with self._lock:
            self._open = {t: kept for t, kept in self._open.items() if kept[1] > now}
            self._open[ticket] = admission, now + TICKET_SECONDS
        return ticket

    def take(self, ticket: str) -> Admission | None:
        """The pass that the ticket is for, or None: unknown, used or too late."""
        with self._lock:
            admission, until = self._open.pop(ticket, (None, 0.0))
        return admission if until > self._clock() else None


TICKETS = Tickets()


def begin(admission: Admission) -> None:
    """Has the page of this visit ask for the cookie; `ask` draws what does so."""
    st.session_state[TICKET] = TICKETS.issue(admission)


def ask() -> None:
    """Mounts what posts the ticket of a sign-in, which shows nothing."""
    if TICKET in st.session_state:
        _mount()(key="stay", data={"ticket": st.session_state[TICKET]})


def admission() -> Admission | None:
    """The pass in the browser's cookie, as it was when the page was loaded."""
    key = st.context.cookies.get(_cookie())
    return ADMISSIONS.with_key(key) if isinstance(key, str) else None


@functools.cache
def _mount() -> Any:
    from studio.component import component  # not before a page needs it

    return component("stay", "admin/stay.js")


def _cookie() -> str:
    """Cookies are of a host, whatever the port: another dashboard beside it has its own."""
    return f"segmentation_studio_{st.get_option('server.port')}"


async def answer(request: Request) -> Response:
    """The cookie for a ticket; without one that holds the same answer, and no cookie."""
    response = Response(status_code=204, headers={"Cache-Control": "no-store"})
    if request.headers.get("origin") != f"{request.url.scheme}://{request.url.netloc}":
        return Response(status_code=403)
    body = b""
    try:
        async for part in request.stream():
            body += part
            if len(body) > MAX_BODY:
                return Response(status_code=413)
    except ClientDisconnect:
        return response
    admitted = TICKETS.take(body.decode(errors="replace"))
    if admitted is not None:
        response.set_cookie(
            _cookie(),
            admitted.key,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
    return response
