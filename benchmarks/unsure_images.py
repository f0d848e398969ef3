"""How often a network of low mean confidence is wrong: what the warning on Upload rests on.

    python -m benchmarks.unsure_images --data camvid:DIR streets --run RUN RUN

Every eighth validation image is labelled as it is, under each corruption at severities 1, 3 and 5,
and darkened as a short exposure at dusk would be. An image counts as wrong where more than 40 % of
its labelled pixels are.
"""

import argparse

import numpy as np

from segcore.data.sources import open_source
from segcore.evaluation.corruptions import CORRUPTIONS, corrupt
from segcore.labels.merges import merged
from segcore.labels.metrics import valid_pixels
from segcore.prediction.loading import load_predictor
from segcore.presentation.findings.generalization import UNSURE
from segcore.runs import get_run
from segcore.runs.seen_data import seen_by

EVERY = 8
SEVERITIES = (1, 3, 5)
EXPOSURES, NOISE = (0.3, 0.1, 0.04), 6.0
GAMMA = 2.2
WRONG = 0.4


def darkened(image: np.ndarray, exposure: float, seed: int) -> np.ndarray:
    """(H, W, 3) uint8 with that share of the light, and a sensor's noise in grey levels."""
    linear = (image / 255.0) ** GAMMA * exposure
    noise = np.random.default_rng(seed).normal(0, NOISE, image.shape)
    return np.clip(linear ** (1 / GAMMA) * 255 + noise, 0, 255).astype(np.uint8)


def versions(image: np.ndarray, seed: int) -> list[tuple[str, np.ndarray]]:
    return [
        ("clean", image),
        *(
            (name, corrupt(image, name, severity, seed=seed))
            for name in CORRUPTIONS
            for severity in SEVERITIES
        ),
        *(("dark", darkened(image, exposure, seed)) for exposure in EXPOSURES),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", nargs="+", required=True)
    parser.add_argument("--run", nargs="+", required=True)
    options = parser.parse_args()
    runs = [get_run(name) for name in options.run]
    predictors = [load_predictor(run) for run in runs]
    found = []  # is clean, mean confidence, share of pixels that are wrong
    for source in map(open_source, options.data):
        for seed, item in enumerate(source.items("val")[::EVERY]):
            sample = source.read(item)
            for name, image in versions(sample.image, seed):
                for run, predictor in zip(runs, predictors, strict=True):
                    prediction = predictor.predict(image)
                    labels = merged(prediction.labels, seen_by(run, source).merges)
                    valid = valid_pixels(sample.mask, run.label_space)
                    wrong = float((labels != sample.mask)[valid].mean())
                    found.append((name == "clean", float(prediction.confidence.mean()), wrong))
    clean, confidence, wrong = np.array(found).T
    for level in (UNSURE - 0.05, UNSURE, UNSURE + 0.05):
        low, bad = confidence < level, wrong > WRONG
        print(
            f"mean confidence below {level:.2f}: {low.sum()} of {len(found)} predictions, "
            f"{(low & bad).sum()} of them wrong on more than {WRONG:.0%} of the pixels (of "
            f"{bad.sum()} such in all), {int((low * clean).sum())} of a clean image (of "
            f"{int(clean.sum())})"
        )


if __name__ == "__main__":
    main()
