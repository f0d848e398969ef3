"""How long a comparison of two runs takes: 500 images of 34 classes, each a group of its own.

python -m benchmarks.resampling
"""

import time

import numpy as np

from benchmarks.figures import figure_of, parser_of, tell
from segcore.evaluation import Evaluation, Identity
from segcore.evaluation.comparison import compare
from segcore.labels import CITYSCAPES, metrics

IMAGES, ROUNDS = 500, 7


def made_evaluation(seed: int) -> Evaluation:
    """Counts of 500 images as large as Cityscapes', each a sequence of its own."""
    random = np.random.default_rng(seed)
    matrices = np.zeros((IMAGES, 34, 34), np.int64)
    matrices[:, CITYSCAPES.evaluated_ids] = random.integers(
        0, 6_000, (IMAGES, len(CITYSCAPES.evaluated_ids), 34)
    )
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
    options = parser_of(__doc__).parse_args()
    pair = made_evaluation(0), made_evaluation(1)
    seconds = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        compare(*pair)
        seconds.append(time.perf_counter() - started)
    what = f"comparison of two runs on {IMAGES} images"
    tell([figure_of(what, seconds, "s", wanted="under 0.3 s")], options.json)


if __name__ == "__main__":
    main()
