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

from segcore import runs
from segcore.recipes import STRONG, Augmentation, Recipe, get_recipe
from segcore.system.allocator import keep_freed_memory

COLORS_OFF = {"brightness": 0.0, "contrast": 0.0, "saturation": 0.0, "hue": 0.0}

AS_IT_IS = "as it is"
FROM_RANDOM = "from random weights"
"""How a name ends where `--start-from` is not for it: also a network that has other weights."""

OF_ANY_MODEL: Mapping[str, Mapping[str, Any]] = {
    AS_IT_IS: {},
    FROM_RANDOM: {},
    "scale 0.5 to 2": {"augmentation": replace(STRONG, scale=(0.5, 2.0))},
    "no random scale": {"augmentation": replace(STRONG, scale=None, aspect=0.0)},
    "no colours, blur, noise": {"augmentation": replace(STRONG, **COLORS_OFF, blur=0.0, noise=0.0)},
    "no augmentation but the crop": {"augmentation": Augmentation()},
    # As much of the balance is taken back in each.
    "no class balance": {"balance": 0.0, "logit_adjustment": 0.0},
    "class balance 0.25": {"balance": 0.25, "logit_adjustment": 0.2},
    "class balance 0.75": {"balance": 0.75, "logit_adjustment": 0.6},
    "no logit adjustment": {"logit_adjustment": 0.0},
    "label smoothing 0.05": {"loss_options": {"label_smoothing": 0.05}},
    "cross-entropy alone": {"loss": "cross_entropy"},
    "cross-entropy and Dice": {"loss": "cross_entropy+dice"},
    "cross-entropy and Lovasz": {"loss": "cross_entropy+lovasz"},
    "focal loss and Dice": {"loss": "focal+dice"},
    "no moving average": {"ema": None},
    "constant rate": {"schedule": "constant"},
    "Adam": {"optimizer": "adam", "weight_decay": 0.0},
}
OF_MODEL: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "unet": {
        f"width 16, {FROM_RANDOM}": {"model_options": {"width": 16}},
        f"width 32, {FROM_RANDOM}": {"model_options": {"width": 32}},
        f"full resolution throughout, {FROM_RANDOM}": {"model_options": {"stem_width": None}},
    },
    "danet": {
        "auxiliary heads, 0.2": {"aux_weight": 0.2},
        f"no decoder, {FROM_RANDOM}": {"model_options": {"decoder": False}},
        "output stride 8": {"model_options": {"output_stride": 8}},
        "output stride 32": {"model_options": {"output_stride": 32}},
    },
}


def variants(recipe: Recipe, epochs: int, seed: int) -> dict[str, Recipe]:
    """The recipe changed in each way that makes a difference to it, under names of their own."""
    recipe = replace(recipe, epochs=epochs, seed=seed)
    made = {}
    for name, changes in {**OF_ANY_MODEL, **OF_MODEL.get(recipe.model, {})}.items():
        options = {**recipe.model_options, **changes.get("model_options", {})}
        changed = replace(recipe, **{**changes, "model_options": options})
        if changed != recipe or not changes:
            made[name] = replace(changed, name=f"{recipe.name}: {name}, {epochs} epochs")
    return made


def score(recipe: Recipe, spec: str, start_from: str | None) -> float:
    """Validation mean IoU of the last epoch: the best of a few would be a pick among noise."""
    from segcore.training.session import resume, train

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
    parser.add_argument("--only", nargs="+", metavar="NAME", help="of the ways to change it")
    options = parser.parse_args()
    series = [variants(get_recipe(options.recipe), options.epochs, seed) for seed in options.seeds]
    if unknown := set(options.only or ()) - set(series[0]):
        parser.error(f"--only: no {', '.join(unknown)}; choose of: {', '.join(series[0])}")
    print(f"| {options.recipe}, {options.epochs} epochs | " + " | ".join(
        f"seed {seed}" for seed in options.seeds) + " |")  # fmt: skip
    print("|---" * (len(options.seeds) + 1) + "|")
    for name in options.only or series[0]:
        parent = None if name.endswith(FROM_RANDOM) else options.start_from
        scores = [score(made[name], options.data, parent) for made in series]
        print(f"| {name} | " + " | ".join(f"{value:.3f}" for value in scores) + " |", flush=True)


if __name__ == "__main__":
    keep_freed_memory()
    main()
