"""The admin page's list of many runs: found, paged, and changed together."""

from types import SimpleNamespace
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from segcore import runs
from segcore.runs import notes
from studio.admin import promotion, run_list
from tests.studio.admin_visit import begin_anew, make_run, show, signed_in_page
from tests.studio.drawn_pages import text


@pytest.fixture(autouse=True)
def _started(monkeypatch: pytest.MonkeyPatch) -> None:
    begin_anew(monkeypatch)


@pytest.fixture
def page() -> AppTest:
    return signed_in_page()


def many_runs(count: int) -> None:
    for number in range(count):
        make_run(
            f"unet-streets-{number:03}",
            started=f"2025-02-01T00:{number // 60:02}:{number % 60:02}+00:00",
        )


def test_of_many_runs_a_page_of_those_that_are_asked_for_is_drawn(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    many_runs(30)
    notes.keep_labels(runs.get_run("unet-streets-003"), ["talk"])
    notes.keep_note(runs.get_run("unet-streets-004"), "for the talk")
    asked: list[str] = []
    row = promotion._table_row

    def remember(run: runs.Run, *rest: Any) -> dict[str, object]:
        asked.append(run.name)
        return row(run, *rest)

    monkeypatch.setattr(promotion, "_table_row", remember)
    show(page, "Runs and champions")
    assert not page.exception
    assert len(page.dataframe[0].value) == len(asked) == 20
    assert asked[0] == "unet-streets-029"
    page.text_input(key="admin runs words").set_value("TALK").run()
    table = page.dataframe[0].value.set_index("run")
    assert list(table.index) == ["unet-streets-004", "unet-streets-003"]
    assert table.loc["unet-streets-003", "labels"] == ["talk"]
    assert page.selectbox(key="candidate").value in table.index
    page.text_input(key="admin runs words").set_value("").run()
    page.multiselect(key="admin runs labels").select("talk").run()
    assert list(page.dataframe[0].value["run"]) == ["unet-streets-003"]


def test_runs_that_are_selected_are_labelled_and_deleted(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    many_runs(4)
    runs.promote(runs.get_run("unet-streets-000"))
    kept = runs.get_run("unet-streets-001")
    notes.keep_labels(kept, ["old", "mine"])
    select(monkeypatch, [0, 2, 3])  # the newest first
    show(page, "Runs and champions")
    assert "3 runs selected" in text(page)
    page.button(key="keep notes").click().run()
    assert notes.notes()[kept.name].labels == ("old", "mine")
    assert page.button(key="delete runs").label == "Delete 2 of 3"
    page.button(key="delete runs").click().run()
    assert "a champion of unet" in text(page)
    page.button(key="confirm").click().run()
    assert sorted(run.name for run in runs.list_runs()) == ["unet-streets-000", "unet-streets-002"]


def select(monkeypatch: pytest.MonkeyPatch, rows: list[int]) -> None:
    """Has these rows of the list of runs be selected, which AppTest cannot do."""
    drawn = st.dataframe

    def dataframe(*args: Any, **kwargs: Any) -> Any:
        shown = drawn(*args, **kwargs)
        is_list = kwargs.get("selection_mode") == "multi-row"
        return SimpleNamespace(selection=SimpleNamespace(rows=rows)) if is_list else shown

    monkeypatch.setattr(run_list.st, "dataframe", dataframe)
