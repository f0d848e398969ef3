"""A small real run, with random weights, for tests that predict."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from segcore.labels import IDS
from segcore.runs import Run, now
from segcore.runs.writer import RunWriter

TINY_UNET = {"width": 4, "depth": 2}
LIKELY = ("road", "sidewalk", "building", "pole", "traffic sign", "vegetation", "sky", "car")
"""Classes it prefers, so that some of its random guesses are right."""


def make_run(
    name: str = "unet-camvid-20250101-000000-abcd",
    *,
    model: str = "unet",
    options: Mapping[str, Any] = TINY_UNET,
    seed: int = 0,
    mode: str = "fit",
    size: tuple[int, int] = (24, 32),
    multiple: int = 8,
    half_precision: bool = False,
) -> Run:
    """Writes a finished run of a small network into artifacts/runs, which a test has moved."""
    import keras

    from segcore.models import build_model

    keras.utils.set_random_seed(seed)
    network = build_model(model, input_size=None, **options)
    for layer in network.layers:  # an untrained network says nearly the same everywhere
        if model == "unet" and isinstance(layer, keras.layers.Conv2D):
            layer.kernel.assign(layer.kernel * 3)
    likely = np.isin(np.arange(34), [IDS[name] for name in LIKELY])
    classifier = {"unet": "classifier", "danet": "logits_classifier"}[model]
    network.get_layer(classifier).bias.assign(np.where(likely, 8.0, 0.0))
    manifest: dict[str, Any] = {
        "model": model,
        "model_options": dict(options),
        "recipe": {"name": f"quick-{model}"},
        "data": {"spec": "camvid:/none", "dataset": "camvid", "fingerprint": "", "size": [*size]},
        "seed": seed,
        "parameters": network.count_params(),
        "preprocessing": {"mode": mode, "size": [*size], "multiple": multiple},
        "status": "finished",
        "started": now(),
        "finished": now(),
        "epochs": 1,
        "best": {"epoch": 1, "mean_iou": 0.1},
        "weights": {},
    }
    writer = RunWriter.create(name, manifest)
    saved = writer.path / "saved.weights.h5"
    network.save_weights(saved)
    if half_precision:
        _halve(saved)
    data = saved.read_bytes()
    saved.unlink()
    writer.commit_epoch({"best.weights.h5": data})
    return writer.run()


def _halve(path: Path) -> None:
    """Turns every float32 array of the file into float16."""
    with h5py.File(path, "a") as file:
        names: list[str] = []
        file.visit(names.append)
        for name in names:
            if isinstance(file[name], h5py.Dataset) and file[name].dtype == np.float32:
                values = file[name][...].astype(np.float16)
                del file[name]
                file[name] = values
