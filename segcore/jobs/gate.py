"""Checks the secret of an admin, and slows down guessing."""

import hmac
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from contextlib import suppress

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from segcore.errors import SegcoreError, StorageError
from segcore.jobs import audit
from segcore.jobs.admission import ADMISSIONS, Admission

FREE_BY_VISIT, FREE_BY_ADDRESS = 5, 20
"""Wrong passwords before each further one waits; many people may share an address."""

FIRST_WAIT, LONGEST_WAIT = 30.0, 900.0  # seconds
MOST_DOUBLINGS = 10
MAX_REMEMBERED = 10_000
"""Visits and addresses that are slowed down; who has not tried for longest is forgotten first."""

TOKEN_BYTES = 32
"""256 bits: nobody guesses that, however often they may try."""

MAX_SECRET = 1000
"""Characters that are looked at."""

LOG_SECONDS = 10.0
"""Refusals are in the log this often at most, with their number, so that nobody can fill it."""


class GateError(SegcoreError):
    """A sign-in that was refused."""


class AttemptLimit:
    """Makes a caller who was wrong too often wait, twice as long after each further time."""

    def __init__(self, free: int, clock: Callable[[], float]) -> None:
        self._free, self._clock = free, clock
        self._known: OrderedDict[str, tuple[int, float]] = OrderedDict()  # (wrong, closed until)

    def seconds_left(self, who: str) -> float:
        """How long `who` still has to wait; 0 or less where they may try."""
        return self._known.get(who, (0, 0.0))[1] - self._clock()

    def count_wrong(self, who: str) -> None:
        wrong, closed_until = self._known.pop(who, (0, 0.0))
        wrong += 1
        beyond = wrong - self._free
        if beyond >= 0:
            wait = min(FIRST_WAIT * 2 ** min(beyond, MOST_DOUBLINGS), LONGEST_WAIT)
            closed_until = self._clock() + wait
        self._known[who] = wrong, closed_until
        if len(self._known) > MAX_REMEMBERED:
            self._known.popitem(last=False)

    def forget(self, who: str) -> None:
        self._known.pop(who, None)


class Gate:
    """The server's one gate; safe to share between threads.

    - A token from the console works once and is never slowed down.
    - A password is: by visit after five wrong ones, by address after twenty. Others are not held
      up by that, and whoever is, by their own mistakes or by those of others behind the same
      address, finds a token on the console. One password is hashed at a time.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._hashing = threading.Lock()
        self._token: str | None = None
        self._limits = (
            AttemptLimit(FREE_BY_VISIT, clock),
            AttemptLimit(FREE_BY_ADDRESS, clock),
        )
        self._refused, self._logged_at = 0, float("-inf")

    def announce(self) -> None:
        """Prints the token on the console, once until it is used."""
        with self._lock:
            if self._token is None:
                self._print_new_token()

    def admit(
        self, secret: str, password_hash: str | None, visit: str, address: str | None = None
    ) -> Admission:
        """Lets a visitor in by the token, or by the password where one is configured.

        Args:
            visit: tells the visit from all others.
            address: where it comes from, where that says anything.

        Raises:
            GateError: it is wrong, or too many were; with how long to wait.
        """
        if not isinstance(secret, str) or len(secret) > MAX_SECRET:  # a browser of one's own
            raise GateError("That cannot be what is asked for: type it in and try once more.")
        if self._use_token(secret, another=password_hash is None):
            return issue("admin (token)")
        if password_hash is None:
            raise self._refusal("token")
        self._check_password(secret, password_hash, visit, address)
        return issue("admin (password)")

    def _use_token(self, secret: str, another: bool) -> bool:
        with self._lock:
            given = secret.strip().encode(errors="replace")
            if self._token is None or not hmac.compare_digest(given, self._token.encode()):
                return False
            self._token = None
            if another:
                self._print_new_token()
        return True

    def _check_password(
        self, secret: str, password_hash: str, visit: str, address: str | None
    ) -> None:
        by_visit, by_address = self._limits
        with self._hashing:
            left = by_visit.seconds_left(visit)
            if address is not None:
                left = max(left, by_address.seconds_left(address))
            if left > 0:
                self.announce()
                raise GateError(
                    f"Too many wrong attempts: try again in {_in_words(left)}, or paste the token "
                    "that is on the server's console now."
                )
            if _matches(password_hash, secret):
                by_visit.forget(visit)
                return
            by_visit.count_wrong(visit)
            if address is not None:
                by_address.count_wrong(address)
        raise self._refusal("password")

    def _refusal(self, what: str) -> GateError:
        """What to say, after it was kept in the log."""
        with self._lock:
            self._refused += 1
            count, now = self._refused, self._clock()
            is_due = now - self._logged_at >= LOG_SECONDS
            if is_due:
                self._refused, self._logged_at = 0, now
        if is_due:
            times = f", {count} times" if count > 1 else ""
            record("someone", f"was refused: a wrong {what}{times}")
        return GateError(f"That is not the {what}: look again and try once more.")

    def _print_new_token(self) -> None:
        self._token = secrets.token_urlsafe(TOKEN_BYTES)
        print(f"Admin token: {self._token}", flush=True)


def issue(by: str) -> Admission:
    """A pass for the admin who was just checked, entered in the audit log."""
    record(by, "signed in")
    return ADMISSIONS.issue(by)


def end_all(admission: Admission) -> None:
    """Signs out everywhere: each pass of the same person is worthless from now on; on record."""
    ADMISSIONS.revoke_all_of(admission)
    record(admission.by, "signed out")


def is_verified(account: dict[str, object], verifying_providers: Iterable[str]) -> bool:
    """Whether the account's provider says that the address is its owner's.

    Args:
        account: what the provider says of it.
        verifying_providers: issuers (`iss`) that check addresses without saying so.
    """
    said = account.get("email_verified")
    if said is None:
        return account.get("iss") in set(verifying_providers)
    return said in (True, "true")


def record(by: str, what: str) -> None:
    with suppress(StorageError):  # a full disk must not lock out who would free it
        audit.record(by, what)


def _matches(password_hash: str, password: str) -> bool:
    try:
        return PasswordHasher().verify(password_hash, password.encode(errors="replace"))
    except InvalidHashError as error:
        raise GateError(
            "The configured admin password is no argon2 hash: make one with `python -c "
            '"import argon2, getpass; print(argon2.PasswordHasher().hash(getpass.getpass()))"`.'
        ) from error
    except VerificationError:
        return False


def _in_words(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} minutes"
