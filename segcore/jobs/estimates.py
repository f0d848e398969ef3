"""What a training will take, before it starts: time, memory, room on the disk.

Time follows from the images per second of the newest run of the same network on the same kind of
device, scaled by the pixels it is asked for. Memory follows from what trainings of the network on a
processor were measured to take: a constant, and so much for each pixel of a batch.
"""

from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median

from segcore import runs, settings
from segcore.data.preparation import load_prepared
from segcore.data.sources import Source, open_source
from segcore.errors import RecipeError, SegcoreError
from segcore.files.sizes import byte_size
from segcore.files.writing import free_bytes
from segcore.images.resizing import Size
from segcore.models import spec_of
from segcore.recipes import Recipe, from_dict
from segcore.runs import Run
from segcore.system.devices import may_have_gpu

MEMORY_INFO = Path("/proc/meminfo")
NEWEST = 20
"""Runs of the network that are looked at: each is a history to read."""


@dataclass(frozen=True)
class Estimate:
    """Attributes:
    seconds: of the whole training, None where no run of that network was timed.
    timed: the run that it follows from.
    memory, disk: bytes.
    """

    seconds: float | None
    timed: Run | None
    memory: float
    disk: float


def estimate(recipe: Recipe, spec: str) -> Estimate:
    """What that training will take.

    Raises:
        DataError: the data cannot be opened.
        RecipeError: there is no such model.
    """
    source = open_source(spec)
    timed, memory = _timed(recipe), spec_of(recipe.model).memory
    return Estimate(
        seconds=_seconds(recipe, source, timed) if timed else None,
        timed=timed,
        memory=memory.base
        + recipe.batch_size * _pixels(recipe, source) * memory.per_pixel(recipe.model_options),
        disk=_disk(recipe, source, timed),
    )


def check(recipe: Recipe, spec: str) -> None:
    """Refuses what cannot fit this machine.

    Raises:
        RecipeError: too little memory or room, with both numbers and the way out.
    """
    expected = estimate(recipe, spec)
    memory = total_memory()
    if memory is not None and expected.memory > memory:
        raise RecipeError(
            f"This training needs about {byte_size(expected.memory)} of memory, the machine has "
            f"{byte_size(memory)}: choose a smaller batch size, crop or network"
        )
    free = free_bytes(settings.artifacts_dir())
    if expected.disk > free:
        raise RecipeError(
            f"This training needs about {byte_size(expected.disk)} on the disk, "
            f"{byte_size(free)} are free: remove runs or prepared data first"
        )


def total_memory() -> float | None:
    """Bytes of memory of this machine; None where the system does not say."""
    try:
        lines = MEMORY_INFO.read_text().splitlines()
    except OSError:
        return None
    found = (line.split() for line in lines)
    return next((1024.0 * int(words[1]) for words in found if words[0] == "MemTotal:"), None)


# --- parts ---------------------------------------------------------------------------------------


def _timed(recipe: Recipe) -> Run | None:
    """The newest run of the model that has a timed epoch: before all one that was trained on what
    this machine trains on, a GPU or a processor, then one of the same options."""
    on_gpu = may_have_gpu()

    def differs(run: Run) -> tuple[bool, bool]:
        return (
            run.manifest.trained_on_gpu != on_gpu,
            run.manifest.model_options != recipe.model_options,
        )

    of_model = (run for run in runs.list_runs() if run.model == recipe.model and run.epochs)
    timed = [run for run in islice(of_model, NEWEST) if _speed(run)]
    return min(timed, key=differs, default=None)


def _speed(run: Run) -> float | None:
    """Pixels per second that it trained at; the first epoch compiles, so the median counts."""
    try:
        history = run.history()
        rates = [row["images_per_second"] for row in history if row["images_per_second"] > 0]
        recipe = from_dict(run.manifest.recipe)
        return median(rates) * _area(recipe.crop or run.manifest.data.size or ())
    # Made without a recipe, or its history is damaged.
    except (SegcoreError, KeyError, TypeError, ValueError):
        return None


def _seconds(recipe: Recipe, source: Source, timed: Run) -> float:
    """Steps at the timed speed, and the images that are validated after each epoch.

    Predicting takes about a third of what a step takes for an image of the same size.
    """
    speed = _speed(timed)
    assert speed is not None
    steps = recipe.steps_per_epoch or -(-len(source.items("train")) // recipe.batch_size)
    trained = steps * recipe.batch_size * _pixels(recipe, source)
    validated = len(source.items("val")) * _area(recipe.size_for(source.default_size))
    return recipe.epochs * (trained + validated / 3) / speed


def _disk(recipe: Recipe, source: Source, timed: Run | None) -> float:
    """Prepared arrays that are not there yet, and two sets of weights: kept and being written."""
    size = recipe.size_for(source.default_size)
    prepared = load_prepared(source.spec, size, recipe.mode)
    done = set(prepared.splits) if prepared else set()
    missing = sum(
        len(source.items(split)) * 4 * _area(size)
        for split in ("train", "val")
        if split not in done
    )
    is_same = timed is not None and timed.manifest.model_options == recipe.model_options
    known = timed.parameters if timed and is_same else None
    parameters = known or spec_of(recipe.model).usual_parameters
    return missing + 2 * BYTES_PER_PARAMETER * parameters


BYTES_PER_PARAMETER = 16
"""Best, last and two moments of the optimizer, float32."""


def _pixels(recipe: Recipe, source: Source) -> int:
    """Pixels of one image of a batch."""
    return _area(recipe.crop or recipe.size_for(source.default_size))


def _area(size: Size | tuple[int, ...]) -> int:
    return size[0] * size[1]
