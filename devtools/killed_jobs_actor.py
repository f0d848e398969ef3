"""The processes that killed_jobs.py kills: a dashboard, a worker, a training.

    python killed_jobs_actor.py dashboard|worker ID|train RUN LEDGER

The queue, the worker, the leases and the writing of runs are the real ones; only a network is not
trained: an epoch is a few milliseconds of sleep and a few kilobytes of noise.
"""

import os
import random
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from segcore import jobs, runs
from segcore.errors import SegcoreError
from segcore.jobs import Job, attempt, leases, worker
from segcore.jobs.admission import ADMISSIONS
from segcore.jobs.tasks import Training, run_of
from segcore.recipes import get_recipe
from segcore.runs import run_lock
from segcore.runs.writer import RunWriter, history_csv, new_run_name
from segcore.system.child_report import report

EPOCHS = 25
LEASE = 1.5
WAITING = 2  # jobs that the dashboard keeps in the queue


def ledger_folder() -> Path:
    """Where trainings note each epoch that was committed, flushed, beside artifacts/."""
    return Path(os.environ["SEGCORE_ARTIFACTS"]).parent / "ledger"


@contextmanager
def hurry() -> Iterator[None]:
    """Seconds instead of half minutes, until it is left: a test goes on in the same process."""
    command = (sys.executable, __file__, "worker")
    with (
        patch.object(leases, "LEASE_SECONDS", LEASE),
        patch.multiple(worker, POLL_SECONDS=0.05, LOOK_SECONDS=0.2, WORKER=command),
        patch.multiple(attempt, WATCH_SECONDS=0.05, GRACE_SECONDS=0.3),
    ):
        yield


def dashboard() -> None:
    """Asks for trainings, promotes what is finished, takes it back, and keeps a worker alive."""
    threading.Thread(target=worker.watch_queue, args=(threading.Event(),), daemon=True).start()
    admission = ADMISSIONS.issue("benchmark")
    task = Training(get_recipe("quick-unet"), "streets")
    while True:
        try:
            if sum(not job.has_ended for job in jobs.list_jobs()) < WAITING:
                jobs.enqueue(task, admission)
            finished = [run for run in runs.list_runs() if run.status == "finished"]
            if finished:
                runs.promote(random.choice(finished))
                if len(runs.promotions("unet", "streets")) > 3:
                    runs.rollback("unet", "streets")
        except SegcoreError as error:
            print(error, flush=True)
        time.sleep(0.1)


def command(job: Job) -> list[str]:
    run = job.run if run_of(job.run) is not None else "-"
    return [sys.executable, __file__, "train", str(run), str(job.attempt)]


def train(name: str, attempt: str) -> None:
    """As `segcore train`: makes or resumes a run, an atomic commit an epoch."""
    if name == "-":
        name = new_run_name("unet", "streets")
        writer = RunWriter.create(
            name,
            {
                "model": "unet",
                "recipe": get_recipe("quick-unet").to_dict(),
                "data": {"spec": "streets", "dataset": "streets", "size": [8, 8]},
                "status": "running",
                "started": runs.now(),
                "epochs": 0,
                "best": None,
                "weights": {},
            },
        )
    with run_lock.hold(runs.get_run(name).path):
        writer = RunWriter.reopen(runs.get_run(name))
        report(run=name)
        writer.save_manifest(status="running")
        for epoch in range(writer.run().epochs + 1, EPOCHS + 1):
            time.sleep(0.03)
            rows = [{"epoch": float(n), "seconds": 0.03} for n in range(1, epoch + 1)]
            noise = {f"{kind}.weights.h5": os.urandom(4096) for kind in ("best", "last")}
            files = {**noise, runs.HISTORY: history_csv(rows)}
            best = {"epoch": epoch, "mean_iou": epoch / EPOCHS}
            writer.commit_epoch(files, epochs=epoch, best=best)
            note(name, f"{attempt} {epoch}")
        writer.save_manifest(status="finished", finished=runs.now())


def note(name: str, line: str) -> None:
    handle = os.open(ledger_folder() / name, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(handle, f"{line}\n".encode())
    os.fsync(handle)
    os.close(handle)


def main() -> None:
    with hurry():
        match sys.argv[1:]:
            case ["dashboard"]:
                dashboard()
            case ["worker", name]:
                worker.work(threading.Event(), worker=name, command=command, lease=LEASE)
            case ["train", run, attempt]:
                train(run, attempt)


if __name__ == "__main__":
    main()
