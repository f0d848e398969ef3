"""Whose share a request counts towards."""

from types import SimpleNamespace

import pytest

from studio.visits import visitors
from studio.visits.memory import NO_VISIT


@pytest.mark.parametrize(
    ("address", "whose"),
    [
        ("192.0.2.7", "192.0.2.7"),
        (None, "visit 1"),  # on the server's own machine, as behind a proxy there
    ],
)
def test_a_visitor_is_an_address_and_behind_a_proxy_on_the_machine_the_visit(
    address: str | None, whose: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visitors, "get_script_run_ctx", lambda **_: object())
    monkeypatch.setattr(visitors, "visit", lambda: "visit 1")
    seen = SimpleNamespace(context=SimpleNamespace(ip_address=address))
    monkeypatch.setattr(visitors, "st", seen)
    assert visitors.visitor() == whose


def test_what_runs_on_the_side_is_nobodys() -> None:
    assert visitors.visitor() == NO_VISIT
