"""A small real run, with random weights, for tests that predict."""

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
    seed: int = 0,
    mode: str = "fit",
    size: tuple[int, int] = (24, 32),
    multiple: int = 8,
    half_precision: bool = False,
) -> Run:
    """Writes a finished run of a two-level U-Net into artifacts/runs, which a test has moved."""
    import keras

    from segcore.models import build_model

    keras.utils.set_random_seed(seed)
    model = build_model("unet", input_size=None, **TINY_UNET)
    for layer in model.layers:  # an untrained network says nearly the same everywhere
        if isinstance(layer, keras.layers.Conv2D):
            layer.kernel.assign(layer.kernel * 3)
    likely = np.isin(np.arange(34), [IDS[name] for name in LIKELY])
    model.get_layer("classifier").bias.assign(np.where(likely, 8.0, 0.0))
    manifest: dict[str, Any] = {
        "model": "unet",
        "model_options": TINY_UNET,
        "recipe": {"name": "quick-unet"},
        "data": {"spec": "camvid:/none", "dataset": "camvid", "fingerprint": "", "size": [*size]},
        "seed": seed,
        "parameters": model.count_params(),
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
    model.save_weights(saved)
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
