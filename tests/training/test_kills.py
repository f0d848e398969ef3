"""SIGKILL at each point of a training's save, and between saves (200 times: benchmarks/)."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from devtools.kills import POINTS, Outcome, kill_trainings


def test_a_killed_training_loses_at_most_the_running_epoch(tmp_path: Path) -> None:
    def killed(seed: int) -> Outcome:
        return kill_trainings(3, tmp_path / f"pictures{seed}", seed)

    with ThreadPoolExecutor() as two_runs:  # which spend their time on starting up
        outcomes = list(two_runs.map(killed, range(2)))
    assert [outcome.problems for outcome in outcomes] == [[], []]
    assert sum((outcome.kills for outcome in outcomes), Counter()) == {
        **dict.fromkeys(POINTS, 1),
        "any moment": 2,
    }
