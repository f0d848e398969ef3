"""Finished runs with a history and snapshots, for tests of pages; their weights are made up."""

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from segcore import runs
from segcore.evaluation import labelling
from segcore.files.writing import to_json
from segcore.labels import IDS
from segcore.prediction.inference import ONE_VIEW, Prediction, Timings, Views
from segcore.recipes import get_recipe
from segcore.runs import Run
from segcore.runs.writer import RunWriter, history_csv

SIZE = (24, 32)
LABEL_OF = {"unet": IDS["building"], "danet": IDS["road"]}


def make_run(
    model: str, camvid: Path, epochs: int = 3, keys: tuple[str, ...] = (), **manifest: Any
) -> Run:
    """A run whose validation loss turns after its second epoch.

    Args:
        keys: validation images that snapshots are kept of, all in the model's one label.
    """
    writer = RunWriter.create(
        f"{model}-camvid-2025010{epochs}-000000-abcd",
        {
            "model": model,
            "recipe": get_recipe(f"quick-{model}").to_dict(),
            "data": {
                "spec": f"camvid:{camvid}", "dataset": "camvid", "fingerprint": "", "size": [*SIZE],
            },
            "seed": 0,
            "parameters": 7_800_000,
            "preprocessing": {"mode": "fit", "size": [*SIZE], "multiple": 8},
            "status": "finished",
            "started": f"2025-01-0{epochs}T00:00:00+00:00",
            "weights": {},
            **manifest,
        },
    )  # fmt: skip
    history: list[dict[str, float]] = [
        {
            "epoch": epoch, "loss": 1 / epoch, "val_loss": 0.5 + abs(epoch - 2) / 5,
            "accuracy": 0.8 + epoch / 100, "val_accuracy": 0.7, "mean_iou": 0.1 * epoch,
            "val_mean_iou": 0.09 * epoch, "learning_rate": 0.01, "seconds": 60.0,
            "images_per_second": 5.0,
        }
        for epoch in range(1, epochs + 1)
    ]  # fmt: skip
    for epoch in range(1, epochs + 1):
        files = {runs.HISTORY: history_csv(history[:epoch]), "best.weights.h5": model.encode()}
        best = {"epoch": epoch, "mean_iou": 0.09 * epoch}
        writer.commit_epoch(files, epochs=epoch, best=best)
        if keys:
            stacked = np.full((len(keys) * SIZE[0], SIZE[1]), LABEL_OF[model], np.uint8)
            stream = io.BytesIO()
            Image.fromarray(stacked).save(stream, "PNG")
            path = writer.path / "snapshots" / f"epoch-{epoch:04d}.png"
            path.write_bytes(stream.getvalue())
    if keys:
        index = {"keys": [*keys], "height": SIZE[0], "width": SIZE[1]}
        (writer.path / "snapshots" / "index.json").write_bytes(to_json(index))
    return writer.run()


def stub_predictions(
    monkeypatch: pytest.MonkeyPatch, label: int | None = None, confidence: float = 0.9
) -> None:
    """Every run predicts one label everywhere, by default its model's, without loading Keras."""

    def load(run: Run) -> SimpleNamespace:
        def predict(image: np.ndarray, views: Views = ONE_VIEW) -> Prediction:
            of_run = LABEL_OF[run.model] if label is None else label
            labels = np.full(image.shape[:2], of_run, np.uint8)
            sure = np.full(labels.shape, confidence, np.float32)
            nothing = np.zeros((1, 1, 34), np.float32)
            return Prediction(labels, sure, Timings(0.0, 0.0, 0.0), nothing)

        return SimpleNamespace(run=run, device="CPU", predict=predict)

    monkeypatch.setattr(labelling, "load_predictor", load)
