"""What a run costs where it runs: operations, time by batch and resolution, memory.

Measured on this machine, with random images of the network's own size, from the image to its
labels, and kept with the machine's name in artifacts/costs/RUN.json. Memory is that of the whole
process, so a measurement wants a process of its own: see `measure_apart`.
"""

import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from segcore import settings
from segcore.errors import RunError, UnreadableError
from segcore.files.reading import Amount, Count, Plain, Positive, read_json
from segcore.files.writing import storage_error, to_json, write_atomically
from segcore.images.preprocessing import Preprocessing
from segcore.models import flops
from segcore.prediction.inference import Predictor
from segcore.prediction.loading import load_fastest_predictor
from segcore.recipes.checks import checked_options
from segcore.runs import Run, now
from segcore.system import devices
from segcore.system.child_report import read_report
from segcore.system.peak_memory import forget_peak_memory, peak_memory
from segcore.system.progress import Progress, StepProgress

VERSION = 1
"""Raised when something is measured in another way, so that stored costs are measured again."""

BATCHES = (1, 4)
SCALES = (0.5, 1.0, 2.0)
"""Scales of the size that the run was trained at; a network of one fixed size has only 1."""

SHIPPED_COST = "cost.json"
"""In the folder of a shipped run: measured on the machine that it names."""

REPEATS = 50
"""Repeats for each batch and resolution: fewer say little about a 95th percentile."""

FOLLOW_SECONDS = 0.5


@dataclass(frozen=True)
class Timing:
    """One batch size at one resolution; times are of the whole batch, in milliseconds."""

    batch: Positive
    height: Positive
    width: Positive
    repeats: Positive
    p50_ms: Amount
    p95_ms: Amount
    images_per_second: Amount
    peak_memory_bytes: Count | None  # of the process, or of the GPU; None where nobody counts it


@dataclass(frozen=True)
class Cost:
    """What was measured of a run.

    Attributes:
        machine: by which engine and where, in words.
        flops: of the network for one image of its training's size, an addition and a
            multiplication counted as two; of convolutions and matrix products. None where the
            backend does not tell.
        timings: by batch and resolution.
    """

    run: str
    weights_sha256: str
    version: int
    measured: str
    machine: Plain
    flops: Count | None
    timings: tuple[Timing, ...]

    @property
    def typical(self) -> Timing:
        """One image at the size that the run was trained at."""
        single = [timing for timing in self.timings if timing.batch == 1]
        return single[len(single) // 2]

    @property
    def throughput(self) -> float:
        """Images a second at the size that the run was trained at, in the batch that gives most."""
        size = (self.typical.height, self.typical.width)
        return max(
            timing.images_per_second
            for timing in self.timings
            if (timing.height, timing.width) == size
        )

    def report(self) -> dict[str, Any]:
        """The figures as JSON types."""
        return {**asdict(self), "timings": [asdict(timing) for timing in self.timings]}


def measure_cost(run: Run, progress: Progress | None = None) -> Cost:
    """Measures the run here and now, in this process.

    Raises:
        RunError: it has no network, or its weights are missing or damaged.
        StorageError: the result cannot be written.
    """
    run.require_network("be measured")
    predictor = load_fastest_predictor(run)
    sizes = dict.fromkeys(predictor.preprocessing.scaled(scale) for scale in SCALES)
    # The small first: a process does not give all its memory back.
    wanted = sorted(
        ((batch, size) for batch in BATCHES for size in sizes),
        key=lambda asked: asked[0] * asked[1].size[0] * asked[1].size[1],
    )
    timings = []
    for done, (batch, preprocessing) in enumerate(wanted):
        timings.append(_time(predictor, batch, preprocessing))
        if progress is not None:
            progress(done + 1, len(wanted))
    cost = Cost(
        run=run.name,
        weights_sha256=str(run.weights_hash),
        version=VERSION,
        measured=now(),
        machine=Plain(f"{predictor.engine}, {devices.machine(predictor.device)}"),
        flops=_flops(run),
        timings=tuple(sorted(timings, key=lambda timing: (timing.batch, timing.height))),
    )
    _write(run, cost)
    return cost


def measure_apart(run: Run, progress: Progress) -> None:
    """As `measure_cost`, in a process of its own; its result is then found by `stored_cost`.

    Raises:
        RunError: it could not be measured.
    """
    with tempfile.TemporaryDirectory() as folder:
        followed, reported = Path(folder) / "progress.json", Path(folder) / "report.json"
        command = [sys.executable, "-m", "segcore", "cost", "--run", run.name]
        environment = settings.environment(
            SEGCORE_PROGRESS=str(followed), SEGCORE_REPORT=str(reported)
        )
        nowhere = subprocess.DEVNULL
        process = subprocess.Popen(
            command, cwd=settings.ROOT, env=environment, stdout=nowhere, stderr=nowhere
        )
        while process.poll() is None:
            time.sleep(FOLLOW_SECONDS)
            with suppress(UnreadableError):  # not written yet
                state = read_json(followed, StepProgress)
                progress(state.done, state.total)
        if process.returncode:
            reason = read_report(reported).error or "its process ended too early"
            raise RunError(f"{run.name}: cannot be measured; {reason}")


def stored_cost(run: Run) -> Cost | None:
    """What was measured of the run's weights: here, else where a shipped run was made.

    None where nothing was.
    """
    for path in cost_files(run):
        with suppress(UnreadableError):
            cost = read_cost(path)
            if (cost.weights_sha256, cost.version) == (run.weights_hash, VERSION):
                return cost
    return None


def cost_files(run: Run) -> tuple[Path, ...]:
    """Where its cost may be stored, what was measured here first."""
    here = settings.costs_dir() / f"{run.name}.json"
    return (here, run.path / SHIPPED_COST) if run.is_shipped else (here,)


def is_measured_here(run: Run) -> bool:
    return cost_files(run)[0].exists()


def ship_cost(run: Run) -> None:
    """Puts what was measured here into the folder of a shipped run. Raises StorageError."""
    cost = stored_cost(run)
    if cost is not None:
        write_atomically(run.path / SHIPPED_COST, to_json(cost.report()))


def read_cost(path: Path) -> Cost:
    """What a file says was measured. Raises UnreadableError."""
    cost = read_json(path, Cost)
    if not any(timing.batch == 1 for timing in cost.timings):
        raise UnreadableError("has no time of a single image")
    return cost


def _write(run: Run, cost: Cost) -> None:
    try:
        settings.costs_dir().mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error(settings.costs_dir(), error) from error
    write_atomically(cost_files(run)[0], to_json(cost.report()))


def _time(predictor: Predictor, batch: int, preprocessing: Preprocessing) -> Timing:
    height, width = preprocessing.size
    random = np.random.default_rng(0)
    images = [random.integers(0, 256, (height, width, 3), np.uint8) for _ in range(batch)]
    predictor.preprocessing = preprocessing
    forget_peak_memory()
    predictor.predict_batch(images)  # builds the network of this shape
    milliseconds: list[float] = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        predictor.predict_batch(images)
        milliseconds.append((time.perf_counter() - started) * 1000)
    p50, p95 = np.percentile(milliseconds, [50, 95])
    return Timing(
        batch=batch,
        height=height,
        width=width,
        repeats=REPEATS,
        p50_ms=float(p50),
        p95_ms=float(p95),
        images_per_second=float(1000 * batch / np.mean(milliseconds)),
        peak_memory_bytes=peak_memory(),
    )


def _flops(run: Run) -> int | None:
    if run.kind != "trained":
        return None
    from segcore.models import build_model, inference_model

    preprocessing = run.preprocessing
    height, width = preprocessing.padded_size(*preprocessing.size)
    options = checked_options(run.model, run.manifest.model_options)
    model = build_model(
        run.model,
        input_size=preprocessing.input_size,
        num_classes=run.label_space.num_classes,
        **options,
    )
    products = flops.multiply_adds(inference_model(model), (1, height, width, 3))
    return None if products is None else 2 * products
