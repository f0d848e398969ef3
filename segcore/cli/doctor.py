"""What this machine has, what it lacks, and the command that fixes it."""

import argparse
import importlib.util
import os
import platform
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from segcore import runs, settings
from segcore.data.preparation import load_prepared
from segcore.errors import SegcoreError
from segcore.files.sizes import byte_size
from segcore.files.writing import free_bytes
from segcore.jobs import unreadable
from segcore.models import SPECS
from segcore.system import backend, devices

REQUIRED = ("tensorflow", "keras", "streamlit", "plotly", "pandas", "pillow", "numpy", "openvino")
FREE_SPACE_WANTED = 2 << 30


def add(commands: Any) -> None:
    """Adds the command to the program's parser."""
    doctor = commands.add_parser("doctor", help="what is here, what is missing and how to fix it")
    doctor.add_argument(
        "--move-away", action="store_true", help="move what cannot be read to a folder of its own"
    )
    doctor.set_defaults(command=_doctor, examines=True)


def _doctor(options: argparse.Namespace) -> None:
    examine(options.move_away)


def examine(move_away: bool = False) -> None:
    """Prints one line a finding, `ok` or `--` first; a `--` line ends with how to fix it.

    Args:
        move_away: what cannot be read goes to a folder of its own, so that nobody meets it again.

    Raises:
        StorageError: it cannot be moved.
    """
    _tell(True, f"Python {platform.python_version()} on {platform.system()} {platform.machine()}")
    for package in REQUIRED:
        _tell_package(package, "pip install -r requirements.txt")
    _tell_devices()
    for spec in SPECS.values():
        if spec.package is not None:
            _tell_package(*spec.package)
    _tell_package("tf2onnx", "pip install -r requirements-export.txt")
    _tell_artifacts()
    _tell_runs()
    _tell_unreadable(move_away)
    prepared = load_prepared("streets")
    _tell(
        prepared is not None,
        "streets is prepared" if prepared else "streets is not prepared yet",
        "python -m segcore prepare --data streets",
    )


def _tell(fine: bool, finding: str, remedy: str = "") -> None:
    print(f"ok  {finding}" if fine else f"--  {finding}" + (f"; {remedy}" if remedy else ""))


def _tell_package(name: str, remedy: str) -> None:
    if importlib.util.find_spec("PIL" if name == "pillow" else name) is None:
        _tell(False, f"{name} is not installed", remedy)
        return
    try:
        _tell(True, f"{name} {version(name)}")
    except PackageNotFoundError:
        _tell(True, f"{name} (from a folder on PYTHONPATH)")


def _tell_devices() -> None:
    if importlib.util.find_spec("keras") is None:
        return
    try:
        backend.check_backend()
    except SegcoreError as error:
        _tell(False, str(error))
        return
    import keras

    gpus = devices.gpus()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    _tell(True, f"device: {len(gpus)} GPU, {cores} CPU cores, Keras on {keras.backend.backend()}")
    if not gpus and _has_nvidia_card():
        _tell(False, "a GPU that TensorFlow does not see", "pip install -r requirements-gpu.txt")


def _has_nvidia_card() -> bool:
    tool = shutil.which("nvidia-smi")
    return tool is not None and subprocess.run([tool, "-L"], capture_output=True).returncode == 0


def _tell_artifacts() -> None:
    folder = settings.artifacts_dir()
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    free = free_bytes(folder)
    _tell(
        free > FREE_SPACE_WANTED,
        f"artifacts in {folder}, {byte_size(free)} free",
        "free some space, or set SEGCORE_ARTIFACTS to a folder on a larger disk",
    )
    _tell(
        os.access(existing, os.W_OK),
        f"artifacts can{'' if os.access(existing, os.W_OK) else 'not'} be written",
        f"check the permissions of {existing}",
    )


def _tell_runs() -> None:
    found = runs.list_runs()
    remedy = "python -m segcore train --recipe quick-unet --data streets"
    _tell(bool(found), f"{len(found)} runs", remedy)
    for run in found:
        if run.status != "finished" or run.is_imported:
            continue
        try:
            runs.verified_weights(run)
        except SegcoreError as error:
            _tell(False, str(error), f"or delete {run.path}")


def _tell_unreadable(move_away: bool) -> None:
    found = unreadable.find_unreadable()
    for one in found:
        print(f"--  {one.problem}")
    if found and move_away:
        place = unreadable.move_away(found)
        _tell(True, f"what can be moved is now in {place}" if place else "nothing can be moved")
    elif found:
        _tell(False, f"{len(found)} cannot be read", "python -m segcore doctor --move-away")
