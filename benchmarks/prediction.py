"""From a decoded image to both models' labels: what is ours beside the bare engine's two passes?

    python -m benchmarks.prediction

In one process, by turns, both champions of a data set on one image of their training's size:
- ours, from the image to both label maps and confidences, as the dashboard serves it;
- the bare engine: its two passes on ready input, to probabilities and nothing else;
- Keras: `predict` of the same two models, as such demos call it, with argmax after it.

Ratios carry over to other machines, milliseconds do not.
"""

import os
import time
from collections.abc import Callable

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from benchmarks.figures import figure_of, parser_of, tell
from segcore.data.sources.streets import render_scene
from segcore.prediction.conversion import convert
from segcore.prediction.engines import Engine
from segcore.prediction.engines.keras_engine import build_network
from segcore.prediction.engines.openvino_engine import OpenVINOEngine
from segcore.prediction.engines.openvino_library import load_openvino
from segcore.prediction.loading import load_fastest_predictor
from segcore.runs import champions

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
    passes = [bare_pass(p._engine, batch) for p, batch in zip(predictors, batches, strict=True)]

    def ours() -> None:
        for predictor in predictors:
            predictor.predict(image)

    def bare() -> None:
        for bare_network in passes:
            bare_network()

    def keras_predict() -> None:
        for network, batch in zip(networks, batches, strict=True):
            network.predict(batch, verbose=0).argmax(axis=-1).astype(np.uint8)

    named = [f"{run.model}: {p.engine}" for run, p in zip(runs, predictors, strict=True)]
    return {OURS: ours, BARE: bare, KERAS: keras_predict}, named


def bare_pass(engine: Engine, batch: np.ndarray) -> Callable[[], object]:
    """The engine's network without what we added to it, called as its own examples do."""
    if not isinstance(engine, OpenVINOEngine):
        return lambda: engine.run(batch)
    added = engine._model.clone()
    network = load_openvino().Model([added.get_results()[0]], added.get_parameters())
    network.reshape(list(batch.shape))
    request = engine._core.compile_model(network, "CPU").create_infer_request()
    return lambda: request.infer([batch])


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


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--data", default="streets", help="data set whose champions are timed")
    parser.add_argument("--rounds", type=int, default=25)
    options = parser.parse_args()
    timed, engines = steps(options.data)
    spent = measure(timed, options.rounds)
    print(f"champions on {options.data}, {', '.join(engines)}; {options.rounds} rounds")
    figures = []
    for other, wanted in ((BARE, "1.15 or less"), (KERAS, "0.35 or less")):
        ratios = [ours / theirs for ours, theirs in zip(spent[OURS], spent[other], strict=True)]
        figures.append(figure_of(f"{OURS} / {other}", ratios, wanted=wanted))
    figures += [figure_of(name, times, "ms") for name, times in spent.items()]
    tell(figures, options.json)


if __name__ == "__main__":
    main()
