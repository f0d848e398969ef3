"""A data set is what its images and masks are: not its layout, its folder or its name."""

import hashlib
import os
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from segcore import runs, settings
from segcore.data.known_data_sets import known_layout
from segcore.data.preparation.counting import count_split
from segcore.data.preparation.digests import BUILT_IN, known_digest, remember_digest, split_digest
from segcore.data.sources import open_source
from segcore.errors import DataError
from segcore.evaluation import evaluate, labelling, stored_evaluation
from segcore.evaluation.predictions import predict_split, stored_predictions
from segcore.files.writing import to_json
from segcore.runs import PHOTOS, Run
from segcore.runs.archives import export_run
from segcore.runs.data_sets import data_sets, find, rename
from segcore.runs.results import adopt_results, result_files
from tests.factories.made_data import noise, write_picture
from tests.factories.made_runs import make_run, stub_predictions


@pytest.fixture
def toys(camvid: Path) -> Path:
    """Another data set in the same layout, with the same file names."""
    folder = camvid.with_name("toys")
    shutil.copytree(camvid, folder)
    for split in ("train", "val"):
        for index, path in enumerate(sorted((folder / split).iterdir())):
            write_picture(path, noise(100 + index, 24, 32))
    return folder


@pytest.fixture(autouse=True)
def _predictions(monkeypatch: pytest.MonkeyPatch) -> None:
    stub_predictions(monkeypatch)


def identity(folder: Path) -> str:
    return split_digest(f"camvid:{folder}", "val")


def shipped_run(camvid: Path) -> Run:
    """A champion that came with the program, scored on `camvid` as it was done before."""
    run = make_run("unet", camvid)
    evaluate(run, f"camvid:{camvid}", "val")
    (counts,) = result_files(run, "evaluation", "val")
    for path in (counts, counts.with_suffix(".json")):
        path.rename(run.path / f"evaluation-camvid-val{path.suffix}")
    manifest = {**run.record, "shipped": True, "shipped_champion": ["camvid"]}
    (run.path / runs.MANIFEST).write_bytes(to_json(manifest))
    return runs.get_run(run.name)


def content(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


# --- what a data set is --------------------------------------------------------------------------


def test_it_is_its_pixels_and_labels(camvid: Path, toys: Path) -> None:
    copy = shutil.copytree(camvid, camvid.with_name("copy"))
    for path in copy.rglob("*.png"):
        os.utime(path, (1, 1))
    assert identity(copy) == identity(camvid) != identity(toys)
    before = identity(copy)
    write_picture(copy / "valannot" / "film0_000.png", np.full((24, 32), 3, np.uint8))
    assert known_digest(open_source(f"camvid:{copy}"), "val") is None  # not read as it is now
    assert identity(copy) not in (before, identity(camvid))


def test_what_was_read_once_is_not_read_again(
    camvid: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = identity(camvid)
    monkeypatch.setattr("segcore.data.preparation.digests.native_samples", None)
    assert identity(camvid) == found


def test_a_file_that_cannot_be_used_is_no_part_of_it(camvid: Path) -> None:
    (camvid / "val" / "film0_000.png").write_bytes(b"cut")
    without = identity(camvid)
    for folder in ("val", "valannot"):
        (camvid / folder / "film0_000.png").unlink()
    assert identity(camvid) == without


def test_the_built_in_one_is_known_without_rendering_it() -> None:
    source = open_source("streets")
    known = [known_digest(source, split) for split in ("val", "train", "test")]
    assert known == [*BUILT_IN.values()]


# --- scores, predictions, counts -----------------------------------------------------------------


def test_scores_on_two_data_sets_of_one_layout_stand_beside_each_other(
    camvid: Path, toys: Path
) -> None:
    run = make_run("unet", camvid)
    first = evaluate(run, f"camvid:{camvid}", "val")
    second = evaluate(run, f"camvid:{toys}", "val")
    for scored, folder in ((first, camvid), (second, toys)):
        stored = stored_evaluation(run, identity(folder), "val")
        assert stored is not None and stored.report() == scored.report()
    assert len(result_files(run, "evaluation", "val")) == 2


def test_a_copy_has_the_scores_and_predictions_of_the_original(
    camvid: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run("unet", camvid)
    evaluate(run, f"camvid:{camvid}", "val")
    copy = shutil.copytree(camvid, camvid.with_name("copy"))
    monkeypatch.setattr(labelling, "load_predictor", None)  # nothing is predicted again
    assert evaluate(run, f"camvid:{copy}", "val").identity.data_sha256 == identity(camvid)
    assert stored_predictions(run, f"camvid:{copy}", "val") is not None


def test_predictions_of_two_data_sets_do_not_take_each_others_place(
    camvid: Path, toys: Path
) -> None:
    run = make_run("unet", camvid)
    for folder in (camvid, toys):
        predict_split(run, f"camvid:{folder}", "val")
    for folder in (camvid, toys):
        assert stored_predictions(run, f"camvid:{folder}", "val") is not None


def test_counts_of_two_data_sets_do_not_take_each_others_place(camvid: Path, toys: Path) -> None:
    write_picture(toys / "valannot" / "film0_000.png", np.full((24, 32), 3, np.uint8))
    before = count_split(f"camvid:{camvid}", "val").statistics.pixels
    assert not np.array_equal(count_split(f"camvid:{toys}", "val").statistics.pixels, before)
    assert np.array_equal(count_split(f"camvid:{camvid}", "val").statistics.pixels, before)


def test_changed_data_have_no_scores_and_the_old_ones_keep_theirs(camvid: Path) -> None:
    run = make_run("unet", camvid)
    before = evaluate(run, f"camvid:{camvid}", "val")
    write_picture(camvid / "valannot" / "film0_000.png", np.full((24, 32), 3, np.uint8))
    assert stored_evaluation(run, identity(camvid), "val") is None
    kept = stored_evaluation(run, before.identity.data_sha256, "val")
    assert kept is not None and kept.report() == before.report()


def test_scores_of_before_count_for_the_data_that_they_record(camvid: Path, toys: Path) -> None:
    run = shipped_run(camvid)
    assert [path.name for path in result_files(run, "evaluation", "val")] == [
        "evaluation-camvid-val.npz"
    ]
    assert stored_evaluation(run, identity(camvid), "val") is not None
    assert stored_evaluation(run, identity(toys), "val") is None


def test_a_shipped_runs_folder_is_never_written_to(
    camvid: Path, toys: Path, artifacts: Path, tmp_path: Path
) -> None:
    run = shipped_run(camvid)
    before = content(run.path)
    scored = evaluate(run, f"camvid:{toys}", "val")
    evaluate(run, f"camvid:{toys}", "val", augmented=True)
    evaluate(run, f"camvid:{camvid}", "val", force=True)
    predict_split(run, f"camvid:{toys}", "val")
    assert content(run.path) == before
    assert {path.parent for path in artifacts.glob("scores/*/*.npz")} == {
        artifacts / "scores" / run.name
    }
    export_run(run, tmp_path / "run.zip")  # takes them along
    names = zipfile.ZipFile(tmp_path / "run.zip").namelist()
    digest = scored.identity.data_sha256[:12]
    assert f"{run.name}/evaluation-camvid-val-{digest}.npz" in names


def test_scores_on_rendered_scenes_take_the_place_of_those_on_earlier_ones(camvid: Path) -> None:
    run = shipped_run(camvid)
    made_here = settings.scores_dir() / run.name
    made_here.mkdir(parents=True)
    digests = {"streets": ("a" * 64, "b" * 64), "camvid": ("c" * 64, "d" * 64)}
    for dataset, (before, now) in digests.items():
        for folder, digest in ((run.path, before), (made_here, now)):
            path = folder / f"evaluation-{dataset}-val-{digest[:12]}.npz"
            path.write_bytes(b"counts")
            path.with_suffix(".json").write_bytes(to_json({"data_sha256": digest}))
        adopt_results(run, "val", now)
    assert sorted(path.name for path in run.path.glob("evaluation-*.npz")) == [
        "evaluation-camvid-val-cccccccccccc.npz",  # other data in the same layout
        "evaluation-camvid-val-dddddddddddd.npz",
        "evaluation-camvid-val.npz",
        "evaluation-streets-val-bbbbbbbbbbbb.npz",
    ]


# --- champions -----------------------------------------------------------------------------------


def test_a_promotion_on_one_data_set_leaves_the_others_champion(camvid: Path, toys: Path) -> None:
    shipped = shipped_run(camvid)
    before = content(shipped.path)
    new = runs.get_run(make_run("unet", toys, epochs=4).name)
    evaluate(new, f"camvid:{toys}", "val")
    runs.promote(new)
    assert runs.champion("unet", identity(toys)) == new
    assert runs.champion("unet", identity(camvid)) == shipped
    assert runs.champion("unet", PHOTOS) == shipped
    assert content(shipped.path) == before

    runs.promote(new, identity(camvid))
    assert runs.rollback("unet", identity(camvid)) == shipped
    assert runs.champion("unet", identity(toys)) == new
    assert runs.rollback("unet", identity(toys)) is None


def test_promotions_under_a_layouts_name_are_of_what_their_runs_were_scored_on(
    camvid: Path, toys: Path
) -> None:
    """As registries of before have them."""
    old, toy = shipped_run(camvid), runs.get_run(make_run("unet", toys, epochs=4).name)
    identity(toys)
    entries = [{"run": run.name, "at": "2026-01-01", "by": "x"} for run in (old, toy)]
    settings.registry_path().write_bytes(to_json({"unet/camvid": entries}))
    assert runs.champion("unet", identity(camvid)) == old
    assert runs.champion("unet", identity(toys)) == toy
    assert set(runs.seats()) == {("unet", identity(camvid)), ("unet", identity(toys))}
    newer = runs.get_run(make_run("unet", toys, epochs=5).name)
    runs.promote(newer)
    assert [entry.run for entry in runs.promotions("unet", identity(toys))] == [
        toy.name, newer.name,
    ]  # fmt: skip
    assert runs.rollback("unet", identity(toys)) == toy
    assert runs.rollback("unet", identity(toys)) is None
    assert runs.champion("unet", identity(camvid)) == old


def test_who_labels_photos_is_said_and_taken_back_apart(camvid: Path, toys: Path) -> None:
    assert runs.champions(PHOTOS) == {}
    shipped, toy = shipped_run(camvid), runs.get_run(make_run("unet", toys, epochs=4).name)
    runs.promote(toy)
    assert runs.champions(PHOTOS) == {"unet": shipped}
    runs.promote(toy, PHOTOS, by="an admin")
    assert runs.champions(PHOTOS) == {"unet": toy}
    assert runs.champion("unet", identity(camvid)) == shipped
    assert runs.rollback("unet", PHOTOS) == shipped


# --- names ---------------------------------------------------------------------------------------


def names(monkeypatch: pytest.MonkeyPatch, *folders: Path) -> list[str]:
    monkeypatch.setenv("SEGCORE_DATA", " ".join(f"camvid:{folder}" for folder in folders))
    return [one.name for one in data_sets()][1:]


def test_a_name_is_the_folders_until_a_person_gives_one(
    camvid: Path, toys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spaced = toys.rename(toys.with_name("my toys"))
    assert names(monkeypatch, camvid, spaced) == ["camvid", "my toys"]
    before = identity(spaced)
    rename(f"camvid:{spaced}", "  Film  sets ")
    assert names(monkeypatch, camvid, spaced) == ["camvid", "Film sets"]
    assert find("film sets").identity == before
    for taken in ("CamVid", "Film sets/x", "", "x" * 41):
        with pytest.raises(DataError):
            rename(f"camvid:{spaced}", taken)


def test_folders_of_one_name_are_told_apart(
    camvid: Path, toys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "more" / "CamVid"
    other.parent.mkdir()
    toys.rename(other)
    assert names(monkeypatch, camvid, other) == ["camvid", "CamVid (2)"]


def test_the_known_camvid_is_called_so_wherever_it_lies(
    camvid: Path, toys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = known_layout("camvid")
    assert known is not None and known.val is not None
    remember_digest(open_source(f"camvid:{toys}"), "val", known.val)  # as if it held its images
    assert names(monkeypatch, camvid, toys) == ["camvid (2)", "CamVid"]
    assert find("camvid").spec == f"camvid:{toys}"


def test_data_of_a_run_that_are_elsewhere_are_listed_by_what_they_are(
    camvid: Path, toys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = shipped_run(camvid)
    was = identity(camvid)
    camvid.rename(camvid.with_name("moved"))
    (one,) = [found for found in data_sets() if found.problem is not None]
    assert (one.identity, one.digest) == (was, was)
    assert runs.identity_of(run) == was
    identity(camvid.with_name("moved"))
    assert names(monkeypatch, camvid.with_name("moved")) == ["moved"]  # it is that one
