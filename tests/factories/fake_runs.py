"""A small real run, with random weights, for tests that predict."""

import tempfile
from collections.abc import Hashable
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import h5py
import numpy as np

from segcore.labels import CITYSCAPES, IDS, ClassMap, LabelSpace
from segcore.prediction.engines.keras_engine import KerasEngine
from segcore.runs import Run, now, verified_weights
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
    space: LabelSpace = CITYSCAPES,
    merged: ClassMap | None = None,
    spec: str = "camvid:/none",
) -> Run:
    """Writes a finished run of a two-level U-Net into artifacts/runs, which a test has moved."""
    space = space if merged is None else merged.target
    weights, parameters = _random_weights(seed, half_precision, space)
    manifest: dict[str, Any] = {
        "model": "unet",
        "model_options": TINY_UNET,
        "recipe": {"name": "quick-unet"},
        "data": {
            "spec": spec,
            "dataset": spec.partition(":")[0],
            "fingerprint": "",
            "size": [*size],
        },
        "seed": seed,
        "parameters": parameters,
        "preprocessing": {"mode": mode, "size": [*size], "multiple": multiple},
        "status": "finished",
        "started": now(),
        "finished": now(),
        "epochs": 1,
        "best": {"epoch": 1, "mean_iou": 0.1},
        "weights": {},
    }
    if space != CITYSCAPES:
        manifest["label_space"] = space.as_dict()
    if merged is not None:
        origin = merged.origin.as_dict()
        manifest["merged_from"] = {"label_space": origin, "ids": list(merged.ids)}
    writer = RunWriter.create(name, manifest)
    writer.commit_epoch({"best.weights.h5": weights})
    return writer.run()


@cache
def _random_weights(seed: int, half_precision: bool, space: LabelSpace) -> tuple[bytes, int]:
    """The file of weights, and how many there are. Building the network takes half a second."""
    import keras

    from segcore.models import build_model

    keras.utils.set_random_seed(seed)
    model = build_model("unet", input_size=None, num_classes=space.num_classes, **TINY_UNET)
    for layer in model.layers:  # an untrained network says nearly the same everywhere
        if isinstance(layer, keras.layers.Conv2D):
            layer.kernel.assign(layer.kernel * 3)
    if space == CITYSCAPES:
        likely = np.isin(np.arange(34), [IDS[name] for name in LIKELY])
        model.get_layer("classifier").bias.assign(np.where(likely, 8.0, 0.0))
    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder) / "saved.weights.h5"
        model.save_weights(saved)
        if half_precision:
            _halve(saved)
        return saved.read_bytes(), model.count_params()


class SharedEngine(KerasEngine):
    """Keras' engine, with one network and its graphs for all tests with the same weights.

    Making them takes a second for each load and shape; a file that is damaged is told as ever.
    """

    _made: ClassVar[dict[Hashable, KerasEngine]] = {}

    def __init__(self, run: Run, input_size: tuple[int, int] | None) -> None:
        key = run.weights_hash, run.model, repr(run.manifest.model_options), input_size
        if key in self._made:
            verified_weights(run)
        else:
            self._made[key] = KerasEngine(run, input_size)
        self.network, self._networks = self._made[key].network, self._made[key]._networks


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
