"""What the queue promises: nothing runs twice, nothing stays stuck, nothing stale is believed."""

import sqlite3
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from segcore import jobs, settings
from segcore.errors import DataError, RecipeError, RunError, StorageError
from segcore.jobs import Job, JobError, State, leases
from segcore.jobs.admission import ADMISSIONS, Admission, AdmissionError
from segcore.jobs.attempt import LAUNCHER
from segcore.jobs.leases import LeaseLostError
from segcore.jobs.tasks import Preparation, Scoring, Task, TaskError, Training
from segcore.recipes import get_recipe

RECIPE = get_recipe("quick-unet")
QUICK = Training(RECIPE, "streets")
ADMIN = ADMISSIONS.issue("tester of the queue")  # a name of its own: others sign "tester" out


def enqueue(task: Task, priority: int | None = None) -> Job:
    return jobs.enqueue(task, ADMIN, priority)


def test_without_a_database_there_are_no_jobs() -> None:
    assert jobs.list_jobs() == []
    assert not settings.jobs_path().exists()


def test_a_job_goes_from_queued_to_done() -> None:
    edited = replace(RECIPE, epochs=2, balance=0.7)
    queued = enqueue(Training(edited, "streets"))
    assert queued.state == State.QUEUED
    assert queued.task == Training(edited, "streets")

    claimed = leases.claim("w")
    assert claimed is not None
    assert (claimed.id, claimed.state, claimed.attempt) == (queued.id, State.RUNNING, 1)
    leases.record(claimed, run="unet-streets-x", process_group=123)
    assert leases.heartbeat(claimed) == State.RUNNING
    leases.finish(claimed, State.DONE)

    ended = jobs.get_job(queued.id)
    assert (ended.state, ended.run) == (State.DONE, "unet-streets-x")
    assert ended.finished and ended.started


def test_fifty_connections_at_once_queue_all_and_claim_one() -> None:
    with ThreadPoolExecutor(50) as pool:
        queued = list(pool.map(lambda _: enqueue(QUICK), range(50)))
        claimed = list(pool.map(lambda i: leases.claim(f"worker-{i}"), range(50)))
    assert len({job.id for job in queued}) == 50
    assert sum(job is not None for job in claimed) == 1
    states = [job.state for job in jobs.list_jobs()]
    assert states.count(State.RUNNING) == 1
    assert states.count(State.QUEUED) == 49


def test_priority_goes_first_then_the_older() -> None:
    first, second, urgent = (enqueue(QUICK, priority) for priority in (0, 0, 1))
    assert [job.id for job in jobs.list_jobs()] == [urgent.id, first.id, second.id]
    order = []
    for _ in range(3):
        job = leases.claim("w")
        assert job is not None
        leases.finish(job, State.DONE)
        order.append(job.id)
    assert order == [urgent.id, first.id, second.id]


def test_another_device_trains_at_the_same_time() -> None:
    enqueue(QUICK)
    enqueue(QUICK)
    assert leases.claim("a", device="gpu:0") is not None
    assert leases.claim("b", device="gpu:0") is None
    assert leases.claim("b", device="gpu:1") is not None


def test_an_expired_lease_is_taken_over_and_the_stale_attempt_is_refused() -> None:
    enqueue(QUICK)
    stale = leases.claim("dead", lease=-1)
    assert stale is not None
    taken = leases.claim("next")
    assert taken is not None
    assert (taken.id, taken.attempt, taken.retries) == (stale.id, 2, 1)

    for report in (
        lambda: leases.heartbeat(stale),
        lambda: leases.record(stale, run="stale"),
        lambda: leases.finish(stale, State.DONE),
        lambda: leases.give_back(stale),
    ):
        with pytest.raises(LeaseLostError):
            report()
    job = jobs.get_job(stale.id)
    assert (job.state, job.run, job.worker) == (State.RUNNING, None, "next")


def test_cancel_ends_a_queued_job_and_asks_the_worker_of_a_running_one() -> None:
    running, queued = enqueue(QUICK), enqueue(QUICK)
    claimed = leases.claim("w")
    assert claimed is not None
    assert jobs.cancel(queued.id, ADMIN).state == State.CANCELLED
    assert jobs.cancel(running.id, ADMIN).state == State.CANCELLING
    assert leases.heartbeat(claimed) == State.CANCELLING
    leases.finish(claimed, State.CANCELLED)
    with pytest.raises(JobError, match="cancelled"):
        jobs.cancel(running.id, ADMIN)


def test_a_job_given_back_while_it_is_cancelled_does_not_run_again() -> None:
    job = enqueue(QUICK)
    claimed = leases.claim("w")
    assert claimed is not None
    jobs.cancel(job.id, ADMIN)
    leases.give_back(claimed)
    assert jobs.get_job(job.id).state == State.CANCELLED


def test_retry_keeps_the_run_and_forgets_the_failure() -> None:
    job = enqueue(QUICK)
    claimed = leases.claim("w")
    assert claimed is not None
    leases.record(claimed, run="unet-streets-x")
    with pytest.raises(JobError, match="running"):
        jobs.retry(job.id, ADMIN)
    leases.finish(claimed, State.FAILED, "no room left on the disk")
    again = jobs.retry(job.id, ADMIN)
    assert (again.state, again.run, again.reason) == (State.QUEUED, "unet-streets-x", None)


def test_delete_leaves_an_active_job_alone_and_takes_the_log_along() -> None:
    job = enqueue(QUICK)
    claimed = leases.claim("w")
    assert claimed is not None
    with pytest.raises(JobError, match="cancel it first"):
        jobs.delete(job.id, ADMIN)
    leases.finish(claimed, State.DONE)
    job.folder.mkdir(parents=True)
    job.log_path.write_text("log")
    jobs.delete(job.id, ADMIN)
    assert jobs.list_jobs() == []
    assert not job.log_path.exists()
    with pytest.raises(JobError, match="no such job"):
        jobs.get_job(job.id)


@pytest.mark.parametrize(
    ("task", "error", "message"),
    [
        (Training(RECIPE, "camvid:/nowhere"), DataError, "/nowhere"),
        (Training(replace(RECIPE, epochs=0), "streets"), RecipeError, "Epochs 0: must be 1 to"),
        (Training(replace(RECIPE, batch_size=-1), "streets"), RecipeError, "Batch size -1"),
        (Training(RECIPE, "streets", start_from="gone"), RunError, "gone"),
        (Training(resume="gone"), RunError, "gone"),
        (Training(RECIPE), TaskError, "needs a recipe and data"),
        (Scoring("gone", "streets"), RunError, "gone"),
        (Preparation("camvid:/nowhere"), DataError, "/nowhere"),
    ],
)
def test_what_cannot_be_done_is_not_queued(
    task: Task, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        enqueue(task)
    assert jobs.list_jobs() == []


def test_paths_are_kept_absolute(camvid: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(camvid.parent)
    assert enqueue(Preparation("camvid:camvid")).task == Preparation(f"camvid:{camvid}")


def test_what_takes_minutes_goes_before_what_takes_hours(camvid: Path) -> None:
    training, preparation = enqueue(QUICK), enqueue(Preparation(f"camvid:{camvid}"))
    assert [job.id for job in jobs.list_jobs()] == [preparation.id, training.id]
    jobs.prioritize(training.id, ADMIN)
    assert [job.id for job in jobs.list_jobs()] == [training.id, preparation.id]


def test_without_a_pass_of_the_gate_nothing_is_changed() -> None:
    job = enqueue(QUICK)
    signed_out = ADMISSIONS.issue("tester")
    ADMISSIONS.revoke_all_of(signed_out)
    for admission in (None, signed_out, Admission("tester", "made up")):
        for act in (
            lambda key: jobs.enqueue(QUICK, key),
            lambda key: jobs.cancel(job.id, key),
            lambda key: jobs.retry(job.id, key),
            lambda key: jobs.prioritize(job.id, key),
            lambda key: jobs.delete(job.id, key),
        ):
            with pytest.raises(AdmissionError, match="signed out"):
                act(admission)
    assert jobs.list_jobs() == [job]


def test_of_many_that_want_to_start_a_worker_one_does() -> None:
    with ThreadPoolExecutor(20) as pool:
        registered = list(pool.map(lambda i: leases.register_first_worker(f"w{i}"), range(20)))
    assert sum(registered) == 1


def test_an_idle_worker_stays_while_there_is_work() -> None:
    leases.register_worker("w")
    job = enqueue(QUICK)
    assert not leases.retire_worker("w", only_idle=True)
    jobs.cancel(job.id, ADMIN)
    assert leases.retire_worker("w", only_idle=True)
    assert leases.register_first_worker("next")


def test_a_damaged_or_locked_queue_is_one_line(
    artifacts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    enqueue(QUICK)
    monkeypatch.setattr("segcore.jobs.database.BUSY_SECONDS", 0.05)
    other = sqlite3.connect(settings.jobs_path())
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageError, match="locked"):
        enqueue(QUICK)
    other.rollback()
    other.close()
    assert len(jobs.list_jobs()) == 1

    settings.jobs_path().write_bytes(b"not a database" * 100)
    with pytest.raises(StorageError, match=r"jobs\.sqlite3"):
        jobs.list_jobs()


AUTOGROUP = Path("/proc/sys/kernel/sched_autogroup_enabled")


@pytest.mark.skipif(
    not AUTOGROUP.exists() or AUTOGROUP.read_text().strip() == "0", reason="needs Linux's autogroup"
)
def test_a_training_in_a_session_of_its_own_gives_way_to_the_server() -> None:
    said = subprocess.run(
        ["/bin/sh", "-c", LAUNCHER, "7", "cat", "/proc/self/autogroup"],
        input=b"go\n",
        stdout=subprocess.PIPE,
        start_new_session=True,
        check=True,
    )
    assert said.stdout.split()[-2:] == [b"nice", b"7"]


def test_of_many_ended_jobs_the_newest_are_listed() -> None:
    ended = [enqueue(QUICK) for _ in range(4)]
    for job in ended:
        jobs.cancel(job.id, ADMIN)
    waiting = enqueue(QUICK)
    assert [job.id for job in jobs.list_jobs(ended=2)] == [waiting.id, ended[3].id, ended[2].id]
    assert jobs.unfinished_jobs() == [waiting]
    assert (jobs.count_ended(), len(jobs.list_jobs())) == (4, 5)
