"""The gate of the admin page, as a visitor meets it."""

import argon2
import pytest
from admin_visit import PAGE, QUICK, begin_anew, button, enqueue, signed_in_page
from drawn_pages import text
from streamlit.testing.v1 import AppTest

from pages.shared.admin import gate
from pages.shared.parts import PART
from segcore import jobs
from segcore.admin import audit
from segcore.jobs import State
from segcore.jobs.admission import ADMISSIONS


@pytest.fixture(autouse=True)
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What asked for a worker."""
    return begin_anew(monkeypatch)


@pytest.fixture
def page() -> AppTest:
    return signed_in_page()


def printed_token(capsys: pytest.CaptureFixture[str]) -> str:
    lines = [line for line in capsys.readouterr().out.splitlines() if "Admin token: " in line]
    assert len(lines) == 1
    return lines[0].partition("Admin token: ")[2]


def test_a_visitor_sees_the_sign_in_and_nothing_else() -> None:
    enqueue(QUICK)
    app = AppTest.from_file(PAGE, default_timeout=30).run()
    assert not app.exception
    assert [element.label for element in app.button] == ["Sign in"]
    assert not app.selectbox
    assert "quick-unet" not in text(app)


def test_an_address_signs_nobody_in() -> None:
    app = AppTest.from_file(PAGE, default_timeout=30)
    for key in (gate.ADMISSION, PART, "recipe", "token", "password", "signed_in"):
        app.query_params[key] = "Train"
    app.run()
    assert not app.exception
    assert [element.label for element in app.button] == ["Sign in"]
    assert jobs.list_jobs() == []


def test_the_printed_token_signs_in_once(capsys: pytest.CaptureFixture[str]) -> None:
    app = AppTest.from_file(PAGE, default_timeout=30).run()
    token = printed_token(capsys)
    app.text_input[0].input("guess")
    button(app, "Sign in")()
    assert "not the token" in text(app)
    app.text_input[0].input(token)
    button(app, "Sign in")()
    assert not app.exception
    assert "Start training" in [element.label for element in app.button]

    assert printed_token(capsys) != token
    other = AppTest.from_file(PAGE, default_timeout=30).run()
    other.text_input[0].input(token)
    button(other, "Sign in")()
    assert "not the token" in text(other)


def test_a_configured_password_replaces_the_token(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hashed = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("correct")
    monkeypatch.setenv("SEGCORE_ADMIN_PASSWORD_HASH", hashed)
    app = AppTest.from_file(PAGE, default_timeout=30).run()
    assert "Admin token" not in capsys.readouterr().out
    app.text_input[0].input("wrong")
    button(app, "Sign in")()
    assert "not the password" in text(app)
    app.text_input[0].input("correct")
    button(app, "Sign in")()
    assert "Start training" in [element.label for element in app.button]


def test_a_thousand_wrong_passwords_cost_ten_hashes_in_a_quarter_of_an_hour(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, hashes = 0.0, 0

    def matches(password_hash: str, password: str) -> bool:
        nonlocal hashes
        hashes += 1
        return password == "correct"

    monkeypatch.setattr(gate, "_matches", matches)
    slow = gate.Gate(lambda: clock)
    for attempt in range(1000):
        clock = attempt * 0.9
        with pytest.raises(gate.GateError):
            slow.admit("wrong", "hash")
    assert 5 <= hashes <= 10
    with pytest.raises(gate.GateError, match="try again in"):
        slow.admit("correct", "hash")
    clock += 900
    slow.admit("correct", "hash")


def test_a_signed_out_page_cannot_act(page: AppTest) -> None:
    page.run()
    button(page, "Sign out")()
    assert "Start training" not in [element.label for element in page.button]


def test_every_action_asks_for_the_pass_again_and_is_kept_on_record(page: AppTest) -> None:
    page.run()
    button(page, "Start training")()
    assert audit.latest()[0]["by"] == "tester"
    assert audit.latest()[0]["what"] == "quick-unet on streets is in the queue"
    ADMISSIONS.revoke(page.session_state[gate.ADMISSION])  # signed out in another tab
    button(page, "Remove")()
    assert [job.state for job in jobs.list_jobs()] == [State.QUEUED]
    assert "Sign in" in [element.label for element in page.button]


def test_an_account_gets_in_only_if_it_is_on_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGCORE_ADMIN_ADDRESSES", "boss@example.org")
    user: dict[str, object] = {"is_logged_in": False}
    monkeypatch.setattr(gate.st, "user", user)
    app = AppTest.from_file(PAGE, default_timeout=30).run()
    assert [element.label for element in app.button] == ["Sign in with your account"]
    button(app, "Sign in with your account")()
    assert not app.exception
    assert "Accounts are not set up" in text(app)
    user |= {"is_logged_in": True, "email": "guest@example.org"}
    app.run()
    assert "guest@example.org is not on this dashboard's list" in text(app)
    user |= {"email": "Boss@example.org", "email_verified": False}
    app.run()
    assert "Start training" not in [element.label for element in app.button]
    user |= {"email_verified": True}
    app.run()
    assert "Start training" in [element.label for element in app.button]
