"""Kills trainings with SIGKILL, most of them in the middle of a save, and looks at what is left.

    python devtools/kills.py --kills 200

One run is trained a few epochs at a time: started, killed, inspected, resumed, until it has been
killed often enough. What has to hold after every kill is in `inspect`.
"""

import argparse
import itertools
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from segcore import runs
from segcore.errors import RunError
from segcore.models.weight_files import UnsafeWeightsError, require_plain

CHILD = Path(__file__).with_name("killed_training.py")
POINTS = ("half written", "before flush", "before rename", "after rename")
LONGEST_WAIT = 2.0  # seconds after the first epoch that a kill at any moment waits at most
PATIENCE = 900.0  # seconds for one training to come to its kill, on a machine that has much to do


@dataclass
class Outcome:
    """What `kill_trainings` saw: problems in words, none where all is well."""

    kills: Counter[str] = field(default_factory=Counter)
    epochs: int = 0
    problems: list[str] = field(default_factory=list)


def kill_trainings(kills: int, pictures: Path, seed: int = 0) -> Outcome:
    """Trains one run, killed and resumed `kills` times, two of three times in a save.

    Args:
        pictures: a folder that does not exist yet, for what is trained on.
        seed: two neighbouring ones begin with different points of a save.
    """
    draw = random.Random(seed)
    spec = f"camvid:{make_pictures(pictures)}"
    outcome, best, name = Outcome(), 0.0, "-"
    points = itertools.cycle(POINTS[2 * seed % len(POINTS) :] + POINTS[: 2 * seed % len(POINTS)])
    for number in range(kills):
        in_save = number % 3 != 2
        point = next(points) if in_save else "any moment"
        nth = draw.randint(2, 12)  # an epoch's save passes each point about five times
        command = [sys.executable, str(CHILD), name, spec, point, str(nth)]
        wait = None if in_save else draw.uniform(0, LONGEST_WAIT)
        said, status = follow(command, wait)
        if status != -signal.SIGKILL:
            outcome.problems.append(f"kill {number}: the training ended with {status}")
            break
        outcome.kills[point] += 1
        name = said["run"]
        problems, best = inspect(name, int(said.get("committed", 0)), best)
        outcome.problems += [f"kill {number} ({point}, {nth}): {problem}" for problem in problems]
    if name != "-":
        outcome.epochs = len(runs.get_run(name).history())
    return outcome


def follow(command: list[str], wait: float | None) -> tuple[dict[str, str], int]:
    """Runs a training to its end, killed `wait` seconds after an epoch, if not by itself.

    Returns:
        The last value of each thing it said, and its exit status.
    """
    said: dict[str, str] = {}
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    with subprocess.Popen(command, env=quiet, stdout=subprocess.PIPE, text=True) as child:
        hung = threading.Timer(PATIENCE, child.terminate)
        hung.start()
        assert child.stdout is not None
        for line in child.stdout:
            key, _, value = line.strip().partition(" ")
            said[key] = value
            if key == "committed" and wait is not None:
                time.sleep(wait)
                child.kill()
        hung.cancel()
    return said, child.returncode


def inspect(name: str, committed: int, best_before: float) -> tuple[list[str], float]:
    """What is wrong with the run that a kill left, and its best score so far.

    Args:
        committed: the last epoch that the training said was done.
    """
    try:
        run = runs.get_run(name)
        problems = []
        epochs = run.epochs
        if epochs < committed:
            problems.append(f"epoch {committed} was done, the manifest knows {epochs}")
        rows = [int(row["epoch"]) for row in run.history()]
        if rows != list(range(1, epochs + 1)):
            problems.append(f"history has rows {rows[-3:]} at the end, of {epochs} epochs")
        best = run.best_mean_iou or 0.0
        if best < best_before:
            problems.append(f"best fell from {best_before} to {best}")
        if epochs:
            for which in ("best", "last"):
                require_plain(runs.verified_weights(run, which))
            runs.verified_file(run, "optimizer.npz")
    except (RunError, UnsafeWeightsError) as error:
        return [str(error)], best_before
    return problems, best


def make_pictures(root: Path) -> Path:
    """Small rendered streets in CamVid's layout."""
    import numpy as np
    from PIL import Image

    from segcore.data.sources.streets import render_scene
    from segcore.labels import IDS

    ids = [IDS[name] for name in ("sky", "building", "pole", "road", "sidewalk", "vegetation")]
    for split, count in (("train", 8), ("val", 4)):
        (root / split).mkdir(parents=True)
        (root / f"{split}annot").mkdir()
        for index in range(count):
            image, mask = render_scene(1_000_000 + 10 * count + index, (48, 64))
            camvid = np.full(mask.shape, 11, np.uint8)
            for number, label in enumerate(ids):
                camvid[mask == label] = number
            Image.fromarray(image).save(root / split / f"film_{index}.png")
            Image.fromarray(camvid).save(root / f"{split}annot" / f"film_{index}.png")
    return root


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SEGCORE_ARTIFACTS"] = folder
        outcome = kill_trainings(options.kills, Path(folder) / "pictures", options.seed)
    for where, count in sorted(outcome.kills.items()):
        print(f"{count:4} kills {where}")
    print(f"{outcome.epochs:4} epochs done in all; {len(outcome.problems)} problems")
    print("\n".join(outcome.problems))
    return 1 if outcome.problems else 0


if __name__ == "__main__":
    sys.exit(main())
