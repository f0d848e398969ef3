"""The admin page and its gate, as a visitor uses them; the worker is not started."""

import json
from collections.abc import Callable
from pathlib import Path

import argon2
import pytest
from streamlit.testing.v1 import AppTest

from pages.shared import gate
from segcore import jobs, runs, worker
from segcore.files import to_json
from segcore.jobs import Parameters, State
from segcore.run_writer import RunWriter, history_csv, write_progress
from segcore.runs import Run

PAGE = str(Path(__file__).parent.parent / "pages" / "admin.py")
QUICK = Parameters(recipe="quick-unet", data="streets", epochs=3)


@pytest.fixture(autouse=True)
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What asked for a worker; the gate is new and no password is configured."""
    asked: list[str] = []
    monkeypatch.setattr(worker, "ensure_worker", lambda: asked.append("worker"))
    monkeypatch.setattr(gate, "GATE", gate.Gate())
    monkeypatch.delenv("SEGCORE_ADMIN_PASSWORD_HASH", raising=False)
    return asked


@pytest.fixture
def page() -> AppTest:
    """The page of an admin who is signed in."""
    app = AppTest.from_file(PAGE, default_timeout=30)
    app.session_state[gate.SIGNED_IN] = True
    return app


def make_run(name: str, *, status: str = "finished", best: float = 0.5, **manifest: object) -> Run:
    writer = RunWriter.create(
        name,
        {
            "model": "unet",
            "recipe": {"name": "quick-unet"},
            "data": {"spec": "streets", "dataset": "streets", "fingerprint": "", "size": [8, 8]},
            "status": status,
            "started": f"2025-01-0{len(runs.list_runs()) + 1}T00:00:00+00:00",
            "epochs": 0,
            "weights": {},
            **manifest,
        },
    )
    row = {"epoch": 1.0, "loss": 1.0, "val_loss": 1.1, "mean_iou": best, "val_mean_iou": best}
    files = {"best.weights.h5": name.encode(), runs.HISTORY: history_csv([{**row, "seconds": 4.0}])}
    writer.commit_epoch(files, epochs=1, best={"epoch": 1, "mean_iou": best})
    return writer.run()


def button(app: AppTest, label: str) -> Callable[[], AppTest]:
    (found,) = [element for element in app.button if element.label == label]
    return lambda: found.click().run()


def texts(app: AppTest) -> str:
    elements = (*app.title, *app.markdown, *app.caption, *app.info, *app.error, *app.toast)
    return "\n".join(str(element.value) for element in elements)


# --- the gate ------------------------------------------------------------------------------------


def printed_token(capsys: pytest.CaptureFixture[str]) -> str:
    lines = [line for line in capsys.readouterr().out.splitlines() if "Admin token: " in line]
    assert len(lines) == 1
    return lines[0].partition("Admin token: ")[2]


def test_a_visitor_sees_the_sign_in_and_nothing_else() -> None:
    jobs.enqueue(QUICK)
    app = AppTest.from_file(PAGE, default_timeout=30).run()
    assert not app.exception
    assert [element.label for element in app.button] == ["Sign in"]
    assert not app.selectbox
    assert "quick-unet" not in texts(app)


def test_the_printed_token_signs_in_once(capsys: pytest.CaptureFixture[str]) -> None:
    app = AppTest.from_file(PAGE, default_timeout=30).run()
    token = printed_token(capsys)
    app.text_input[0].input("guess")
    button(app, "Sign in")()
    assert "not the token" in texts(app)
    app.text_input[0].input(token)
    button(app, "Sign in")()
    assert not app.exception
    assert "Start training" in [element.label for element in app.button]

    assert printed_token(capsys) != token
    other = AppTest.from_file(PAGE, default_timeout=30).run()
    other.text_input[0].input(token)
    button(other, "Sign in")()
    assert "not the token" in texts(other)


def test_a_configured_password_replaces_the_token(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hashed = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("correct")
    monkeypatch.setenv("SEGCORE_ADMIN_PASSWORD_HASH", hashed)
    app = AppTest.from_file(PAGE, default_timeout=30).run()
    assert "Admin token" not in capsys.readouterr().out
    app.text_input[0].input("wrong")
    button(app, "Sign in")()
    assert "not the password" in texts(app)
    app.text_input[0].input("correct")
    button(app, "Sign in")()
    assert "Start training" in [element.label for element in app.button]


def test_a_thousand_wrong_passwords_cost_ten_hashes_in_a_quarter_of_an_hour(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, hashes = 0.0, 0

    def matches(password_hash: str, password: str) -> bool:
        nonlocal hashes
        hashes += 1
        return password == "correct"

    monkeypatch.setattr(gate, "_matches", matches)
    slow = gate.Gate(lambda: clock)
    for attempt in range(1000):
        clock = attempt * 0.9
        with pytest.raises(gate.GateError):
            slow.admit("wrong", "hash")
    assert 5 <= hashes <= 10
    with pytest.raises(gate.GateError, match="try again in"):
        slow.admit("correct", "hash")
    clock += 900
    slow.admit("correct", "hash")


def test_a_signed_out_page_cannot_act(page: AppTest) -> None:
    page.run()
    button(page, "Sign out")()
    assert "Start training" not in [element.label for element in page.button]


# --- the page ------------------------------------------------------------------------------------


def test_without_runs_it_says_what_to_do(page: AppTest) -> None:
    page.run()
    assert not page.exception
    assert "No run yet" in texts(page)
    assert "Nothing is running" in texts(page)


def test_start_queues_what_was_chosen(page: AppTest, started: list[str]) -> None:
    page.run()
    page.selectbox(key="recipe").select("quick-danet").run()
    page.number_input(key="epochs quick-danet").set_value(2).run()
    button(page, "Start training")()
    assert not page.exception
    (job,) = jobs.list_jobs()
    wanted = job.parameters
    assert (wanted.recipe, wanted.data, wanted.epochs) == ("quick-danet", "streets", 2)
    assert started
    assert page.title[0].value == "1 in the queue, about to start"


def test_a_start_that_cannot_be_is_one_line(page: AppTest, camvid: Path) -> None:
    make_run("unet-camvid-1", data={"spec": f"camvid:{camvid}", "dataset": "camvid"})
    page.run()
    page.selectbox(key="data_spec").select(f"camvid:{camvid}").run()
    camvid.rename(camvid.with_name("moved"))
    button(page, "Start training")()
    assert not page.exception
    assert [str(camvid) in error.value for error in page.error] == [True]
    assert jobs.list_jobs() == []


def test_a_running_training_shows_progress_curve_and_log_and_can_be_cancelled(
    page: AppTest,
) -> None:
    run = make_run("unet-streets-1", status="running")
    progress = {"epoch": 2, "epochs": 3, "step": 10, "steps": 40, "loss": 0.7, "seconds_left": 61.0}
    write_progress(run.path, progress)
    job = jobs.enqueue(QUICK)
    claimed = jobs.claim("w")
    assert claimed is not None
    jobs.record(claimed, run=run.name)
    job.log_path.parent.mkdir()
    job.log_path.write_text(f"run: {run.name}\nepoch 1 of 3\n")

    page.run()
    assert not page.exception
    (bar,) = page.get("progress")
    assert bar.proto.value == int(100 * (1 + 10 / 40) / 3)
    assert bar.proto.text == "Epoch 2 of 3, step 10 of 40 · loss 0.700 · 61 s left"
    assert len(page.get("plotly_chart")) == 2
    assert "epoch 1 of 3" in page.code[0].value

    button(page, "Cancel")()
    assert jobs.get_job(job.id).state == State.CANCELLING


def test_a_failed_training_says_why_and_runs_again(page: AppTest) -> None:
    job = jobs.enqueue(QUICK)
    claimed = jobs.claim("w")
    assert claimed is not None
    jobs.finish(claimed, State.FAILED, "no room left on the disk")
    page.run()
    assert "no room left on the disk" in texts(page)
    button(page, "Run again")()
    assert jobs.get_job(job.id).state == State.QUEUED


def test_promote_asks_first_and_roll_back_returns_the_former(page: AppTest) -> None:
    old, new = make_run("unet-streets-1", best=0.4), make_run("unet-streets-2", best=0.6)
    runs.promote(old)
    page.run()
    page.selectbox(key="candidate").select(new.name).run()
    button(page, "Promote")()
    assert runs.champion("unet", "streets") == old
    page.button(key="confirm").click().run()
    assert not page.exception
    assert runs.champion("unet", "streets") == new

    button(page, "Roll back")()
    page.button(key="confirm").click().run()
    assert runs.champion("unet", "streets") == old


def test_a_run_with_damaged_weights_is_not_promoted(page: AppTest) -> None:
    run = make_run("unet-streets-1")
    (run.path / "best.weights.h5").write_bytes(b"cut")
    page.run()
    button(page, "Promote")()
    page.button(key="confirm").click().run()
    assert not page.exception
    assert any("best.weights.h5" in error.value for error in page.error)
    assert runs.champion("unet", "streets") is None


def test_the_table_shows_scores_and_the_champion(page: AppTest) -> None:
    run = make_run("unet-streets-1", best=0.4)
    runs.promote(run)
    make_run("unet-streets-2", best=0.3)
    report = to_json({"mean_iou": 0.35, "split": "val"})
    (run.path / "evaluation-streets-val.json").write_bytes(report)
    page.run()
    table = page.dataframe[0].value.set_index("run")
    assert json.loads(report)["mean_iou"] == table.loc[run.name, "mean IoU"]
    assert table["champion"].to_dict() == {run.name: "★", "unet-streets-2": ""}


def test_a_damaged_queue_leaves_the_runs_in_view(page: AppTest) -> None:
    run = make_run("unet-streets-1")
    jobs.enqueue(QUICK)
    (run.path.parent.parent / "jobs.sqlite3").write_bytes(b"no database" * 100)
    page.run()
    assert not page.exception
    assert any("jobs.sqlite3" in error.value for error in page.error)
    assert run.name in page.dataframe[0].value["run"].to_list()
