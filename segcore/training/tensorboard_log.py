"""Curves for other tools: `tensorboard --logdir artifacts/runs` shows what our pages show."""

import time
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter


class EventLog:
    """TensorBoard event files of one run, written without TensorFlow."""

    def __init__(self, folder: Path) -> None:
        self.writer = EventFileWriter(str(folder))

    def add(self, epoch: int, row: dict[str, float]) -> None:
        """Adds a row of history.csv, each column a scalar."""
        values = [
            Summary.Value(tag=name, simple_value=value)
            for name, value in row.items()
            if name != "epoch"
        ]
        event = Event(wall_time=time.time(), step=epoch, summary=Summary(value=values))
        self.writer.add_event(event)
        self.writer.flush()

    def close(self) -> None:
        self.writer.close()
