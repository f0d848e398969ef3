"""The admin page, as someone who is signed in uses it; the worker is not started."""

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from segcore import jobs, runs, settings
from segcore.data.preparation import prepare, prepared_folders
from segcore.errors import RunError
from segcore.files.writing import to_json
from segcore.jobs import State, audit, leases, registration, storage
from segcore.jobs.admission import ADMISSIONS
from segcore.jobs.tasks import Preparation, Scoring, Training
from segcore.labels import CITYSCAPES
from segcore.labels.merge_syntax import merging
from segcore.recipes import get_recipe
from segcore.runs import run_lock
from segcore.runs.writer import write_progress
from studio import background
from studio.admin import downloads
from tests.factories.made_data import id_mask, write_picture
from tests.studio.admin_visit import (
    QUICK,
    begin_anew,
    button,
    enqueue,
    make_run,
    show,
    signed_in_page,
)
from tests.studio.drawn_pages import text


@pytest.fixture(autouse=True)
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What asked for a worker."""
    return begin_anew(monkeypatch)


@pytest.fixture
def page() -> AppTest:
    return signed_in_page()


# --- train ---------------------------------------------------------------------------------------


def test_without_runs_it_says_what_to_do(page: AppTest) -> None:
    show(page, "Train")
    assert not page.exception
    assert "Nothing is running" in text(page)
    show(page, "Runs and champions")
    assert not page.exception
    assert "No run yet" in text(page)


def test_start_queues_what_was_chosen(page: AppTest, started: list[str]) -> None:
    page.run()
    page.selectbox(key="recipe").select("quick-danet").run()
    page.number_input(key="epochs quick-danet").set_value(2).run()
    button(page, "Start training")()
    assert not page.exception
    (job,) = jobs.list_jobs()
    assert job.task == Training(replace(get_recipe("quick-danet"), epochs=2), "streets")
    assert started
    assert page.title[0].value == "1 in the queue, about to start"


def test_every_parameter_can_be_changed_and_what_is_out_of_range_is_refused(page: AppTest) -> None:
    page.run()
    page.text_input(key="crop quick-unet").input("64 x 96").run()
    page.toggle(key="augmentation.flip quick-unet").set_value(False).run()
    button(page, "Start training")()
    recipe = jobs.list_jobs()[0].task.recipe
    assert (recipe.crop, recipe.augmentation.flip) == ((64, 96), False)
    assert recipe.name == "quick-edited-unet"

    page.text_input(key="size quick-unet").input("64 x").run()
    assert "Size 64 x: give two numbers" in text(page)
    page.text_input(key="size quick-unet").input("128 x 256").run()
    assert page.toggle(key="augmentation.flip quick-unet").value is False  # nothing is forgotten
    page.text_input(key="crop quick-unet").input("64 x 97").run()
    assert not page.exception
    assert "Crop 64×97: must be 32 to 2048 pixels a side, multiples of 32" in text(page)
    assert page.button[[b.label for b in page.button].index("Start training")].disabled


def test_a_run_is_cloned_with_all_its_parameters(page: AppTest) -> None:
    recipe = replace(get_recipe("tuned-unet"), balance=0.3, epochs=7)
    run = make_run("unet-streets-1", recipe=recipe.to_dict())
    page.run()
    page.selectbox(key="recipe").select(run.name).run()
    assert page.number_input(key=f"epochs {run.name}").value == 7
    button(page, "Start training")()
    assert jobs.list_jobs()[0].task.recipe == recipe


def test_classes_are_merged_in_the_form_and_a_clone_keeps_them(page: AppTest) -> None:
    page.run()
    page.text_input(key="merge quick-unet").input("car, truck = vehicle; rest = othr").run()
    page.text_input(key="ignore quick-unet").input("buz").run()
    assert "no class 'buz'; the nearest are bus" in text(page)
    assert page.button[[b.label for b in page.button].index("Start training")].disabled
    page.text_input(key="ignore quick-unet").input("bus").run()
    assert "2 classes: othr, vehicle." in text(page)
    button(page, "Start training")()
    assert not page.exception
    task = jobs.list_jobs()[0].task
    assert (task.merge, task.ignore) == ("car, truck = vehicle; rest = othr", "bus")
    command = task.command(settings.artifacts_dir(), None)
    assert command[-2:] == ["--merge=car, truck = vehicle; rest = othr", "--ignore=bus"]

    merged = merging(CITYSCAPES, [task.merge], [task.ignore])
    run = make_run(
        "unet-streets-1",
        recipe=get_recipe("tuned-unet").to_dict(),
        label_space=merged.target.as_dict(),
        merged_from={"label_space": CITYSCAPES.as_dict(), "ids": merged.ids},
    )
    page.run()
    page.selectbox(key="recipe").select(run.name).run()
    again = [page.text_input(key=f"{what} {run.name}").value for what in ("merge", "ignore")]
    assert merging(CITYSCAPES, [again[0]], [again[1]]).ids == merged.ids


def test_the_estimate_comes_before_the_start_and_refuses_what_cannot_fit(page: AppTest) -> None:
    make_run("unet-streets-1", recipe=get_recipe("quick-unet").to_dict(), device="CPU (made)")
    page.run()
    assert "at the speed of `unet-streets-1` on CPU (made)" in text(page)
    page.number_input(key="batch_size quick-unet").set_value(512).run()
    page.text_input(key="size quick-unet").input("4096 × 4096").run()
    assert not page.exception
    assert "of memory, the machine has" in text(page)
    assert page.button[[b.label for b in page.button].index("Start training")].disabled


def test_a_start_that_cannot_be_is_one_line(page: AppTest, camvid: Path) -> None:
    make_run("unet-camvid-1", data={"spec": f"camvid:{camvid}", "dataset": "camvid"})
    page.run()
    camvid.rename(camvid.with_name("moved"))
    page.selectbox(key="data_spec").select(f"camvid:{camvid}").run()
    assert not page.exception
    assert [str(camvid) in error.value for error in page.error] == [True]
    assert jobs.list_jobs() == []


def test_a_running_training_shows_progress_curve_and_log_and_can_be_cancelled(
    page: AppTest,
) -> None:
    run = make_run("unet-streets-1", status="running")
    progress = {"epoch": 2, "epochs": 3, "step": 10, "steps": 40, "loss": 0.7, "seconds_left": 61.0}
    write_progress(run.path, progress)
    job = enqueue(QUICK)
    claimed = leases.claim("w")
    assert claimed is not None
    leases.record(claimed, run=run.name)
    job.folder.mkdir(parents=True)
    job.log_path.write_text(f"run: {run.name}\nepoch 1 of 3\n")

    with run_lock.hold(run.path):
        page.run()
        assert not page.exception
        (bar,) = page.get("progress")
        assert bar.proto.value == int(100 * (1 + 10 / 40) / 3)
        assert bar.proto.text == "Epoch 2 of 3, step 10 of 40, loss 0.700, 61 s left"
        assert len(page.get("plotly_chart")) == 2
        assert "epoch 1 of 3" in page.code[0].value
        button(page, "Cancel")()
    assert jobs.get_job(job.id).state == State.CANCELLING


def test_a_preparation_shows_how_far_it_is(page: AppTest) -> None:
    job = enqueue(Preparation("streets"))
    assert leases.claim("w") is not None
    job.folder.mkdir(parents=True)
    job.progress_path.write_text('{"label": "train", "done": 30, "total": 120}')
    page.run()
    (bar,) = page.get("progress")
    assert (bar.proto.value, bar.proto.text) == (25, "train: 30 of 120")
    assert page.title[0].value == "Streets (built in) is being prepared"


def test_a_failed_training_says_why_and_runs_again(page: AppTest) -> None:
    job = enqueue(QUICK)
    claimed = leases.claim("w")
    assert claimed is not None
    leases.finish(claimed, State.FAILED, "no room left on the disk")
    job.folder.mkdir(parents=True)
    job.log_path.write_text("the last words\n")
    page.run()
    assert not page.exception
    assert "no room left on the disk" in text(page)
    assert page.code[0].value == "the last words"
    button(page, "Run again")()
    assert jobs.get_job(job.id).state == State.QUEUED


def test_what_was_typed_is_there_after_a_look_at_another_room(page: AppTest) -> None:
    page.run()
    page.selectbox(key="recipe").select("quick-danet").run()
    page.number_input(key="epochs quick-danet").set_value(7).run()
    show(page, "Log")
    show(page, "Train")
    assert page.selectbox(key="recipe").value == "quick-danet"
    assert page.number_input(key="epochs quick-danet").value == 7


# --- runs and champions --------------------------------------------------------------------------


def test_score_queues_the_run_and_the_champion_it_is_compared_with(page: AppTest) -> None:
    old, new = make_run("unet-streets-1", best=0.4), make_run("unet-streets-2", best=0.6)
    runs.promote(old)
    show(page, "Runs and champions")
    page.selectbox(key="candidate").select(new.name).run()
    button(page, "Score both")()
    assert [job.task for job in jobs.list_jobs()] == [
        Scoring(new.name, "streets"),
        Scoring(old.name, "streets"),
    ]


def test_promote_asks_first_and_roll_back_returns_the_former(page: AppTest) -> None:
    old, new = make_run("unet-streets-1", best=0.4), make_run("unet-streets-2", best=0.6)
    runs.promote(old)
    show(page, "Runs and champions")
    page.selectbox(key="candidate").select(new.name).run()
    button(page, "Promote")()
    assert runs.champion("unet", "streets") == old
    page.button(key="confirm").click().run()
    assert not page.exception
    assert runs.champion("unet", "streets") == new
    assert runs.promotions("unet", "streets")[-1].by == "tester"

    button(page, "Roll back")()
    page.button(key="confirm").click().run()
    assert runs.champion("unet", "streets") == old
    history = page.dataframe[1].value
    assert history["run"].to_list() == [new.name, old.name]
    assert history["rolled back by"].to_list() == ["tester", ""]


def test_a_run_with_damaged_weights_is_not_promoted(page: AppTest) -> None:
    run = make_run("unet-streets-1")
    (run.path / "best.weights.h5").write_bytes(b"cut")
    show(page, "Runs and champions")
    button(page, "Promote")()
    page.button(key="confirm").click().run()
    assert not page.exception
    assert any("best.weights.h5" in error.value for error in page.error)
    assert runs.champion("unet", "streets") is None


def test_only_what_can_be_champion_can_be_promoted(page: AppTest) -> None:
    make_run("danet-tasm-streets-1", model="danet-tasm")
    show(page, "Runs and champions")
    assert any("visitors choose it themselves" in line.value for line in page.markdown)
    promote = next(one for one in page.button if one.label == "Promote")
    assert promote.disabled


def test_a_run_can_be_taken_home(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    make_run("unet-streets-20250101-000000-aaaa")
    opened = nullcontext()
    monkeypatch.setattr(opened, "open", True, raising=False)
    monkeypatch.setattr(downloads.st, "popover", lambda *_, **__: opened)
    show(page, "Runs and champions")
    assert not page.exception
    assert len(page.selectbox(key="export as").options) == 5
    button(page, "Make the file")()
    page.run()
    for work in background.WORK_QUEUE.unfinished():
        work.wait(60)
    page.run()
    assert not page.exception
    (download,) = page.get("download_button")
    assert download.proto.label == "Download"


def test_a_history_without_weights_is_no_candidate(page: AppTest) -> None:
    trained, logged = make_run("unet-streets-1"), make_run("unet-streets-2")
    (logged.path / runs.MANIFEST).write_bytes(to_json({**logged.record, "weights": {}}))
    show(page, "Runs and champions")
    assert page.selectbox(key="candidate").value == trained.name
    assert len(page.selectbox(key="candidate").options) == 1


def test_the_table_shows_scores_and_the_champion(page: AppTest) -> None:
    run = make_run("unet-streets-1", best=0.4)
    runs.promote(run)
    make_run("unet-streets-2", best=0.3)
    show(page, "Runs and champions")
    table = page.dataframe[0].value.set_index("run")
    assert set(table["data"]) == {"Streets (built in)"}
    assert table["champion"].to_dict() == {run.name: "★", "unet-streets-2": ""}


def test_a_damaged_queue_leaves_the_form_and_the_log_in_view(page: AppTest) -> None:
    enqueue(QUICK)
    settings.jobs_path().write_bytes(b"no database" * 100)
    show(page, "Train")
    assert not page.exception
    assert any("jobs.sqlite3" in error.value for error in page.error)
    assert "Start training" in [element.label for element in page.button]


# --- data sets, storage, log ---------------------------------------------------------------------


def test_a_folder_is_registered_by_looking_prepared_and_forgotten(
    page: AppTest, camvid: Path
) -> None:
    show(page, "Data sets")
    page.text_input[0].input(str(camvid.parent / "nothing"))
    button(page, "Register")()
    assert "does not exist" in text(page)
    page.text_input[0].input(str(camvid))
    button(page, "Register")()
    assert not page.exception
    spec = f"camvid:{camvid}"
    assert registration.registered() == [spec]
    page.button(key=f"prepare {spec}").click().run()
    assert [job.task for job in jobs.list_jobs()] == [Preparation(spec)]

    (camvid / "val" / "film0_000.png").write_bytes(b"cut")
    prepare(spec)
    page.run()
    assert "6 train, 2 val images ready" in text(page)
    assert "film0_000.png" in page.dataframe[0].value["what"][0]
    page.button(key=f"remove {spec}").click().run()
    page.button(key="confirm").click().run()
    assert prepared_folders(spec) == []
    page.button(key=f"forget {spec}").click().run()
    page.button(key="confirm").click().run()
    assert registration.registered() == []


def test_a_folder_of_other_classes_is_registered_only_when_confirmed(
    page: AppTest, camvid: Path
) -> None:
    for number, path in enumerate(sorted(camvid.glob("*annot/*.png"))):
        write_picture(path, id_mask(number, 24, 32, [0, 1, 2, 3, 4]))
    show(page, "Data sets")
    page.text_input[0].input(str(camvid))
    button(page, "Register")()
    assert registration.registered() == []
    assert "6 train, 3 val" not in text(page)
    assert "train 6 images with 6 masks" in text(page).replace("\\", "")
    assert "only the first 5 of the 12 ids" in text(page)
    button(page, "Leave it")()
    assert registration.registered() == []
    assert "only the first 5" not in text(page)

    button(page, "Register")()
    button(page, "That is right: register it")()
    assert not page.exception
    assert registration.registered() == [f"camvid:{camvid}"]
    page.button(key=f"prepare camvid:{camvid}").click().run()
    assert jobs.list_jobs() == []  # asked first
    page.button(key="confirm").click().run()
    assert [job.task for job in jobs.list_jobs()] == [Preparation(f"camvid:{camvid}")]


def test_clean_up_offers_only_what_nothing_needs(page: AppTest) -> None:
    champion, former, spare = (make_run(f"unet-streets-{i}") for i in range(3))
    shipped = make_run("unet-streets-3", shipped=True)
    runs.promote(former)
    runs.promote(champion)
    show(page, "Storage")
    assert not page.exception
    (offered,) = page.multiselect
    offered.select(spare.name).run()
    page.button(key="remove runs").click().run()
    page.button(key="confirm").click().run()
    kept = {run.name for run in runs.list_runs()}
    assert kept == {champion.name, former.name, shipped.name}
    assert not spare.path.exists()
    for run, reason in ((champion, "champion"), (former, "roll back"), (shipped, "came with")):
        with pytest.raises(RunError, match=reason):
            storage.delete_run(run.name, ADMISSIONS.issue("tester"))


def test_the_log_shows_who_did_what(page: AppTest) -> None:
    audit.record("boss@example.org", "signed in")
    show(page, "Log")
    table = page.dataframe[0].value
    assert (table["who"][0], table["what"][0]) == ("boss@example.org", "signed in")
