"""SIGKILL on a worker, a training and a dashboard while jobs run (100 rounds: benchmarks/)."""

from pathlib import Path

from devtools.killed_jobs import kill_jobs
from segcore.jobs import leases


def test_a_killed_process_leaves_no_job_stuck_and_loses_no_epoch(
    tmp_path: Path, artifacts: Path
) -> None:
    before = leases.LEASE_SECONDS
    outcome = kill_jobs(6, tmp_path)
    assert before == leases.LEASE_SECONDS  # which the tests that follow rely on
    assert outcome.problems == []
    assert outcome.kills == {"worker": 2, "training": 2, "dashboard": 2}
    assert set(outcome.states) == {"done"}
