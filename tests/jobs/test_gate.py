"""The gate of the admin page, as a visitor meets it."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import argon2
import pytest
from streamlit.testing.v1 import AppTest

from segcore import jobs
from segcore.jobs import State, audit
from segcore.jobs import gate as admin_gate
from segcore.jobs.admission import ADMISSIONS
from studio.admin import gate
from studio.widgets.parts import PART
from tests.studio.admin_visit import PAGE, QUICK, begin_anew, button, enqueue, signed_in_page
from tests.studio.drawn_pages import text


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


class Hashes:
    """Counts the passwords that are looked at; "correct" is right."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count, self.now = 0, 0.0
        monkeypatch.setattr(admin_gate, "_matches", self.matches)
        self.gate = admin_gate.Gate(lambda: self.now)

    def matches(self, password_hash: str, password: str) -> bool:
        self.count += 1
        return password == "correct"

    def is_refused(self, secret: str, visit: str, address: str | None = None) -> bool:
        try:
            self.gate.admit(secret, "hash", visit, address)
        except admin_gate.GateError:
            return True
        return False


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> Hashes:
    return Hashes(monkeypatch)


def test_a_thousand_wrong_passwords_cost_ten_hashes_in_a_quarter_of_an_hour(
    hashes: Hashes,
) -> None:
    for attempt in range(1000):
        hashes.now = attempt * 0.9
        assert hashes.is_refused("wrong", "guesser")
    assert 5 <= hashes.count <= 10
    assert hashes.is_refused("correct", "guesser")
    hashes.now += 900
    assert not hashes.is_refused("correct", "guesser")


def test_one_password_is_hashed_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    gate, at_work = admin_gate.Gate(), threading.Lock()

    def matches(*_: str) -> bool:
        alone = at_work.acquire(blocking=False)
        time.sleep(0.05)
        if alone:
            at_work.release()
        return alone

    monkeypatch.setattr(admin_gate, "_matches", matches)
    with ThreadPoolExecutor(4) as pool:  # whoever is not alone is refused
        list(pool.map(lambda visit: gate.admit("any", "hash", visit), "abcd"))


def test_who_guesses_holds_up_nobody_else(hashes: Hashes) -> None:
    for _ in range(50):
        hashes.is_refused("wrong", "guesser", "192.0.2.1")
    assert hashes.count == 5
    assert not hashes.is_refused("correct", "admin", "192.0.2.2")
    assert not hashes.is_refused("correct", "admin at home", "192.0.2.1")


def test_another_visit_for_each_five_passwords_is_of_no_use(hashes: Hashes) -> None:
    for attempt in range(200):
        hashes.is_refused("wrong", f"visit {attempt // 5}", "192.0.2.1")
    assert hashes.count == 20


def test_the_throttle_does_not_end_after_any_number_of_attempts(hashes: Hashes) -> None:
    for _ in range(1100):
        assert hashes.is_refused("wrong", "guesser", "192.0.2.1")
        hashes.now += 900.0
    assert hashes.count == 1100
    assert hashes.is_refused("wrong", "guesser") and hashes.is_refused("correct", "guesser")
    assert hashes.count == 1101


def test_a_token_on_the_console_lets_in_who_has_to_wait(
    hashes: Hashes, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(5):
        hashes.is_refused("wrong", "admin")
    assert "Admin token" not in capsys.readouterr().out
    assert hashes.is_refused("correct", "admin")
    token = printed_token(capsys)
    assert not hashes.is_refused(token, "admin")
    assert hashes.is_refused(token, "admin")  # it works once


def test_a_token_is_never_locked_and_long_enough(capsys: pytest.CaptureFixture[str]) -> None:
    slow = admin_gate.Gate(lambda: 0.0)
    slow.announce()
    token = printed_token(capsys)
    assert len(token) >= 256 / 6
    for _ in range(100):
        with pytest.raises(admin_gate.GateError, match="not the token"):
            slow.admit("guess", None, "guesser")
    assert len(audit.latest()) == 1  # nobody fills the log
    slow.admit(token, None, "guesser")


@pytest.mark.parametrize("sent", [3, b"token", ["a"], "x" * 2000, "\ud800"])
def test_what_no_form_sends_is_a_sentence(sent: object) -> None:
    with pytest.raises(admin_gate.GateError):
        admin_gate.Gate().admit(sent, "hash" if sent == 3 else None, "visit")  # type: ignore[arg-type]
    assert not ADMISSIONS.is_valid(sent)  # type: ignore[arg-type]


def test_signing_out_ends_every_tab_and_is_on_record(page: AppTest) -> None:
    other, someone = signed_in_page().run(), AppTest.from_file(PAGE, default_timeout=30)
    someone.session_state[gate.ADMISSION] = ADMISSIONS.issue("someone else")
    page.run()
    button(page, "Sign out")()
    assert "Start training" not in [element.label for element in page.button]
    assert (audit.latest()[0].by, audit.latest()[0].what) == ("tester", "signed out")
    button(other, "Start training")()
    assert jobs.list_jobs() == []
    assert "Start training" in [element.label for element in someone.run().button]


def test_signing_out_of_an_account_ends_it_in_tabs_that_are_still_logged_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SEGCORE_ADMIN_ADDRESSES", "boss@example.org")
    user = {"is_logged_in": True, "email": "boss@example.org", "email_verified": True, "iat": 1}
    monkeypatch.setattr(gate.st, "user", user)
    monkeypatch.setattr(gate.st, "logout", lambda: None)
    tabs = [AppTest.from_file(PAGE, default_timeout=30).run() for _ in range(2)]
    button(tabs[0], "Sign out")()
    tabs.append(AppTest.from_file(PAGE, default_timeout=30))
    for tab in tabs:
        assert [element.label for element in tab.run().button] == ["Sign in again"]
    user["iat"] = 2  # logged in again
    later = AppTest.from_file(PAGE, default_timeout=30).run()
    assert "Start training" in [element.label for element in later.button]


def test_every_action_asks_for_the_pass_again_and_is_kept_on_record(page: AppTest) -> None:
    page.run()
    button(page, "Start training")()
    assert audit.latest()[0].by == "tester"
    assert audit.latest()[0].what == "quick-unet on Streets (built in): queued"
    ADMISSIONS.revoke_all_of(page.session_state[gate.ADMISSION])  # signed out in another tab
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
    user |= {"email": "Boss@example.org", "email_verified": False, "iss": "https://id.example.org"}
    app.run()
    assert "does not say that boss@example.org is verified" in text(app)
    user.pop("email_verified")
    app.run()
    assert "Start training" not in [element.label for element in app.button]
    monkeypatch.setenv("SEGCORE_VERIFYING_PROVIDERS", "https://id.example.org")
    app.run()
    assert "Start training" in [element.label for element in app.button]


def test_a_provider_that_says_so_needs_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGCORE_ADMIN_ADDRESSES", "boss@example.org")
    user = {"is_logged_in": True, "email": "Boss@example.org", "email_verified": True, "iat": 5}
    monkeypatch.setattr(gate.st, "user", user)
    app = AppTest.from_file(PAGE, default_timeout=30).run()
    assert "Start training" in [element.label for element in app.button]
