"""What tests of the admin page share: the page, what is on it, and runs to act on."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from segcore import jobs, runs
from segcore.jobs import Job, worker
from segcore.jobs.admission import ADMISSIONS
from segcore.jobs.tasks import Task, Training
from segcore.recipes import get_recipe
from segcore.runs import Run
from segcore.runs.writer import RunWriter, history_csv
from studio.admin import gate
from studio.widgets.parts import PART

PAGE = str(Path(__file__).parents[2] / "pages" / "admin.py")
QUICK = Training(get_recipe("quick-unet"), "streets")


def begin_anew(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A new gate without a password; returns what will have asked for a worker: none is started."""
    asked: list[str] = []
    monkeypatch.setattr(worker, "ensure_worker", lambda: asked.append("worker"))
    monkeypatch.setattr(gate, "GATE", gate.Gate())
    monkeypatch.delenv("SEGCORE_ADMIN_PASSWORD_HASH", raising=False)
    return asked


def signed_in_page() -> AppTest:
    """The page of an admin who is signed in."""
    app = AppTest.from_file(PAGE, default_timeout=30)
    app.session_state[gate.ADMISSION] = ADMISSIONS.issue("tester")
    return app


def enqueue(task: Task) -> Job:
    return jobs.enqueue(task, ADMISSIONS.issue("tester"))


def show(page: AppTest, section: str) -> AppTest:
    page.query_params[PART] = section
    return page.run()


SPEED = {"seconds": 4.0, "images_per_second": 5.0}


def make_run(name: str, *, status: str = "finished", best: float = 0.5, **manifest: object) -> Run:
    writer = RunWriter.create(
        name,
        {
            "model": "unet",
            "parameters": 500_000,
            "recipe": {"name": "quick-unet"},
            "data": {"spec": "streets", "dataset": "streets", "fingerprint": "", "size": [8, 8]},
            "status": status,
            "seed": 0,
            "started": f"2025-01-0{len(runs.list_runs()) + 1}T00:00:00+00:00",
            "epochs": 0,
            "weights": {},
            **manifest,
        },
    )
    row = {"epoch": 1.0, "loss": 1.0, "val_loss": 1.1, "mean_iou": best, "val_mean_iou": best}
    files = {"best.weights.h5": name.encode(), runs.HISTORY: history_csv([{**row, **SPEED}])}
    writer.commit_epoch(files, epochs=1, best={"epoch": 1, "mean_iou": best})
    return writer.run()


def button(app: AppTest, label: str) -> Callable[[], AppTest]:
    (found,) = [element for element in app.button if element.label == label]
    return lambda: found.click().run()
