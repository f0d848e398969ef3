"""The worker with real processes: a script stands in for the training."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from segcore import jobs, runs
from segcore.jobs import Job, State, attempt, leases, worker
from segcore.jobs.admission import ADMISSIONS
from segcore.jobs.tasks import Preparation, Task, Training
from segcore.recipes import get_recipe
from segcore.recipes.checks import find_recipe
from segcore.runs.writer import RunWriter

QUICK = Training(get_recipe("quick-unet"), "streets")
NAME = "unet-streets-20250101-000000-abcd"

# A training of one epoch: makes its run's folder, says its name, then does what the test wants.
TRAINING = """
import json, os, signal, subprocess, sys, time
from pathlib import Path
name, deed = sys.argv[1:3]
path = Path(os.environ["SEGCORE_ARTIFACTS"], "runs", name)
path.mkdir(parents=True, exist_ok=True)
manifest = {"run": name, "model": "unet", "data": {"dataset": "streets", "spec": "streets"},
            "recipe": {"name": "quick-unet"}, "status": "running",
            "started": "2025-01-01T00:00:00+00:00", "seed": 0}
def save(status):
    (path / "run.json").write_text(json.dumps(manifest | {"status": status}))
save("running")
print("run:", name)
def report(**facts):
    Path(os.environ["SEGCORE_REPORT"]).write_text(json.dumps({"run": name, **facts}))
report()
if deed == "finish":
    save("finished")
elif deed == "fail":
    print("Traceback, warnings and so on", file=sys.stderr)
    report(error="streets: no room left on the disk")
    sys.exit(2)
elif deed == "memory":
    report(kind="out-of-memory")
    raise MemoryError("Unable to allocate 9.1 GiB")
elif deed == "silent":
    sys.exit(3)
elif deed == "crash":
    os.kill(os.getpid(), signal.SIGKILL)
elif deed == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    print("child:", child.pid)
    time.sleep(60)
elif deed == "long":
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(attempt, "WATCH_SECONDS", 0.05)
    monkeypatch.setattr(attempt, "GRACE_SECONDS", 0.5)


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "training.py"
    path.write_text(TRAINING)
    return path


@pytest.fixture
def start(script: Path) -> Iterator[Callable[..., threading.Event]]:
    """Starts a worker whose trainings do the given deeds, one an attempt, the last one for ever."""
    started: list[tuple[threading.Event, threading.Thread]] = []

    def begin(*deeds: str) -> threading.Event:
        def command(job: Job) -> list[str]:
            deed = deeds[min(job.attempt, len(deeds)) - 1]
            return [sys.executable, str(script), NAME, deed]

        stop = threading.Event()
        thread = threading.Thread(target=worker.work, args=(stop,), kwargs={"command": command})
        thread.start()
        started.append((stop, thread))
        return stop

    yield begin
    for stop, thread in started:
        stop.set()
        thread.join(20)


def enqueue(task: Task) -> Job:
    return jobs.enqueue(task, ADMISSIONS.issue("tester"))


def wait_for(condition: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, [vars(job) for job in jobs.list_jobs()]
        time.sleep(0.02)


def has_state(job: Job, *states: State) -> Callable[[], bool]:
    return lambda: jobs.get_job(job.id).state in states


def is_running(pid: int) -> bool:
    """Whether the process lives; a dead one that nobody has waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_the_command_is_that_of_the_command_line(camvid: Path) -> None:
    edited = replace(get_recipe("quick-unet"), name="quick-edited-unet", epochs=3, balance=0.5)
    job = enqueue(Training(edited, "streets"))
    job.folder.mkdir(parents=True)
    command = worker.command_of(job)
    recipe = command[command.index("--recipe") + 1]
    assert command[3:] == ["train", "--recipe", recipe, "--data", "streets"]
    assert find_recipe(recipe) == edited

    prepare = enqueue(Preparation(f"camvid:{camvid}"))
    assert worker.command_of(prepare)[3:] == ["prepare", "--data", f"camvid:{camvid}", "--yes"]


def test_a_training_that_ends_well_is_done(start: Callable[..., threading.Event]) -> None:
    job = enqueue(QUICK)
    start("finish")
    wait_for(has_state(job, State.DONE))
    assert jobs.get_job(job.id).run == NAME
    assert f"run: {NAME}" in (runs.get_run(NAME).path / "train.log").read_text()


def test_a_run_removed_before_its_job_resumes_it_fails_that_job_alone() -> None:
    manifest = {
        "model": "unet",
        "recipe": get_recipe("quick-unet").to_dict(),
        "data": {"spec": "streets", "dataset": "streets"},
        "status": "stopped",
        "started": runs.now(),
    }
    writer = RunWriter.create(NAME, manifest)
    job = enqueue(Training(resume=NAME))
    shutil.rmtree(writer.path)
    stop = threading.Event()
    thread = threading.Thread(target=worker.work, args=(stop,))
    thread.start()
    wait_for(has_state(job, State.FAILED))
    assert thread.is_alive()  # and takes the next one
    assert jobs.get_job(job.id).reason == f"{NAME}: no such run to resume; it was removed"
    stop.set()
    thread.join(20)


def test_a_failed_training_says_why(start: Callable[..., threading.Event]) -> None:
    job = enqueue(QUICK)
    start("fail")
    wait_for(has_state(job, State.FAILED))
    ended = jobs.get_job(job.id)
    assert ended.reason == "streets: no room left on the disk"
    assert ended.attempt == 1
    run = runs.get_run(NAME)
    assert (run.status, run.manifest.reason) == ("failed", ended.reason)


def test_out_of_memory_is_said_in_plain_words(start: Callable[..., threading.Event]) -> None:
    job = enqueue(QUICK)
    start("memory")
    wait_for(has_state(job, State.FAILED))
    assert "out of memory: choose a smaller batch size" in str(jobs.get_job(job.id).reason)


def test_a_full_disk_is_named_even_where_nothing_could_be_printed(
    start: Callable[..., threading.Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempt, "is_full", lambda _: True)
    job = enqueue(QUICK)
    start("silent")
    wait_for(has_state(job, State.FAILED))
    assert "no room left on the disk" in str(jobs.get_job(job.id).reason)


def test_a_folder_that_cannot_be_written_fails_the_job_and_the_worker_goes_on(
    start: Callable[..., threading.Event], artifacts: Path
) -> None:
    job = enqueue(QUICK)
    (artifacts / "jobs").write_text("no folder")
    start("finish")
    wait_for(has_state(job, State.FAILED))
    assert "cannot be written" in str(jobs.get_job(job.id).reason)
    (artifacts / "jobs").unlink()
    jobs.retry(job.id, ADMISSIONS.issue("tester"))
    wait_for(has_state(job, State.DONE))


def test_a_crash_is_retried_by_resuming(start: Callable[..., threading.Event]) -> None:
    job = enqueue(QUICK)
    start("crash", "crash", "finish")
    wait_for(has_state(job, State.DONE, State.FAILED))
    ended = jobs.get_job(job.id)
    assert (ended.state, ended.attempt, ended.run) == (State.DONE, 3, NAME)
    assert worker.command_of(ended)[3:] == ["train", "--resume", NAME]


def test_a_third_crash_is_the_last(start: Callable[..., threading.Event]) -> None:
    job = enqueue(QUICK)
    start("crash")
    wait_for(has_state(job, State.FAILED))
    ended = jobs.get_job(job.id)
    assert ended.attempt == 1 + leases.AUTOMATIC_RETRIES
    assert "SIGKILL" in str(ended.reason)
    assert "given up" in str(ended.reason)


def test_cancel_ends_every_process_even_those_that_will_not(
    start: Callable[..., threading.Event],
) -> None:
    job = enqueue(QUICK)
    start("deaf")
    wait_for(lambda: job.log_path.exists() and "child: " in job.log_path.read_text())
    leader = jobs.get_job(job.id).process_group
    assert leader is not None
    child = int(job.log_path.read_text().rpartition("child: ")[2])
    jobs.cancel(job.id, ADMISSIONS.issue("tester"))
    wait_for(has_state(job, State.CANCELLED))
    assert not is_running(leader)
    assert not is_running(child)
    assert runs.get_run(NAME).status == "stopped"


def test_a_job_whose_folder_is_deleted_can_still_be_cancelled(
    start: Callable[..., threading.Event],
) -> None:
    job = enqueue(QUICK)
    start("long")
    wait_for(lambda: jobs.get_job(job.id).run)
    leader = jobs.get_job(job.id).process_group
    shutil.rmtree(job.folder)
    jobs.cancel(job.id, ADMISSIONS.issue("tester"))
    wait_for(has_state(job, State.CANCELLED))
    assert leader is not None and not is_running(leader)


def test_a_worker_that_is_stopped_gives_its_job_back(start: Callable[..., threading.Event]) -> None:
    job = enqueue(QUICK)
    stop = start("long", "finish")
    wait_for(lambda: jobs.get_job(job.id).run)
    stop.set()
    wait_for(has_state(job, State.QUEUED))
    assert jobs.get_job(job.id).retries == 0
    start("long", "finish")
    wait_for(has_state(job, State.DONE))


def test_one_training_at_a_time_with_two_workers(start: Callable[..., threading.Event]) -> None:
    first, second = enqueue(QUICK), enqueue(QUICK)
    start("long")
    start("long")
    wait_for(lambda: jobs.get_job(first.id).run)
    assert jobs.get_job(second.id).state == State.QUEUED


WORKER = """
import sys, threading
from segcore import jobs
from segcore.jobs import attempt, worker
worker.POLL_SECONDS = attempt.WATCH_SECONDS = 0.05
command = lambda job: [sys.executable, sys.argv[1], sys.argv[2], sys.argv[3]]
worker.work(threading.Event(), command=command, lease=1.0)
"""


def test_the_job_of_a_killed_worker_is_taken_over_and_its_training_ended(
    script: Path, start: Callable[..., threading.Event]
) -> None:
    job = enqueue(QUICK)
    killed = subprocess.Popen([sys.executable, "-c", WORKER, script, NAME, "long"])
    wait_for(lambda: jobs.get_job(job.id).run)
    orphan = jobs.get_job(job.id).process_group
    assert orphan is not None
    assert runs.get_run(NAME).manifest.status == "running"
    killed.kill()
    killed.wait()
    assert is_running(orphan)

    start("long", "finish")
    wait_for(has_state(job, State.DONE))
    assert not is_running(orphan)
    ended = jobs.get_job(job.id)
    assert (ended.attempt, ended.retries, ended.run) == (2, 1, NAME)


def test_a_run_whose_worker_died_before_it_could_record_it_is_resumed(
    script: Path,
) -> None:
    job = enqueue(QUICK)
    assert leases.claim("dead", lease=-1) is not None
    job.folder.mkdir(parents=True)
    environment = {**os.environ, "SEGCORE_REPORT": str(job.report_path)}
    subprocess.run([sys.executable, script, NAME, "fail"], env=environment, check=False)
    resumed: list[str | None] = []

    def command(job: Job) -> list[str]:
        resumed.append(job.run)
        return [sys.executable, str(script), NAME, "finish"]

    stop = threading.Event()
    thread = threading.Thread(target=worker.work, args=(stop,), kwargs={"command": command})
    thread.start()
    wait_for(has_state(job, State.DONE, State.FAILED))
    stop.set()
    thread.join(20)
    assert resumed == [NAME]


def test_a_training_that_finished_without_its_worker_is_not_repeated(
    start: Callable[..., threading.Event],
) -> None:
    job = enqueue(QUICK)
    claimed = leases.claim("dead", lease=-1)
    assert claimed is not None
    job.folder.mkdir(parents=True)
    job.report_path.write_text(json.dumps({"run": NAME}))
    folder = Path(os.environ["SEGCORE_ARTIFACTS"], "runs", NAME)
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(
        '{"model": "unet", "data": {"dataset": "streets", "spec": "streets"},'
        ' "recipe": {"name": "quick-unet"}, "status": "finished",'
        ' "started": "2025-01-01T00:00:00+00:00"}'
    )
    start("fail")
    wait_for(has_state(job, State.DONE, State.FAILED))
    assert jobs.get_job(job.id).state == State.DONE


def test_ensure_worker_starts_one_that_outlives_the_asker() -> None:
    asker = "from segcore.jobs import worker; worker.ensure_worker(); worker.ensure_worker()"
    subprocess.run([sys.executable, "-c", asker], check=True)
    wait_for(lambda: any(leases.living_workers().values()))
    (pid,) = leases.living_workers().values()
    assert pid is not None
    assert is_running(pid)
    cores = len(os.sched_getaffinity(0))
    assert len(os.sched_getaffinity(pid)) == max(1, cores - 1)  # one is left to the server
    os.kill(pid, signal.SIGTERM)
    wait_for(lambda: not leases.living_workers())


def test_a_worker_ends_when_it_was_idle_for_long() -> None:
    worker.work(threading.Event(), worker="w", idle_seconds=0.2)
    assert leases.living_workers() == {}


def test_a_dead_worker_is_noticed_within_a_minute() -> None:
    starting_up = 10.0
    assert leases.LEASE_SECONDS + worker.LOOK_SECONDS + starting_up < 60


def test_the_server_starts_a_worker_for_work_that_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    stop, started = threading.Event(), threading.Event()
    monkeypatch.setattr(worker, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(worker, "ensure_worker", started.set)
    thread = threading.Thread(target=worker.watch_queue, args=(stop,))
    thread.start()
    assert not started.wait(0.3)
    enqueue(QUICK)
    assert started.wait(10)
    stop.set()
    thread.join(5)


def test_a_job_of_another_version_fails_and_the_next_one_is_done(
    start: Callable[..., threading.Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    strange, known = enqueue(QUICK), enqueue(QUICK)
    with jobs.database.transaction() as database:
        database.execute(
            "UPDATE jobs SET task = ? WHERE id = ?", ('{"kind": "distil"}', strange.id)
        )
    done = [sys.executable, "-c", ""]
    monkeypatch.setattr(Training, "command", lambda task, folder, run: done)
    stop = threading.Event()
    thread = threading.Thread(target=worker.work, args=(stop,))
    thread.start()
    try:
        wait_for(has_state(known, State.DONE))
    finally:
        stop.set()
        thread.join(20)
    ended = jobs.get_job(strange.id)
    assert ended.state == State.FAILED and "update the program" in str(ended.reason)


def test_a_defect_fails_its_job_by_a_number_and_the_next_one_is_done(
    capfd: pytest.CaptureFixture[str],
) -> None:
    bad, good = enqueue(QUICK), enqueue(QUICK)

    def command(job: Job) -> list[str]:
        if job.id == bad.id:
            raise ZeroDivisionError("of the test")
        return [sys.executable, "-c", ""]

    stop = threading.Event()
    thread = threading.Thread(target=worker.work, args=(stop,), kwargs={"command": command})
    thread.start()
    try:
        wait_for(has_state(good, State.DONE))
    finally:
        stop.set()
        thread.join(20)
    ended = jobs.get_job(bad.id)
    found = re.search(r"error (\d{6})", str(ended.reason))
    assert ended.state == State.FAILED and ended.retries == 0 and found
    log = capfd.readouterr().err
    assert f"error {found[1]}: of the test" in log and "ZeroDivisionError" in log
