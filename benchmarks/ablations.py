"""What each part of a tuned recipe gives: the recipe with one thing changed, on the same budget.

    python benchmarks/ablations.py --recipe tuned-unet --data camvid:DIR --epochs 4 --seeds 0 1 2

Prints a line of a table as each training ends: validation mean IoU at the data's own size. A run
that is there already, finished, is not trained again, so that an interrupted series goes on.
"""

import argparse
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from segcore import runs  # noqa: E402
from segcore.allocator import keep_freed_memory  # noqa: E402
from segcore.devices import set_up_tensorflow  # noqa: E402
from segcore.recipes import STRONG, Recipe, get_recipe  # noqa: E402

COLORS_OFF = {"brightness": 0.0, "contrast": 0.0, "saturation": 0.0, "hue": 0.0}

VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "as it is": {},
    "scale 0.5 to 2": {"augmentation": replace(STRONG, scale=(0.5, 2.0))},
    "no random scale": {"augmentation": replace(STRONG, scale=None, aspect=0.0)},
    "no colours, blur, noise": {"augmentation": replace(STRONG, **COLORS_OFF, blur=0.0, noise=0.0)},
    "no class balance": {"balance": 0.0},
    "class balance 0.25": {"balance": 0.25},
    "class balance 0.75": {"balance": 0.75},
    "label smoothing 0.05": {"loss_options": {"label_smoothing": 0.05}},
    "focal loss": {"loss": "focal"},
    "with Dice": {"loss": "cross_entropy+dice"},
    "with Lovasz": {"loss": "cross_entropy+lovasz"},
    "no moving average": {"ema": None},
    "constant rate": {"schedule": "constant"},
    "Adam": {"optimizer": "adam", "weight_decay": 0.0},
}


def variant(recipe: Recipe, name: str, epochs: int, seed: int) -> Recipe:
    """The recipe changed as `VARIANTS` says, under a name of its own."""
    changes = VARIANTS[name]
    return replace(
        recipe, **changes, name=f"{recipe.name}: {name}, {epochs} epochs", epochs=epochs, seed=seed
    )


def score(recipe: Recipe, spec: str, start_from: str | None) -> float:
    """Validation mean IoU of the last epoch: the best of a few would be a pick among noise."""
    from segcore.training import resume, train

    for run in runs.list_runs():
        if (run.recipe, run.seed) == (recipe.name, recipe.seed):
            done = run if run.status == "finished" else resume(run.name)
            break
    else:
        done = train(recipe, spec, start_from=start_from)
    return done.history()[-1]["val_mean_iou"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recipe", default="tuned-unet")
    parser.add_argument("--data", required=True)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--start-from", metavar="RUN")
    parser.add_argument("--only", nargs="+", choices=VARIANTS, default=list(VARIANTS))
    options = parser.parse_args()
    recipe = get_recipe(options.recipe)
    print(f"| {options.recipe}, {options.epochs} epochs | " + " | ".join(
        f"seed {seed}" for seed in options.seeds) + " |")  # fmt: skip
    print("|---" * (len(options.seeds) + 1) + "|")
    for name in options.only:
        scores = [
            score(variant(recipe, name, options.epochs, seed), options.data, options.start_from)
            for seed in options.seeds
        ]
        print(f"| {name} | " + " | ".join(f"{value:.3f}" for value in scores) + " |", flush=True)


if __name__ == "__main__":
    set_up_tensorflow()
    keep_freed_memory()
    main()
