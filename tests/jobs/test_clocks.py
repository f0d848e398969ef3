"""Leases and heartbeats where the wall clock jumps, and after a reboot."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from segcore import jobs, settings
from segcore.jobs import State, clocks, leases
from segcore.jobs.admission import ADMISSIONS
from segcore.jobs.tasks import Training
from segcore.recipes import get_recipe

HOUR = 3600.0


class Clocks:
    """Both clocks, set by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wall, self.since_boot, self.boot = 1_800_000_000.0, 5000.0, "first"
        monkeypatch.setattr(time, "time", lambda: self.wall)
        monkeypatch.setattr(clocks, "_since_boot", lambda: self.since_boot)
        monkeypatch.setattr(clocks, "_boot", lambda: self.boot)

    def pass_by(self, seconds: float) -> None:
        self.wall += seconds
        self.since_boot += seconds

    def reboot(self) -> None:
        self.since_boot, self.boot = 5.0, "second"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    return Clocks(monkeypatch)


def claimed() -> None:
    jobs.enqueue(Training(get_recipe("quick-unet"), "streets"), ADMISSIONS.issue("tester"))
    assert leases.claim("first") is not None


@pytest.mark.parametrize("jump", [-HOUR, -20.0, 20.0, HOUR])
def test_a_job_stays_with_its_worker_when_the_clock_jumps(clock: Clocks, jump: float) -> None:
    claimed()
    clock.wall += jump
    clock.pass_by(20)
    assert leases.claim("second") is None
    clock.pass_by(15)  # no heartbeat since
    taken = leases.claim("second")
    assert taken is not None and (taken.state, taken.attempt) == (State.RUNNING, 2)


def test_after_a_reboot_with_the_clock_set_back_a_dead_workers_job_goes_on(clock: Clocks) -> None:
    claimed()
    clock.reboot()
    clock.wall -= HOUR
    assert leases.claim("second") is not None


def test_a_heartbeat_from_the_future_is_dead(clock: Clocks) -> None:
    leases.register_worker("dead")
    clock.reboot()
    clock.wall -= HOUR
    assert leases.living_workers() == {}
    assert leases.register_first_worker("new")
    clock.pass_by(600)  # the new one never came
    assert leases.register_first_worker("newer")


def test_a_worker_lives_on_when_the_clock_goes_forward(clock: Clocks) -> None:
    leases.register_worker("busy")
    clock.wall += HOUR
    assert list(leases.living_workers()) == ["busy"]
    assert not leases.register_first_worker("new")
    clock.pass_by(leases.LEASE_SECONDS)
    assert leases.living_workers() == {}


def test_without_a_clock_of_the_start_the_wall_clock_decides(
    clock: Clocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clocks, "_boot", lambda: None)
    claimed()
    leases.register_worker("first")
    clock.pass_by(20)
    assert leases.claim("second") is None and leases.living_workers()
    clock.pass_by(15)
    assert leases.claim("second") is not None and not leases.living_workers()


def test_a_queue_of_the_version_before_is_read_on() -> None:
    claimed()
    path: Path = settings.jobs_path()
    with closing(sqlite3.connect(path)) as database:
        database.executescript(
            "ALTER TABLE jobs DROP COLUMN lease_mark; ALTER TABLE workers DROP COLUMN mark;"
            "PRAGMA user_version = 2"
        )
    assert [job.state for job in jobs.list_jobs()] == [State.RUNNING]
    assert leases.register_first_worker("new")
