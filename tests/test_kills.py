"""SIGKILL at twenty moments of a training, ten of them inside a save (all 200: benchmarks/)."""

from pathlib import Path

from benchmarks.kills import kill_trainings


def test_a_killed_training_loses_at_most_the_running_epoch(tmp_path: Path) -> None:
    outcome = kill_trainings(20, tmp_path / "pictures")
    assert outcome.problems == []
    assert sum(outcome.kills.values()) == 20
    assert outcome.kills["any moment"] == 10
