"""An error of one part of a page is said in its place; the rest is drawn."""

import logging
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from segcore.errors import RunError
from studio import state, wording
from studio.state import Selection
from studio.widgets import guards

ROOT = Path(__file__).resolve().parents[2]


def page() -> None:
    import streamlit as st

    from segcore.errors import RunError
    from studio.errors import errors_told, fragment

    with errors_told():
        raise RunError("run ![x](https://evil.example): is gone; try `runs list`")
    with errors_told():
        raise ZeroDivisionError("a secret")

    def fails() -> None:
        raise KeyError("another")

    fragment(fails)()
    st.markdown("the rest")


def test_the_rest_is_drawn_and_a_defect_has_a_number(
    defects: list[logging.LogRecord],
) -> None:
    app = AppTest.from_function(page, default_timeout=60).run()
    assert not app.exception
    said, numbered, fragment = (element.value for element in app.error)
    assert said == "run ！［x］(https：//evil.example): is gone; try `runs list`"
    assert "secret" not in numbered + fragment
    for shown, record in zip((numbered, fragment), defects, strict=True):
        assert record.args is not None and str(record.args[0]) in shown  # type: ignore[index]
    assert app.markdown[0].value == "the rest"
    defects.clear()


def test_the_page_survives_an_error_of_the_sidebar(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise RunError("the sidebar: is broken; mend it")

    monkeypatch.setattr(state, "sidebar", broken)
    app = AppTest.from_file(str(ROOT / "dashboard.py"), default_timeout=60).run()
    assert not app.exception
    assert app.error[0].value == "the sidebar: is broken; mend it"
    assert app.title  # the page below it


def test_the_sidebar_survives_an_error_of_the_page(
    monkeypatch: pytest.MonkeyPatch, defects: list[logging.LogRecord]
) -> None:
    def broken(selection: Selection) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(guards, "require_run", broken)
    app = AppTest.from_file(str(ROOT / "dashboard.py"), default_timeout=60).run()
    assert not app.exception
    assert app.sidebar.selectbox[0].label == "Data set"
    (told,) = app.error
    assert str(defects[0].args[0]) in told.value  # type: ignore[index]
    defects.clear()


def test_no_part_of_a_page_is_drawn_anew_without_its_errors_being_told() -> None:
    for path in (ROOT / "pages").rglob("*.py"):
        if path.name != "telling.py":
            assert "st.fragment(" not in path.read_text() and "@st.fragment" not in path.read_text()


def test_code_in_a_message_stays_code() -> None:
    assert wording.sentence("`a_b*` <x> *y*") == "`a_b*` ＜x＞ \\*y\\*"
    assert wording.sentence("one ` and <x>") == "one ｀ and ＜x＞"
