"""Whatever others made of the files in artifacts/: no command and no page ends in a traceback.

`SEGCORE_DAMAGE=2000` damages as many files instead of the usual few, a page drawn for each.
"""

import contextlib
import io
import os
import random
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import streamlit as st
from hypothesis import HealthCheck, example, given, strategies
from hypothesis import settings as examples
from streamlit.testing.v1 import AppTest

from segcore import jobs, settings
from segcore.cli import doctor, main
from segcore.errors import TrainingError
from segcore.evaluation import labelling
from segcore.jobs import worker
from segcore.jobs.admission import ADMISSIONS
from segcore.jobs.unreadable import find_unreadable
from segcore.prediction import loading
from segcore.runs import Run, run_lock
from segcore.training import session
from studio import address, engine
from studio.admin import gate
from studio.widgets import side_by_side
from studio.widgets.parts import PART
from tests.factories.damage import TRAINING, damage, damageable, make_studio
from tests.factories.made_runs import stub_predictions

ROOT = Path(__file__).resolve().parents[2]
WANTED = int(os.environ.get("SEGCORE_DAMAGE", "0"))
MAX_MEMORY = 300 << 20
"""Bytes that any command or page may take beside what the process has already."""

STATUS, CLEAR_REFS = Path("/proc/self/status"), Path("/proc/self/clear_refs")
PARTS = {
    "overview": ("",),
    "dataset": ("Effect on scores",),
    "training": ("Curves", "Classes", "Masks", "Runs"),
    "compare": ("",),
    "evaluate": ("Scores", "Mistakes", "Confidence", "Robustness", "Cost"),
    "upload": ("",),
    "admin": ("Train", "Runs and champions", "Data sets", "Storage", "Log"),
}
SHOWN = [(page, part) for page, parts in PARTS.items() for part in parts]

Studio = tuple[Run, Run]


@pytest.fixture
def studio(camvid: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Studio]:
    stub_predictions(monkeypatch)
    monkeypatch.setattr(engine, "start", lambda: None)
    monkeypatch.setattr(engine, "wait", lambda *served: True)
    monkeypatch.setattr(side_by_side, "predict_before_eyes", lambda *asked, **how: None)
    monkeypatch.setattr(worker, "ensure_worker", lambda: None)
    monkeypatch.setattr(loading, "load_fastest_predictor", labelling.load_predictor)
    monkeypatch.setattr(doctor, "_tell_devices", lambda: None)
    monkeypatch.setattr(session, "Session", begun)
    both = make_studio(camvid)
    with run_lock.hold(settings.runs_dir() / TRAINING):
        yield both


def begun(*_: object) -> None:
    raise TrainingError("begun")


@contextlib.contextmanager
def bounded_memory() -> Iterator[None]:
    """What happens inside takes no more than `MAX_MEMORY`, where the system counts it."""
    with contextlib.suppress(OSError):
        CLEAR_REFS.write_text("5")  # the most that was taken starts over
    before = most_memory()
    yield
    assert most_memory() - before < MAX_MEMORY


def most_memory() -> int:
    """Bytes; 0 where the system does not say."""
    lines = STATUS.read_text().splitlines() if STATUS.exists() else []
    return sum(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM:"))


@contextlib.contextmanager
def one_damaged(seed: int) -> Iterator[Path]:
    """One file of artifacts/ is damaged, and whole again afterwards."""
    choose = random.Random(seed)
    whole = {path: path.read_bytes() for path in damageable()}
    path = choose.choice(sorted(whole))
    damage(path, choose)
    try:
        with bounded_memory():
            yield path
    finally:
        for known in {*damageable(), *whole}:
            if known in whole and (not known.exists() or known.read_bytes() != whole[known]):
                known.write_bytes(whole[known])
            elif known not in whole:
                known.unlink()


def run_commands(a: Run, b: Run, folder: Path, choose: random.Random) -> None:
    """Commands that read what is stored; each ends well or by one line."""
    pair = ["--a", a.name, "--b", b.name, "--data", a.spec, "--split", "val"]
    image = Path(a.spec.removeprefix("camvid:"), "val", "film0_000.png")
    others = [
        ["runs", "list", "--json"],
        ["data", "list"],
        ["doctor"],
        ["evaluate", *pair[4:], "--run", a.name],
        ["robustness", *pair[4:], "--run", a.name],
        ["predict", "--run", a.name, "--out", str(folder / "labelled"), str(image)],
        ["train", "--resume", a.name],
        ["train", "--resume", TRAINING],
        ["train", "--recipe", "quick-unet", "--data", a.spec, "--start-from", a.name],
        ["runs", "card", a.name],
        ["runs", "export", a.name, str(folder / "run.zip")],
        ["runs", "promote", a.name],
        ["runs", "rollback", a.model, "camvid"],
        ["runs", "import", str(folder / "run.zip")],
        ["report", *pair, "--out", str(folder / "report.html")],
        ["report", *pair, "--out", str(folder / "report.zip")],
    ]
    always = [["runs", "list"], ["runs", "show", a.name], ["compare", *pair]]
    for arguments in (*always, choose.choice(others)):
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            status = main(arguments)
        assert status in (0, 2), arguments
        if status == 2:
            assert said.getvalue().count("\n") == 1, (arguments, said.getvalue())
        if "show" not in arguments:
            assert "\x1b" not in said.getvalue() and "![" not in said.getvalue()
    for one in find_unreadable():
        assert one.problem.isprintable()
    for job in jobs.list_jobs():
        assert job.task.title("data").isprintable()


def _opened_at(page: str, navigation: Callable, pages: list) -> object:
    for one in pages:
        one._default = one._url_path == page
    return navigation(pages)


def draw(page: str, part: str) -> AppTest:
    """The page as a visitor sees it who chose nothing, its sidebar with it."""
    app = AppTest.from_file(str(ROOT / "dashboard.py"), default_timeout=600)
    app.session_state[address.DATA] = "camvid"
    app.session_state[gate.ADMISSION] = ADMISSIONS.issue("tester")
    if part:
        app.session_state[PART] = part
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(st, "navigation", partial(_opened_at, page, st.navigation))
        app.run()
    assert not app.exception, app.exception
    assert len(app.sidebar.selectbox) == 3
    for element in (*app.markdown, *app.caption, *app.error, *app.title, *app.warning):
        assert "![x](" not in str(element.value) and ":red[z]" not in str(element.value)
    return app


@examples(
    max_examples=WANTED or 15,
    deadline=None,
    database=None,
    derandomize=not WANTED,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=strategies.integers(0, 2**32))
@example(seed=10959)  # a run that does not say how it is fed, in a report
@example(seed=826156905)  # an array whose header is an unfinished line of Python
def test_no_command_falls_over(studio: Studio, tmp_path: Path, seed: int) -> None:
    with one_damaged(seed):
        run_commands(*studio, tmp_path, random.Random(seed))


@examples(
    max_examples=WANTED or 8,
    deadline=None,
    database=None,
    derandomize=not WANTED,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=strategies.integers(0, 2**32), shown=strategies.sampled_from(SHOWN))
@example(seed=20127, shown=("training", "Classes"))  # a digest that is none
def test_no_page_falls_over(
    studio: Studio, defects: list, seed: int, shown: tuple[str, str]
) -> None:
    with one_damaged(seed):
        draw(*shown)
    assert not defects
