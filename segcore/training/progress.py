"""Progress of a running training, written to progress.json and passed to a callback."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras

from segcore.errors import TrainingError
from segcore.runs.writer import RunWriter, write_progress

INTERVAL = 1.0  # seconds between two writes of progress.json


@dataclass(frozen=True)
class TrainingProgress:
    """How far a training is; `epoch` counts from 1, `step` from 1 within it."""

    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float
    seconds_left: float | None


Listener = Callable[[TrainingProgress], None]


class Reporter(keras.callbacks.Callback):
    """Tells how far the epoch is, and ends a training whose loss is no longer a number."""

    def __init__(
        self,
        writer: RunWriter,
        epoch: int,
        epochs: int,
        steps: int,
        on_progress: Listener | None,
    ) -> None:
        super().__init__()
        self.writer, self.on_progress = writer, on_progress
        self.epoch, self.epochs, self.steps = epoch, epochs, steps
        self.started = time.perf_counter()
        self.written = 0.0

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.trained = self.model.get_weights()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        now = time.perf_counter()
        if now - self.written < INTERVAL and batch + 1 < self.steps:
            return
        self.written = now
        # To read the loss is to wait for the step: done each time, it would keep a GPU idle
        # while the next step is prepared.
        loss = float((logs or {})["loss"])
        if not math.isfinite(loss):
            raise TrainingError(
                f"{self.writer.path.name}: the loss became {loss} in epoch {self.epoch}, by step "
                f"{batch + 1}; lower the learning rate and train again"
            )
        remaining = (self.epochs - self.epoch) * self.steps + self.steps - batch - 1
        # The first step compiles, so it says nothing about the others.
        left = (now - self.started) / batch * remaining if batch else None
        progress = TrainingProgress(self.epoch, self.epochs, batch + 1, self.steps, loss, left)
        write_progress(self.writer.path, vars(progress))
        if self.on_progress:
            self.on_progress(progress)
