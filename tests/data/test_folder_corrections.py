"""An admin corrects what is believed of somebody's own folder."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from segcore.data.sources import open_source
from segcore.data.sources.folder_corrections import CorrectedClass
from segcore.errors import DataError
from segcore.files.reading import Plain
from segcore.jobs import registration
from segcore.jobs.admission import ADMISSIONS
from segcore.labels.space import hex_of
from tests.factories.own_classes import CLASSES, write_plants


@pytest.fixture
def plants(tmp_path: Path) -> str:
    return write_plants(tmp_path / "plants")


def correct(spec: str, **changes: dict[str, object]) -> None:
    classes = [
        CorrectedClass(id_, Plain(change.get("name", name)), change.get("color", color),
                       change.get("scored", True), change.get("ignored", False))
        for id_, (name, color) in enumerate(CLASSES.items())
        for change in [changes.get(name, {})]
    ]  # fmt: skip
    registration.correct_classes(spec, classes, ADMISSIONS.issue("tester"))


def test_names_and_colors_only_show_otherwise(plants: str, tmp_path: Path) -> None:
    before, files = open_source(plants), sorted((tmp_path / "plants").rglob("*"))
    correct(plants, leaf={"name": "foliage", "color": "#00ff00"})
    after = open_source(plants)
    leaf = before.label_space.labels[1]
    assert after.label_space.labels[1] == replace(leaf, name="foliage", color=(0, 255, 0))
    assert after.fingerprint("val") == before.fingerprint("val")
    for one, other in zip(before.items("val"), after.items("val"), strict=True):
        np.testing.assert_array_equal(before.read_mask(one), after.read_mask(other))
    assert sorted((tmp_path / "plants").rglob("*")) == files


def test_what_is_ignored_or_not_scored_makes_it_another_data_set(plants: str) -> None:
    before = open_source(plants)
    correct(plants, pot={"ignored": True}, soil={"scored": False})
    after = open_source(plants)
    assert after.label_space.names == ("backdrop", "leaf", "stem", "soil")
    assert after.label_space.policy == "plants-3"
    assert after.fingerprint("val") != before.fingerprint("val")
    mask, was = (source.read_mask(source.items("val")[0]) for source in (after, before))
    np.testing.assert_array_equal(mask, np.where(was == 4, 255, was))
    correct(plants)
    assert open_source(plants).fingerprint("val") == before.fingerprint("val")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "stem"}, "two classes have the name stem"),
        ({"color": "greenish"}, "no colour"),
        ({"name": ""}, "cannot be a class's name"),
    ],
)
def test_what_cannot_be_is_refused(plants: str, change: dict[str, object], said: str) -> None:
    with pytest.raises(DataError, match=said):
        correct(plants, leaf=change)
    assert hex_of(open_source(plants).label_space.labels[1].color) == CLASSES["leaf"]
