"""How fast photos are labelled while a retrain runs on the same machine, against an idle one.

    python benchmarks/served_while_training.py [--run RUN] [--rounds 10]

The retrain goes through the queue and a worker of its own, as from the admin page: lower priority,
one core left out. Rounds with it running and with it halted (SIGSTOP) take turns, so that whatever
else the machine does weighs on both.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from devtools.kills import make_pictures
from segcore import jobs, runs
from segcore.data.sources.streets import render_scene
from segcore.jobs.admission import ADMISSIONS
from segcore.jobs.tasks import Training, run_of
from segcore.prediction.inference import Predictor
from segcore.prediction.loading import load_predictor
from segcore.recipes import get_recipe
from segcore.recipes.checks import edited

SIZE = (360, 480)
PHOTOS = 10  # in a round


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", help="default: the champion U-Net on streets")
    parser.add_argument("--rounds", type=int, default=10)
    options = parser.parse_args()
    champion = runs.champion("unet", "streets")
    run = runs.get_run(options.run) if options.run else champion
    assert run is not None, "no champion; name a run"
    predictor = load_predictor(run)
    photos = [render_scene(seed, SIZE)[0] for seed in range(PHOTOS)]
    time_photos(predictor, photos)  # the first one compiles
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SEGCORE_ARTIFACTS"] = folder
        idle, busy = measure(predictor, photos, options.rounds, Path(folder))
    for name, seconds in (("idle", idle), ("training", busy)):
        median, p95 = np.percentile(seconds, [50, 95]) * 1000
        print(f"{name:>9}: median {median:.0f} ms, p95 {p95:.0f} ms, {len(seconds)} photos")
    print(f"p95 while training / idle: {np.percentile(busy, 95) / np.percentile(idle, 95):.2f}")


def measure(
    predictor: Predictor, photos: list[np.ndarray], rounds: int, folder: Path
) -> tuple[list[float], list[float]]:
    """Seconds of each prediction with the training halted, and with it running."""
    spec = f"camvid:{make_pictures(folder / 'pictures')}"
    longer = {"epochs": 1000, "size": (256, 256), "crop": None}
    task = Training(edited(get_recipe("quick-unet"), longer), spec)
    job = jobs.enqueue(task, ADMISSIONS.issue("benchmark"))
    worker = subprocess.Popen([sys.executable, "-m", "segcore", "worker"], cwd=ROOT)
    idle: list[float] = []
    busy: list[float] = []
    try:
        while (run := run_of(jobs.get_job(job.id).run)) is None or run.progress() is None:
            time.sleep(0.5)
        group = jobs.get_job(job.id).process_group
        assert group is not None
        for _ in range(rounds):
            busy += time_photos(predictor, photos)
            os.killpg(group, signal.SIGSTOP)
            idle += time_photos(predictor, photos)
            os.killpg(group, signal.SIGCONT)
    finally:
        worker.terminate()  # gives the job back and ends its processes
        worker.wait()
    return idle, busy


def time_photos(predictor: Predictor, photos: list[np.ndarray]) -> list[float]:
    """Seconds of each prediction, with a visitor's pause between two."""
    seconds = []
    for photo in photos:
        time.sleep(0.1)
        started = time.perf_counter()
        predictor.predict(photo)
        seconds.append(time.perf_counter() - started)
    return seconds


if __name__ == "__main__":
    main()
