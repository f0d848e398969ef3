"""Dialogs stay open while the page is redrawn, and no longer."""

from streamlit.testing.v1 import AppTest

from tests.studio.drawn_pages import text


def app() -> None:
    import streamlit as st

    from studio.widgets import dialogs

    dialogs.close_elsewhere(st.session_state.get("page", "first"))
    for name in ("one", "two"):
        st.button(name, on_click=dialogs.ask_for, args=(name, f"about {name}"))
        dialogs.show(name, "A dialog", st.markdown)


def test_it_stays_until_another_is_asked_for() -> None:
    page = AppTest.from_function(app).run()
    assert text(page) == ""
    page.button[0].click().run()
    assert text(page) == "about one"
    page.run()
    assert text(page) == "about one"
    page.button[1].click().run()
    assert not page.exception
    assert text(page) == "about two"


def test_it_is_closed_on_another_page_and_stays_closed() -> None:
    page = AppTest.from_function(app).run()
    page.button[0].click().run()
    for name in ("second", "first"):
        page.session_state["page"] = name
        page.run()
        assert not page.exception
        assert text(page) == ""
