"""Passes of the gate and the record of what was done with them."""

from segcore import settings
from segcore.jobs import audit
from segcore.jobs.admission import HOURS, Admission, Admissions


def test_a_pass_holds_for_hours_until_it_is_revoked() -> None:
    now = 0.0
    admissions = Admissions(lambda: now)
    kept, revoked = admissions.issue("a"), admissions.issue("b")
    assert admissions.is_valid(kept)
    admissions.revoke_all_of(revoked)
    assert not admissions.is_valid(revoked)
    assert not admissions.is_valid(Admission("a", "guess"))
    assert not Admissions().is_valid(kept)  # of another server, or before a restart
    now = HOURS * 3600 + 1
    assert not admissions.is_valid(kept)


def test_the_log_survives_a_torn_line_and_comes_newest_first() -> None:
    assert audit.latest() == []
    audit.record("a", "first")
    with open(settings.audit_path(), "a") as file:
        file.write('{"at": "2025-01-')
    audit.record("b", "lost with the torn line")
    audit.record("b", "x" * 9999)
    entries = audit.latest()
    assert [entry.by for entry in entries] == ["b", "a"]
    assert len(entries[0].what) == audit.LONGEST
