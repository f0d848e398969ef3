"""The admin page shows what is believed of the classes of a folder, to be corrected."""

from pathlib import Path

import pytest

from segcore.data.sources import open_source
from segcore.data.sources.folder_corrections import CorrectedClass, corrections_of
from segcore.files.reading import Plain
from segcore.jobs import registration
from segcore.jobs.admission import ADMISSIONS
from tests.factories.own_classes import CLASSES, write_plants
from tests.studio.admin_visit import begin_anew, button, show, signed_in_page


def test_classes_are_shown_as_corrected_and_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin_anew(monkeypatch)
    spec, admission = write_plants(tmp_path / "plants"), ADMISSIONS.issue("tester")
    registration.register(str(tmp_path / "plants"), admission)
    pot = CorrectedClass(4, Plain("planter"), "#102030", ignored=True)
    registration.correct_classes(spec, [pot], admission)
    page = show(signed_in_page(), "Data sets")
    assert not page.exception
    (table,) = [one.value for one in page.dataframe if "ignored" in one.value]
    assert list(table["name"]) == [*list(CLASSES)[:4], "planter"]
    assert list(table["ignored"]) == [False] * 4 + [True]
    assert (table["share"] > 0).tolist() == [True] * 4 + [False]
    button(page, "Save the classes")()
    assert not page.exception
    assert [one.name for one in corrections_of(spec)] == list(table["name"])
    assert open_source(spec).label_space.names == tuple(CLASSES)[:4]
