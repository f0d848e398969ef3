"""A sign-in that outlives reloading the page."""

import asyncio
from http.cookies import SimpleCookie

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message
from streamlit.testing.v1 import AppTest

from segcore.jobs.admission import ADMISSIONS, Admissions
from studio.admin import gate, stay
from tests.studio.admin_visit import PAGE, begin_anew, button
from tests.studio.drawn_pages import text

HERE = "http://localhost:8501"


@pytest.fixture(autouse=True)
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    return begin_anew(monkeypatch)


def post(body: bytes, origin: str = HERE) -> Response:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    scheme, _, host = HERE.partition("://")
    headers = [(b"host", host.encode()), (b"origin", origin.encode())]
    scope = {
        "type": "http", "method": "POST", "path": "/stay", "query_string": b"", "scheme": scheme,
        "headers": headers, "server": ("localhost", 8501),
    }  # fmt: skip
    return asyncio.run(stay.answer(Request(scope, receive)))


def cookies(response: Response) -> SimpleCookie:
    return SimpleCookie(response.headers.get("set-cookie"))


def test_a_ticket_is_exchanged_once_for_a_cookie_that_no_script_reads() -> None:
    admission = ADMISSIONS.issue("tester")
    ticket = stay.TICKETS.issue(admission).encode()
    ((_, cookie),) = cookies(post(ticket)).items()
    assert cookie["httponly"] and cookie["samesite"] == "strict"
    assert not cookie["max-age"] and not cookie["expires"]  # gone with the browser
    assert ADMISSIONS.with_key(cookie.value) == admission
    assert not cookies(post(ticket))


def test_no_other_site_gets_a_cookie_set() -> None:
    ticket = stay.TICKETS.issue(ADMISSIONS.issue("tester")).encode()
    assert post(ticket, origin="https://elsewhere.example").status_code == 403
    assert cookies(post(ticket))  # and the ticket is still good


@pytest.mark.parametrize("body", [b"", b"guess", b"\xff" * 20, b"x" * 100_000])
def test_what_is_no_ticket_gets_none(body: bytes) -> None:
    assert not cookies(post(body))


def test_a_ticket_is_good_for_a_minute() -> None:
    clock = [0.0]
    tickets = stay.Tickets(lambda: clock[0])
    first, second = (tickets.issue(ADMISSIONS.issue("tester")) for _ in range(2))
    clock[0] = stay.TICKET_SECONDS - 1
    assert tickets.take(first) is not None
    clock[0] += 2
    assert tickets.take(second) is None


def test_a_key_opens_as_long_as_its_pass_holds() -> None:
    clock = [0.0]
    admissions = Admissions(lambda: clock[0])
    admission, other = admissions.issue("tester"), admissions.issue("other")
    assert admissions.with_key(admission.key) == admission
    assert admissions.with_key("") is None and admissions.with_key("ä") is None
    admissions.revoke_all_of(admission)
    assert admissions.with_key(admission.key) is None
    clock[0] = 13 * 3600
    assert admissions.with_key(other.key) is None


def test_the_page_loaded_anew_with_the_cookie_is_signed_in_until_sign_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = ADMISSIONS.issue("tester")
    monkeypatch.setattr(stay, "admission", lambda: ADMISSIONS.with_key(kept.key))
    app = AppTest.from_file(PAGE, default_timeout=30).run()
    assert "Sign in to retrain" not in text(app)
    assert app.session_state[gate.ADMISSION] == kept
    button(app, "Sign out")()
    assert [element.label for element in app.button] == ["Sign in"]
    again = AppTest.from_file(PAGE, default_timeout=30).run()
    assert [element.label for element in again.button] == ["Sign in"]
