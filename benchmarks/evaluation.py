"""How much of an evaluation's time is the network at work?

    python -m benchmarks.evaluation [--data streets] [--rounds 3]

Scores the champions of a data set in a folder of its own, by turns one image after the other and as
`segcore.evaluation` does it: one in the network while others are read and counted. Then a second
evaluation of the same thing, which is taken from the store.
"""

import os
import shutil
import tempfile
import time
from unittest.mock import patch

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from benchmarks.figures import Figure, figure_of, parser_of, tell
from segcore import evaluation, settings
from segcore.data.preparation import prepare
from segcore.evaluation import evaluator
from segcore.prediction.inference import Predictor
from segcore.prediction.loading import load_predictor
from segcore.runs import Run, champions, get_run
from segcore.runs.data_sets import read_identity


class Watched:
    """A predictor whose network's milliseconds are added up."""

    def __init__(self, predictor: Predictor) -> None:
        self.predictor = predictor
        self.network_ms = 0.0

    def __getattr__(self, name: str) -> object:
        return getattr(self.predictor, name)

    def predict(self, *arguments: object) -> object:
        prediction = self.predictor.predict(*arguments)  # type: ignore[arg-type]
        self.network_ms += prediction.timings.network_ms
        return prediction


def one_after_the_other(work, tasks):  # type: ignore[no-untyped-def]
    return map(work, tasks)


def score(run: Run, spec: str, predictor: Predictor) -> tuple[float, float]:
    """(seconds, share of them that the network was at work)."""
    watched = Watched(predictor)
    with patch.object(evaluator, "load_predictor", lambda _: watched):
        started = time.perf_counter()
        evaluation.evaluate(run, spec, "val", force=True)
    seconds = time.perf_counter() - started
    return seconds, watched.network_ms / 1000 / seconds


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--data", default="streets")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    chosen = [run.path for run in champions(read_identity(options.data)).values()]
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SEGCORE_ARTIFACTS"] = folder
        prepare(options.data, splits=["val"])  # as a training leaves it
        figures = []
        for path in chosen:
            shutil.copytree(path, settings.runs_dir() / path.name)
            figures += measure(get_run(path.name), options.data, options.rounds)
    tell(figures, options.json)


def measure(run: Run, spec: str, rounds: int) -> list[Figure]:
    predictor = load_predictor(run)
    score(run, spec, predictor)  # compiles, and warms the files up
    serial, overlapped = [], []
    for _ in range(rounds):
        with patch.object(evaluator, "overlapped", one_after_the_other):
            serial.append(score(run, spec, predictor))
        overlapped.append(score(run, spec, predictor))
    started = time.perf_counter()
    evaluation.evaluate(run, spec, "val")
    again = time.perf_counter() - started
    busy, busy_serial = ([100 * share for _, share in rows] for rows in (overlapped, serial))
    gains = [ours / plain for (ours, _), (plain, _) in zip(overlapped, serial, strict=True)]
    return [
        figure_of(f"{run.model}: the network at work", busy, "%", wanted="90 % or more"),
        figure_of(f"{run.model}: the same, one image after the other", busy_serial, "%"),
        figure_of(f"{run.model}: time / that of one image after the other", gains),
        Figure(f"{run.model}: the same evaluation again", again, "s", wanted="nothing"),
    ]


if __name__ == "__main__":
    main()
