"""How fast photos are labelled while a retrain runs on the same machine, against an idle one.

    python benchmarks/served_while_training.py [--run RUN] [--photos 80]

The retrain goes through the queue and a worker of its own, as from the admin page: lower priority,
one core left out.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np  # noqa: E402

from benchmarks.kills import make_pictures  # noqa: E402
from segcore import jobs, runs  # noqa: E402
from segcore.admission import ADMISSIONS  # noqa: E402
from segcore.inference import Predictor, load_predictor  # noqa: E402
from segcore.recipe_fields import edited  # noqa: E402
from segcore.recipes import get_recipe  # noqa: E402
from segcore.sources.streets import render_scene  # noqa: E402
from segcore.tasks import Training, run_of  # noqa: E402

SIZE = (360, 480)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", help="default: the champion U-Net on streets")
    parser.add_argument("--photos", type=int, default=80)
    options = parser.parse_args()
    champion = runs.champion("unet", "streets")
    run = runs.get_run(options.run) if options.run else champion
    assert run is not None, "no champion; name a run"
    predictor = load_predictor(run)
    photos = [render_scene(seed, SIZE)[0] for seed in range(8)]
    time_photos(predictor, photos, 8)  # the first ones compile
    idle = time_photos(predictor, photos, options.photos)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SEGCORE_ARTIFACTS"] = folder
        busy = while_training(predictor, photos, options.photos, Path(folder))
    for name, seconds in (("idle", idle), ("training", busy)):
        median, p95 = np.percentile(seconds, [50, 95]) * 1000
        print(f"{name:>9}: median {median:.0f} ms, p95 {p95:.0f} ms")
    print(f"p95 while training / idle: {np.percentile(busy, 95) / np.percentile(idle, 95):.2f}")


def while_training(
    predictor: Predictor, photos: list[np.ndarray], count: int, folder: Path
) -> list[float]:
    spec = f"camvid:{make_pictures(folder / 'pictures')}"
    longer = {"epochs": 1000, "size": (256, 256), "crop": None}
    task = Training(edited(get_recipe("quick-unet"), longer), spec)
    job = jobs.enqueue(task, ADMISSIONS.issue("benchmark"))
    worker = subprocess.Popen([sys.executable, "-m", "segcore", "worker"], cwd=ROOT)
    try:
        while (run := run_of(jobs.get_job(job.id).run)) is None or run.progress() is None:
            time.sleep(0.5)
        return time_photos(predictor, photos, count)
    finally:
        worker.terminate()  # gives the job back and ends its processes
        worker.wait()


def time_photos(predictor: Predictor, photos: list[np.ndarray], count: int) -> list[float]:
    """Seconds of each prediction, with a visitor's pause between two."""
    seconds = []
    for number in range(count):
        started = time.perf_counter()
        predictor.predict(photos[number % len(photos)])
        seconds.append(time.perf_counter() - started)
        time.sleep(0.1)
    return seconds


if __name__ == "__main__":
    main()
