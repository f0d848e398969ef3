"""Who may act as admin, and the pass that the queue takes from them.

There are three ways in, the first one that is configured counts:

- an account of an OpenID provider (Streamlit's `st.login`) whose address is on the list of admins;
- a password, kept as an argon2 hash;
- else a token that works once, printed on the server's console when it starts and again when it was
  used. There never is a default password.

The list (SEGCORE_ADMIN_ADDRESSES, separated by spaces) and the hash (SEGCORE_ADMIN_PASSWORD_HASH)
are taken from the environment, or as `admin_addresses` and `admin_password_hash` from Streamlit's
secrets; so are the providers that verify addresses without saying so (SEGCORE_VERIFYING_PROVIDERS,
`verifying_providers`).
"""

import hashlib
import json
import os
import time

import streamlit as st
from streamlit.errors import StreamlitAuthError

from segcore.jobs import gate
from segcore.jobs.admission import ADMISSIONS, Admission
from segcore.jobs.gate import Gate, GateError
from studio import wording
from studio.admin import stay
from studio.visits.memory import visit
from studio.visits.visitors import address_of_visitor

ADMISSION = "admission"
"""Key of the session: the pass of who is signed in."""

GATE = Gate()

REFUSED_SECONDS = 2.0
"""Seconds before a wrong secret is answered: endless guessing keeps nobody else's page waiting."""

_ended_logins: set[str] = set()
"""Logins with an account that were signed out; each is good for one stay."""


def announce() -> None:
    """Prints the token when the server starts, unless a password is configured."""
    if not _addresses() and not _password_hash():
        GATE.announce()


def require() -> None:
    """Ends the page with the sign-in form for a visitor who is not signed in."""
    if is_signed_in():
        stay.ask()
        return
    with st.container(border=True, width=560):
        st.header("Sign in to retrain", anchor=False)
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
    if found is None and (kept := stay.admission()) is not None:
        found = st.session_state[ADMISSION] = kept  # the page was reloaded
    return found


def sign_out() -> None:
    """Ends every stay of the same person, in other tabs and browsers too; on record."""
    pass_of_visit: Admission | None = st.session_state.pop(ADMISSION, None)
    if pass_of_visit is not None:
        gate.end_all(pass_of_visit)
    if _addresses():
        _ended_logins.add(_login())
        st.logout()


def _sign_in_with_account() -> None:
    if not st.user.get("is_logged_in"):
        st.write("Training and promoting models is for whoever runs this dashboard.")
        if st.button("Sign in with your account", type="primary", icon=":material/login:"):
            _log_in()
        return
    address = str(st.user.get("email", "")).casefold()
    if _login() in _ended_logins or ADMISSION in st.session_state:
        st.write(
            "Your sign-in has ended: by *Sign out*, here or in another tab, or after twelve hours."
        )
        if st.button("Sign in again", type="primary", icon=":material/login:"):
            st.session_state.pop(ADMISSION, None)
            _log_in()
        return
    if address not in _addresses():
        st.error(
            f"{address or 'This account'} is not on this dashboard's list of admins: ask whoever "
            "runs it, or sign in with another account.",
            icon=":material/lock:",
        )
    elif not gate.is_verified(_account(), _setting("verifying_providers").split()):
        st.error(
            f"The provider does not say that {address} is verified: verify it there, or have "
            "whoever runs this dashboard name the provider in SEGCORE_VERIFYING_PROVIDERS.",
            icon=":material/lock:",
        )
    else:
        st.session_state[ADMISSION] = gate.issue(address)
        st.rerun()
    st.button("Sign out", icon=":material/logout:", on_click=st.logout)


def _log_in() -> None:
    """Sends the visitor to the provider."""
    try:
        st.login()
    except StreamlitAuthError as error:
        st.error(
            f"Accounts are not set up: {' '.join(str(error).split())} See docs/retraining.md.",
            icon=":material/error:",
        )


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
            admitted = GATE.admit(secret, password_hash, visit(), address_of_visitor())
            st.session_state[ADMISSION] = admitted
            stay.begin(admitted)
        except GateError as error:
            time.sleep(REFUSED_SECONDS)
            st.error(wording.sentence(str(error)), icon=":material/lock:")
        else:
            st.rerun()


def _account() -> dict[str, object]:
    """What the provider says of who is logged in."""
    return dict(st.user)


def _login() -> str:
    """Tells this login from a later one of the same account: the provider says when it was."""
    content = json.dumps(_account(), sort_keys=True, default=str)
    return hashlib.blake2b(content.encode()).hexdigest()


def _addresses() -> set[str]:
    """Who may sign in with an account; empty where that way is not configured."""
    return {address.casefold() for address in _setting("admin_addresses").split()}


def _password_hash() -> str | None:
    return _setting("admin_password_hash") or None


def _setting(name: str) -> str:
    """A setting from the environment, else from Streamlit's secrets; a list as words."""
    found = os.environ.get(f"SEGCORE_{name.upper()}")
    if not found and st.secrets.load_if_toml_exists():
        found = st.secrets.get(name)
    return found or "" if isinstance(found, str | None) else " ".join(map(str, found))
