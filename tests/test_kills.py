"""SIGKILL at twelve moments of a training, six of them inside a save (all 200: benchmarks/)."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.kills import Outcome, kill_trainings


def test_a_killed_training_loses_at_most_the_running_epoch(tmp_path: Path) -> None:
    def killed(seed: int) -> Outcome:
        return kill_trainings(6, tmp_path / f"pictures{seed}", seed)

    with ThreadPoolExecutor() as two_runs:  # which spend their time on starting up
        outcomes = list(two_runs.map(killed, range(2)))
    assert [outcome.problems for outcome in outcomes] == [[], []]
    assert sum(outcome.kills.total() for outcome in outcomes) == 12
    assert [outcome.kills["any moment"] for outcome in outcomes] == [3, 3]
