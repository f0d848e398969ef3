"""What a training or an evaluation ran on, as run.json names it, and what that is good for."""

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from segcore import settings

PACKAGES = ("tensorflow", "jax", "keras", "numpy", "pillow")


def gpus() -> list[str]:
    """The GPUs that Keras' backend sees, such as ["gpu:0"]."""
    import keras

    return list(keras.distribution.list_devices("gpu"))


def device() -> str:
    """Where networks run, in words: the GPUs, or the processor."""
    return ", ".join(gpus()) or f"CPU ({_processor()})"


def _processor() -> str:
    """The processor's name; Python knows it on some systems only."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def precision() -> str:
    """Policy of a training: bfloat16 on a GPU, which computes it fast; it needs no loss scaling."""
    return "mixed_bfloat16" if gpus() else "float32"


def compiles_with_xla() -> bool:
    """On a GPU. On a CPU it gains little for a U-Net, and a DANet compiles for 4 minutes."""
    return bool(gpus())


def versions() -> dict[str, str]:
    """Python and the packages that decide a result, those that are installed."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def commit() -> str | None:
    """The commit of this checkout; None outside of one."""
    try:
        result = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=settings.ROOT, capture_output=True, text=True
        )
    except FileNotFoundError:  # no git on this machine
        return None
    return result.stdout.strip() if result.returncode == 0 else None
