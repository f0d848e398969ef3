"""How much of an evaluation's time is the network at work?

    python benchmarks/evaluation.py [--data streets] [--rounds 3]

Scores the champions of a data set in a folder of its own, by turns one image after the other and as
`segcore.evaluation` does it: one in the network while others are read and counted. Then a second
evaluation of the same thing, which is taken from the store.
"""

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from segcore import evaluation, settings  # noqa: E402
from segcore.inference import Predictor, load_predictor  # noqa: E402
from segcore.runs import Run, champions, get_run  # noqa: E402
from segcore.sources import open_source  # noqa: E402


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
    with patch.object(evaluation, "load_predictor", lambda _: watched):
        started = time.perf_counter()
        evaluation.evaluate(run, spec, "val", force=True)
    seconds = time.perf_counter() - started
    return seconds, watched.network_ms / 1000 / seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="streets")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    chosen = [run.path for run in champions(open_source(options.data).name).values()]
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SEGCORE_ARTIFACTS"] = folder
        for path in chosen:
            shutil.copytree(path, settings.runs_dir() / path.name)
            measure(get_run(path.name), options.data, options.rounds)


def measure(run: Run, spec: str, rounds: int) -> None:
    predictor = load_predictor(run)
    score(run, spec, predictor)  # compiles, and warms the files up
    serial, overlapped = [], []
    for _ in range(rounds):
        with patch.object(evaluation, "overlapped", one_after_the_other):
            serial.append(score(run, spec, predictor))
        overlapped.append(score(run, spec, predictor))
    print(f"{run.name} on {spec} val, {rounds} rounds, medians")
    for name, found in (("one by one", serial), ("overlapped", overlapped)):
        seconds, busy = (statistics.median(values) for values in zip(*found, strict=True))
        print(f"  {name}: {seconds:.1f} s, the network at work {busy:.0%} of it")
    started = time.perf_counter()
    evaluation.evaluate(run, spec, "val")
    print(f"  the same again, from the store: {time.perf_counter() - started:.3f} s")


if __name__ == "__main__":
    main()
