"""Who may act as admin, and the pass that the queue asks of whoever does.

There are three ways in, the first one that is configured counts:

- an account of an OpenID provider (Streamlit's `st.login`) whose address is on the list of admins;
- a password, kept as an argon2 hash;
- else a token that works once, printed on the server's console when it starts and anew when it was
  used. There never is a default password.

The list (SEGCORE_ADMIN_ADDRESSES, separated by spaces) and the hash (SEGCORE_ADMIN_PASSWORD_HASH)
are taken from the environment, or as `admin_addresses` and `admin_password_hash` from Streamlit's
secrets.
"""

import hmac
import os
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import streamlit as st
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from streamlit.errors import StreamlitAuthError

from segcore.admin import audit
from segcore.errors import SegcoreError, StorageError
from segcore.jobs.admission import ADMISSIONS, Admission

FREE_ATTEMPTS = 5
FIRST_WAIT, LONGEST_WAIT = 30.0, 900.0  # seconds
ADMISSION = "admission"
"""Key of the session: the pass of who is signed in."""


class GateError(SegcoreError):
    """A sign-in that was refused, or an action without one."""


class Gate:
    """The server's one gate, whose wrong attempts count for all visitors together.

    After five of them each further attempt waits, 30 s at first and twice as long after each, up to
    15 minutes; what is tried earlier is refused without being looked at. So in any 15 minutes the
    server computes ten hashes at most, however many sessions try.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._token: str | None = None
        self._wrong = 0
        self._closed_until = 0.0

    def announce(self) -> None:
        """Prints the token on the console, once until it is used."""
        with self._lock:
            if self._token is None:
                self._print_new_token()

    def admit(self, secret: str, password_hash: str | None) -> Admission:
        """Lets the visitor in by the password where one is configured, else by the token.

        Raises:
            GateError: it is wrong, or too many were; with how long to wait.
        """
        what = "password" if password_hash else "token"
        with self._lock:
            left = self._closed_until - self._clock()
            if left > 0:
                raise GateError(f"Too many wrong attempts: try again in {_in_words(left)}.")
            if not (_matches(password_hash, secret) if password_hash else self._is_token(secret)):
                self._count_wrong()
                _record("someone", f"was refused: a wrong {what}")
                raise GateError(f"That is not the {what}: look again and try once more.")
            self._wrong = 0
            if not password_hash:
                self._print_new_token()
        return _issue(f"admin ({what})")

    def _is_token(self, secret: str) -> bool:
        return self._token is not None and hmac.compare_digest(
            secret.strip().encode(), self._token.encode()
        )

    def _count_wrong(self) -> None:
        self._wrong += 1
        beyond = self._wrong - FREE_ATTEMPTS
        if beyond >= 0:
            self._closed_until = self._clock() + min(FIRST_WAIT * 2.0**beyond, LONGEST_WAIT)

    def _print_new_token(self) -> None:
        self._token = secrets.token_urlsafe(24)
        print(f"Admin token: {self._token}", flush=True)


def _matches(password_hash: str, password: str) -> bool:
    try:
        return PasswordHasher().verify(password_hash, password)
    except InvalidHashError as error:
        raise GateError(
            "The configured admin password is no argon2 hash: make one with `python -c "
            '"import argon2, getpass; print(argon2.PasswordHasher().hash(getpass.getpass()))"`.'
        ) from error
    except VerificationError:
        return False


def _in_words(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} minutes"


# --- in a page -----------------------------------------------------------------------------------

GATE = Gate()


def announce() -> None:
    """Prints the token when the server starts, unless a password is configured."""
    if not _addresses() and not _password_hash():
        GATE.announce()


def require() -> None:
    """Ends the page with the sign-in form for a visitor who is not signed in."""
    if is_signed_in():
        return
    with st.container(border=True, width=560):
        st.subheader("Sign in to retrain", anchor=False)
        if _addresses():
            _sign_in_with_account()
        else:
            _sign_in_with_secret()
    st.stop()


def is_signed_in() -> bool:
    return ADMISSIONS.is_valid(admission())


def admission() -> Admission | None:
    """The pass of this visit, to be shown with every action; it may have run out."""
    found: Admission | None = st.session_state.get(ADMISSION)
    return found


def sign_out() -> None:
    """Makes the pass worthless everywhere, in pages that are still open too."""
    pass_of_visit = st.session_state.pop(ADMISSION, None)
    if pass_of_visit is not None:
        ADMISSIONS.revoke(pass_of_visit)
    if _addresses():
        st.logout()


def _sign_in_with_account() -> None:
    if not st.user.get("is_logged_in"):
        st.write("Training and promoting models is for whoever runs this dashboard.")
        if st.button("Sign in with your account", type="primary", icon=":material/login:"):
            try:
                st.login()
            except StreamlitAuthError as error:
                st.error(
                    f"Accounts are not set up: {' '.join(str(error).split())} See "
                    "docs/retraining.md.",
                    icon=":material/error:",
                )
        return
    address = str(st.user.get("email", "")).casefold()
    if address in _addresses() and st.user.get("email_verified", True) in (True, "true"):
        st.session_state[ADMISSION] = _issue(address)
        st.rerun()
    st.error(
        f"{address or 'This account'} is not on this dashboard's list of admins: ask whoever runs "
        "it, or sign in with another account.",
        icon=":material/lock:",
    )
    st.button("Sign out", icon=":material/logout:", on_click=st.logout)


def _sign_in_with_secret() -> None:
    password_hash = _password_hash()
    announce()
    if password_hash:
        st.write("Training and promoting models is for whoever runs this dashboard.")
    else:
        st.write(
            "The key is on the console where the dashboard was started: look for the latest "
            "line `Admin token: …` and paste it here. It works once; the next one is printed "
            "when it is used."
        )
    with st.form("sign_in", border=False):
        secret = st.text_input(
            "Password" if password_hash else "Token",
            type="password",
            autocomplete="current-password" if password_hash else "one-time-code",
        )
        asked = st.form_submit_button("Sign in", type="primary", icon=":material/key:")
    if asked and secret:
        try:
            st.session_state[ADMISSION] = GATE.admit(secret, password_hash)
        except GateError as error:
            st.error(str(error), icon=":material/lock:")
        else:
            st.rerun()


def _issue(by: str) -> Admission:
    _record(by, "signed in")
    return ADMISSIONS.issue(by)


def _record(by: str, what: str) -> None:
    with suppress(StorageError):  # a full disk must not lock out who would free it
        audit.record(by, what)


def _addresses() -> set[str]:
    """Who may sign in with an account; empty where that way is not configured."""
    configured = os.environ.get("SEGCORE_ADMIN_ADDRESSES", "").split()
    if not configured and st.secrets.load_if_toml_exists():
        configured = st.secrets.get("admin_addresses", [])
    return {str(address).casefold() for address in configured}


def _password_hash() -> str | None:
    configured = os.environ.get("SEGCORE_ADMIN_PASSWORD_HASH")
    if not configured and st.secrets.load_if_toml_exists():
        configured = st.secrets.get("admin_password_hash")
    return configured or None
