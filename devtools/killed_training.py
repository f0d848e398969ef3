"""A training that kills itself at a chosen point of a save, for kills.py.

    python killed_training.py RUN|- SPEC POINT NTH

Says `run NAME` and `committed EPOCH` on standard output.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from segcore import runs
from segcore.files import writing
from segcore.recipes import Recipe
from segcore.runs import writer as run_writer
from segcore.training import session

SMALL = Recipe(
    name="small",
    model="unet",
    summary="for kills.py",
    model_options={"width": 4, "depth": 2},
    size=(48, 64),
    crop=(32, 32),
    epochs=100_000,  # never reached
    batch_size=4,
    optimizer="adamw",
    learning_rate=3e-3,
    ema=0.9,
)


class Countdown:
    """Kills this process when it has been passed `nth` times."""

    def __init__(self, nth: int) -> None:
        self.left = nth

    def is_over(self) -> bool:
        self.left -= 1
        return self.left <= 0


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def arm(point: str, nth: int) -> None:
    """Puts the kill into the functions that every save goes through."""
    countdown = Countdown(nth)
    write, flush, rename = writing.write_flushed, os.fsync, os.replace

    def half_write(path: Path, data: bytes) -> None:
        if countdown.is_over():
            path.write_bytes(data[: len(data) // 2])
            kill()
        write(path, data)

    def killed_flush(handle: int) -> None:
        if countdown.is_over():
            kill()
        flush(handle)

    def killed_rename(source: Any, target: Any) -> None:
        if Path(target).name == "progress.json":  # not part of a save
            return rename(source, target)
        if point == "after rename":
            rename(source, target)
        if countdown.is_over():
            kill()
        if point == "before rename":
            rename(source, target)

    if point == "half written":
        writing.write_flushed = run_writer.write_flushed = half_write
    elif point == "before flush":
        os.fsync = killed_flush
    else:
        os.replace = killed_rename


def main() -> None:
    name, spec, point, nth = sys.argv[1:]
    commit = run_writer.RunWriter.commit_epoch

    def told(writer: run_writer.RunWriter, *args: Any, **changes: Any) -> None:
        commit(writer, *args, **changes)
        print("committed", changes["epochs"], flush=True)

    def start(run: runs.Run) -> None:
        print("run", run.name, flush=True)
        if point != "any moment":
            arm(point, int(nth))

    run_writer.RunWriter.commit_epoch = told  # type: ignore[method-assign]
    if name == "-":
        session.train(SMALL, spec, on_start=start)
    else:
        session.resume(name, on_start=start)


if __name__ == "__main__":
    main()
