"""What the queue promises: nothing runs twice, nothing stays stuck, nothing stale is believed."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from segcore import jobs, settings
from segcore.errors import DataError, RecipeError, RunError, StorageError
from segcore.jobs import JobError, LeaseLostError, Parameters, State

QUICK = Parameters(recipe="quick-unet", data="streets")


def test_without_a_database_there_are_no_jobs() -> None:
    assert jobs.list_jobs() == []
    assert not settings.jobs_path().exists()


def test_a_job_goes_from_queued_to_done() -> None:
    queued = jobs.enqueue(Parameters(recipe="quick-unet", data="streets", epochs=2, seed=3))
    assert queued.state == State.QUEUED
    assert queued.parameters.epochs == 2

    claimed = jobs.claim("w")
    assert claimed is not None
    assert (claimed.id, claimed.state, claimed.attempt) == (queued.id, State.RUNNING, 1)
    jobs.record(claimed, run="unet-streets-x", process_group=123)
    assert jobs.heartbeat(claimed) == State.RUNNING
    jobs.finish(claimed, State.DONE)

    ended = jobs.get_job(queued.id)
    assert (ended.state, ended.run) == (State.DONE, "unet-streets-x")
    assert ended.finished and ended.started


def test_fifty_connections_at_once_queue_all_and_claim_one() -> None:
    with ThreadPoolExecutor(50) as pool:
        queued = list(pool.map(lambda _: jobs.enqueue(QUICK), range(50)))
        claimed = list(pool.map(lambda i: jobs.claim(f"worker-{i}"), range(50)))
    assert len({job.id for job in queued}) == 50
    assert sum(job is not None for job in claimed) == 1
    states = [job.state for job in jobs.list_jobs()]
    assert states.count(State.RUNNING) == 1
    assert states.count(State.QUEUED) == 49


def test_priority_goes_first_then_the_older() -> None:
    first, second, urgent = (jobs.enqueue(QUICK, priority) for priority in (0, 0, 1))
    assert [job.id for job in jobs.list_jobs()] == [urgent.id, first.id, second.id]
    order = []
    for _ in range(3):
        job = jobs.claim("w")
        assert job is not None
        jobs.finish(job, State.DONE)
        order.append(job.id)
    assert order == [urgent.id, first.id, second.id]


def test_another_device_trains_at_the_same_time() -> None:
    jobs.enqueue(QUICK)
    jobs.enqueue(QUICK)
    assert jobs.claim("a", device="gpu:0") is not None
    assert jobs.claim("b", device="gpu:0") is None
    assert jobs.claim("b", device="gpu:1") is not None


def test_an_expired_lease_is_taken_over_and_the_stale_attempt_is_refused() -> None:
    jobs.enqueue(QUICK)
    stale = jobs.claim("dead", lease=-1)
    assert stale is not None
    taken = jobs.claim("next")
    assert taken is not None
    assert (taken.id, taken.attempt, taken.retries) == (stale.id, 2, 1)

    for report in (
        lambda: jobs.heartbeat(stale),
        lambda: jobs.record(stale, run="stale"),
        lambda: jobs.finish(stale, State.DONE),
        lambda: jobs.give_back(stale),
    ):
        with pytest.raises(LeaseLostError):
            report()
    job = jobs.get_job(stale.id)
    assert (job.state, job.run, job.worker) == (State.RUNNING, None, "next")


def test_cancel_ends_a_queued_job_and_asks_the_worker_of_a_running_one() -> None:
    running, queued = jobs.enqueue(QUICK), jobs.enqueue(QUICK)
    claimed = jobs.claim("w")
    assert claimed is not None
    assert jobs.cancel(queued.id).state == State.CANCELLED
    assert jobs.cancel(running.id).state == State.CANCELLING
    assert jobs.heartbeat(claimed) == State.CANCELLING
    jobs.finish(claimed, State.CANCELLED)
    with pytest.raises(JobError, match="cancelled"):
        jobs.cancel(running.id)


def test_a_job_given_back_while_it_is_cancelled_does_not_run_again() -> None:
    job = jobs.enqueue(QUICK)
    claimed = jobs.claim("w")
    assert claimed is not None
    jobs.cancel(job.id)
    jobs.give_back(claimed)
    assert jobs.get_job(job.id).state == State.CANCELLED


def test_retry_keeps_the_run_and_forgets_the_failure() -> None:
    job = jobs.enqueue(QUICK)
    claimed = jobs.claim("w")
    assert claimed is not None
    jobs.record(claimed, run="unet-streets-x")
    with pytest.raises(JobError, match="running"):
        jobs.retry(job.id)
    jobs.finish(claimed, State.FAILED, "no room left on the disk")
    again = jobs.retry(job.id)
    assert (again.state, again.run, again.reason) == (State.QUEUED, "unet-streets-x", None)


def test_delete_leaves_an_active_job_alone_and_takes_the_log_along() -> None:
    job = jobs.enqueue(QUICK)
    claimed = jobs.claim("w")
    assert claimed is not None
    with pytest.raises(JobError, match="cancel it first"):
        jobs.delete(job.id)
    jobs.finish(claimed, State.DONE)
    job.log_path.parent.mkdir()
    job.log_path.write_text("log")
    jobs.delete(job.id)
    assert jobs.list_jobs() == []
    assert not job.log_path.exists()
    with pytest.raises(JobError, match="no such job"):
        jobs.get_job(job.id)


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        (Parameters(recipe="best", data="streets"), RecipeError, "best"),
        (Parameters(recipe="quick-unet", data="camvid:/nowhere"), DataError, "/nowhere"),
        (Parameters(recipe="quick-unet", data="streets", epochs=0), JobError, "epochs 0"),
        (Parameters(recipe="quick-unet", data="streets", batch_size=-1), JobError, "batch size"),
        (Parameters(recipe="quick-unet", data="streets", start_from="gone"), RunError, "gone"),
        (Parameters(resume="gone"), RunError, "gone"),
        (Parameters(recipe="quick-unet"), JobError, "needs a recipe and data"),
    ],
)
def test_what_cannot_be_trained_is_not_queued(
    parameters: Parameters, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        jobs.enqueue(parameters)
    assert jobs.list_jobs() == []


def test_paths_are_kept_absolute(camvid: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(camvid.parent)
    job = jobs.enqueue(Parameters(recipe="quick-unet", data="camvid:camvid"))
    assert job.parameters.data == f"camvid:{camvid}"


def test_of_many_that_want_to_start_a_worker_one_does() -> None:
    with ThreadPoolExecutor(20) as pool:
        registered = list(pool.map(lambda i: jobs.register_first_worker(f"w{i}"), range(20)))
    assert sum(registered) == 1


def test_an_idle_worker_stays_while_there_is_work() -> None:
    jobs.register_worker("w")
    job = jobs.enqueue(QUICK)
    assert not jobs.retire_worker("w", only_idle=True)
    jobs.cancel(job.id)
    assert jobs.retire_worker("w", only_idle=True)
    assert jobs.register_first_worker("next")


def test_a_damaged_or_locked_queue_is_one_line(
    artifacts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs.enqueue(QUICK)
    monkeypatch.setattr("segcore.jobs_database.BUSY_SECONDS", 0.05)
    other = sqlite3.connect(settings.jobs_path())
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageError, match="locked"):
        jobs.enqueue(QUICK)
    other.rollback()
    other.close()
    assert len(jobs.list_jobs()) == 1

    settings.jobs_path().write_bytes(b"not a database" * 100)
    with pytest.raises(StorageError, match=r"jobs\.sqlite3"):
        jobs.list_jobs()
