"""Proof that a caller may change the queue: a pass that only a gate issues.

Every action in `segcore.jobs` asks for one and checks it, so a page that forgets its own check, or
one that was left open after signing out, still cannot act. The command line needs none: who may run
it may write the files anyway.
"""

import hmac
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from segcore.errors import SegcoreError

HOURS = 12.0


class AdmissionError(SegcoreError):
    """An action by someone who is not, or not any more, signed in."""


@dataclass(frozen=True)
class Admission:
    """A pass: who it was issued to, and a secret that tells it from an imitation."""

    by: str
    key: str


class Admissions:
    """The passes of this process that are valid, each until it is revoked or twelve hours old."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._until: dict[Admission, float] = {}

    def issue(self, by: str) -> Admission:
        """A new pass; only for a gate that has just checked who it is."""
        admission = Admission(by, secrets.token_urlsafe(24))
        now = self._clock()
        with self._lock:
            self._until = {a: until for a, until in self._until.items() if until > now}
            self._until[admission] = now + HOURS * 3600
        return admission

    def revoke_all_of(self, admission: Admission) -> None:
        """Revokes the pass and all others that were issued to the same person."""
        with self._lock:
            self._until = {a: until for a, until in self._until.items() if a.by != admission.by}

    def is_valid(self, admission: Admission | None) -> bool:
        with self._lock:
            # Whatever a browser of somebody's own may have put there is no pass.
            if not isinstance(admission, Admission):
                return False
            return self._until.get(admission, 0.0) > self._clock()

    def with_key(self, key: str) -> Admission | None:
        """The pass whose secret this is, if it holds."""
        with self._lock:
            now = self._clock()
            return next(
                (
                    admission
                    for admission, until in self._until.items()
                    if until > now and hmac.compare_digest(admission.key.encode(), key.encode())
                ),
                None,
            )

    def check(self, admission: Admission | None) -> None:
        """Raises AdmissionError unless the pass was issued here and still holds."""
        if not self.is_valid(admission):
            raise AdmissionError("You are signed out: reload the page and sign in again.")


ADMISSIONS = Admissions()
