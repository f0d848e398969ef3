"""Kills workers, trainings and dashboards while retrains run, and looks at what is left.

    python devtools/killed_jobs.py --rounds 100

Every round one of the three is killed with SIGKILL at a random moment. What has to hold after every
kill is in `inspect`; at the end the queue is left alone and everything in it has to come to an end.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from devtools import killed_jobs_actor as actor
from segcore import jobs, runs
from segcore.errors import SegcoreError
from segcore.jobs import State, leases
from segcore.jobs.admission import ADMISSIONS
from segcore.runs import Run
from segcore.runs.manifest import Manifest

TARGETS = ("worker", "training", "dashboard")
LONGEST_WAIT = 1.5  # seconds before a kill at most
PATIENCE = 120.0  # seconds for the queue to come to its end


@dataclass
class Outcome:
    """What `kill_jobs` saw: problems in words, none where all is well."""

    kills: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    epochs: int = 0
    slowest: float = 0.0  # seconds from a kill until an epoch was committed again
    problems: list[str] = field(default_factory=list)


def kill_jobs(rounds: int, folder: Path, seed: int = 0) -> Outcome:
    """Runs retrains under `folder`/artifacts, which SEGCORE_ARTIFACTS has to name, and kills."""
    draw, outcome = random.Random(seed), Outcome()
    actor.ledger_folder().mkdir(parents=True)
    with open(folder / "actors.log", "ab") as log:
        dashboard = start_dashboard(log)
        finished: dict[str, Manifest] = {}
        try:
            for number in range(rounds):
                time.sleep(draw.uniform(0, LONGEST_WAIT))
                target = TARGETS[number % len(TARGETS)]
                pid = dashboard.pid if target == "dashboard" else wait_for_victim(target)
                if pid is None:
                    outcome.problems.append(f"round {number}: no {target} came within a minute")
                    break
                with suppress(ProcessLookupError):  # it may have come to its end just now
                    os.kill(pid, signal.SIGKILL)
                outcome.kills[target] += 1
                if target == "dashboard":
                    dashboard.wait()
                    dashboard = start_dashboard(log)
                problems = inspect(finished)
                outcome.problems += [f"round {number} ({target}): {text}" for text in problems]
                outcome.slowest = max(outcome.slowest, wait_for_epoch())
        finally:
            dashboard.kill()
            dashboard.wait()
        with actor.hurry():
            outcome.problems += come_to_an_end(log)
        outcome.problems += inspect(finished)
    outcome.states.update(job.state for job in jobs.list_jobs())
    outcome.epochs = sum(len(run.history()) for run in runs.list_runs())
    return outcome


def start_dashboard(log: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, actor.__file__, "dashboard"], stdout=log, stderr=log)


def wait_for_victim(target: str) -> int | None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if target == "worker":
            pids = [pid for pid in leases.living_workers().values() if pid is not None]
        else:
            pids = [job.process_group for job in jobs.list_jobs() if job.process_group]
        living = [pid for pid in pids if Path(f"/proc/{pid}").exists()]
        if living:
            return living[0]
        time.sleep(0.05)
    return None


def wait_for_epoch() -> float:
    """Seconds until some training has committed an epoch again."""
    started, before = time.monotonic(), written()
    while written() == before and time.monotonic() - started < PATIENCE:
        time.sleep(0.05)
    return time.monotonic() - started


def written() -> int:
    return sum(path.stat().st_size for path in actor.ledger_folder().iterdir())


def inspect(finished: dict[str, Manifest]) -> list[str]:
    """What is wrong with the runs and the registry that a kill left.

    Args:
        finished: the manifests of finished runs as they were seen first; added to.
    """
    problems = []
    try:
        for run in runs.list_runs():
            problems += [f"{run.name}: {text}" for text in inspect_run(run)]
            is_finished = run.status == "finished"
            if is_finished and finished.setdefault(run.name, run.manifest) != run.manifest:
                problems.append(f"{run.name}: was changed after it had finished")
        champion = runs.champion("unet", "streets")
        if champion is not None:
            runs.verified_weights(champion)
        elif finished and runs.promotions("unet", "streets"):
            problems.append("the registry names no champion that is there")
        jobs.list_jobs()
    except SegcoreError as error:
        problems.append(str(error))
    return problems


def inspect_run(run: Run) -> list[str]:
    """Epochs that were noted as committed are there, each by one attempt, in their order."""
    ledger = actor.ledger_folder() / run.name
    noted = [line.split() for line in ledger.read_text().splitlines()] if ledger.exists() else []
    run = runs.get_run(run.name)  # after the ledger: it can only have gone on since
    problems = []
    epochs = [int(epoch) for _, epoch in noted]
    attempts = [int(attempt) for attempt, _ in noted]
    if epochs != sorted(set(epochs)):
        problems.append("an epoch was written twice")
    if attempts != sorted(attempts):
        problems.append("a stale attempt wrote after a newer one")
    known = run.epochs
    if epochs and known < epochs[-1]:
        problems.append(f"epoch {epochs[-1]} was committed, the manifest knows {known}")
    if len(run.history()) < known:
        problems.append(f"history has {len(run.history())} rows of {known} epochs")
    if known and run.status != "running":  # else its files may be replaced as we read
        for name in ("best.weights.h5", "last.weights.h5"):
            runs.verified_file(run, name)
    return problems


def come_to_an_end(log: object) -> list[str]:
    """Leaves the queue to a worker; every job has to end, and what was given up on to be done."""
    admission = ADMISSIONS.issue("benchmark")
    started = time.monotonic()
    problems: list[str] = []
    while any(job.state != State.DONE for job in jobs.list_jobs()):
        for job in jobs.list_jobs():
            if job.state == State.FAILED:
                if "killed" not in str(job.reason) and "died" not in str(job.reason):
                    problems.append(f"job {job.id} failed for another reason: {job.reason}")
                jobs.retry(job.id, admission)
        actor.worker.ensure_worker()
        if time.monotonic() - started > PATIENCE:
            stuck = {job.id: str(job.state) for job in jobs.list_jobs() if job.state != State.DONE}
            problems.append(f"jobs did not come to an end: {stuck}")
            break
        time.sleep(0.1)
    for pid in leases.living_workers().values():
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    known = {job.run for job in jobs.list_jobs()}
    problems += [
        f"{run.name}: no job goes on with it, {run.epochs} epochs are lost"
        for run in runs.list_runs()
        if run.name not in known and run.epochs
    ]
    for job in jobs.list_jobs():
        run = runs.get_run(str(job.run))
        if run.status != "finished" or len(run.history()) != actor.EPOCHS:
            problems.append(f"job {job.id} is done, its run {run.name} is {run.status}")
    return problems


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SEGCORE_ARTIFACTS"] = str(Path(folder) / "artifacts")
        outcome = kill_jobs(options.rounds, Path(folder), options.seed)
    for target, count in sorted(outcome.kills.items()):
        print(f"{count:4} kills of a {target}")
    print(f"{outcome.states.total():4} jobs, {outcome.epochs} epochs")
    print(f"{outcome.slowest:6.1f} s at most from a kill to the next committed epoch")
    print(f"{len(outcome.problems):4} problems")
    print("\n".join(outcome.problems))
    return 1 if outcome.problems else 0


if __name__ == "__main__":
    sys.exit(main())
