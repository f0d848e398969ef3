"""How long the intervals of a comparison take: 1,000 draws over 500 images of 34 classes.

Run it from the root: `python benchmarks/resampling.py`.
"""

import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from segcore import metrics
from segcore.comparison import compare
from segcore.evaluation import Evaluation, Identity
from segcore.labels import EVALUATED_IDS

IMAGES, DRAWS, ROUNDS = 500, 1_000, 7


def made_evaluation(seed: int) -> Evaluation:
    """Counts of 500 images as large as Cityscapes', each a sequence of its own."""
    random = np.random.default_rng(seed)
    matrices = np.zeros((IMAGES, 34, 34), np.int64)
    matrices[:, EVALUATED_IDS] = random.integers(0, 6_000, (IMAGES, len(EVALUATED_IDS), 34))
    identity = Identity("run", "w", "made", "val", "f", "d", metrics.METRIC_VERSION, "CPU")
    return Evaluation(
        identity=identity,
        spec="made",
        keys=[f"{index:03}" for index in range(IMAGES)],
        sequences=[f"{index:03}" for index in range(IMAGES)],
        sizes=np.full((IMAGES, 2), [1024, 2048]),
        matrices=matrices,
        boundaries=np.zeros((IMAGES, 2, 34), np.int64),
        tasm_scores=np.zeros(IMAGES),
        calibration=metrics.CalibrationBins.empty(),
    )


def main() -> None:
    pair = made_evaluation(0), made_evaluation(1)
    seconds = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        compare(*pair, draws=DRAWS)
        seconds.append(time.perf_counter() - started)
    middle, best = np.median(seconds), min(seconds)
    print(f"{DRAWS:,} draws, {IMAGES} images: median {middle:.3f} s, best {best:.3f} s")


if __name__ == "__main__":
    main()
