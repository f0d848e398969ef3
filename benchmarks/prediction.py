"""From a decoded picture to both models' labels: what is ours beside the bare engine's two passes?

    python benchmarks/prediction.py            # or `make bench`

In one process, by turns, both champions of a data set on one picture of their training's size:
- ours, from the picture to both label maps and confidences, as the dashboard serves it;
- the bare engine: its two passes on ready input and nothing else;
- Keras: `predict` of the same two models, as such demos call it, with argmax after it.

Ratios carry over to other machines, milliseconds do not.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np  # noqa: E402

from segcore import devices  # noqa: E402
from segcore.conversion import convert  # noqa: E402
from segcore.engines.keras_engine import build_network  # noqa: E402
from segcore.inference import load_fastest_predictor  # noqa: E402
from segcore.runs import champions  # noqa: E402
from segcore.sources.streets import render_scene  # noqa: E402

OURS, BARE, KERAS = "ours", "bare engine", "Keras predict"


def steps(dataset: str) -> tuple[dict[str, Callable[[], object]], list[str]]:
    """What is timed, and which engine serves each model."""
    runs = list(champions(dataset).values())
    for run in runs:
        convert(run)
    predictors = [load_fastest_predictor(run) for run in runs]
    image = render_scene(1_000_000, predictors[0].preprocessing.size)[0]
    batches = [predictor.preprocessing.apply(image)[None] for predictor in predictors]
    networks = [build_network(run, None) for run in runs]

    def ours() -> None:
        for predictor in predictors:
            predictor.predict(image)

    def bare() -> None:
        for predictor, batch in zip(predictors, batches, strict=True):
            predictor._engine.probabilities(batch)

    def keras_predict() -> None:
        for network, batch in zip(networks, batches, strict=True):
            network.predict(batch, verbose=0).argmax(axis=-1).astype(np.uint8)

    named = [f"{run.model}: {p.engine}" for run, p in zip(runs, predictors, strict=True)]
    return {OURS: ours, BARE: bare, KERAS: keras_predict}, named


def measure(timed: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each, in turns, after two rounds of warming up."""
    spent: dict[str, list[float]] = {name: [] for name in timed}
    for number in range(rounds + 2):
        for name, step in timed.items():
            started = time.perf_counter()
            step()
            if number >= 2:
                spent[name].append((time.perf_counter() - started) * 1000)
    return spent


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="streets", help="data set whose champions are timed")
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    timed, engines = steps(options.data)
    spent = measure(timed, options.rounds)
    machine = f"{devices.processor()}, {os.cpu_count()} cores, {platform.system()}"
    print(f"{machine}; champions on {options.data}, {', '.join(engines)}; {options.rounds} rounds")
    rows = {}
    for name, times in spent.items():
        low, median, high = statistics.quantiles(times, n=4)
        rows[name] = {
            "median_ms": median,
            "quartiles_ms": [low, high],
            "best_ms": min(times),
        }
        spread = f"({low:.1f} to {high:.1f}), best {min(times):.1f}"
        print(f"{name:<14} {median:7.1f} ms {spread}")
    ratios = {}
    for other in (BARE, KERAS):
        by_round = [ours / theirs for ours, theirs in zip(spent[OURS], spent[other], strict=True)]
        ratios[other] = statistics.median(by_round)
        best = min(spent[OURS]) / min(spent[other])
        print(f"ours / {other:<14} {ratios[other]:.2f} (median over the rounds), {best:.2f} (best)")
    if options.json:
        found = {"machine": machine, "engines": engines, "times": rows, "ratios": ratios}
        options.json.write_text(json.dumps(found, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
