"""The most memory that this process, or a GPU for it, has taken."""

import contextlib
from pathlib import Path

from segcore.system.devices import gpus

STATUS, CLEAR_REFS = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def forget_peak_memory() -> None:
    """Lets `peak_memory` begin again, where the system can."""
    with contextlib.suppress(OSError):
        CLEAR_REFS.write_text("5")
    if _counts_gpu_memory():
        import tensorflow as tf

        tf.config.experimental.reset_memory_stats("GPU:0")


def peak_memory() -> int | None:
    """Bytes: of the first GPU, else of this process; None where nobody counts them."""
    if _counts_gpu_memory():
        import tensorflow as tf

        return int(tf.config.experimental.get_memory_info("GPU:0")["peak"])
    try:
        lines = STATUS.read_text().splitlines()
    except OSError:
        return None
    found = [line.split() for line in lines if line.startswith("VmHWM:")]
    return int(found[0][1]) * 1024 if found else None


def _counts_gpu_memory() -> bool:
    import keras

    return bool(gpus()) and keras.backend.backend() == "tensorflow"
