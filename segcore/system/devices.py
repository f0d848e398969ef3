"""The devices that networks run on: which there are, what they compute fast, and using all of them.

The one place that asks a backend itself, and imports it only when asked.
"""

import contextlib
import ctypes
import importlib.util
import os
import platform
from collections.abc import Iterator
from pathlib import Path

from segcore.errors import MissingPackageError
from segcore.files.sizes import byte_size

BACKENDS = ("tensorflow", "jax")
CPU_INFO = Path("/proc/cpuinfo")
BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16"}
DEVICES = Path("/dev")
NVIDIA_FILES = ("nvidia[0-9]*", "dxg")
"""Made by NVIDIA's driver; in WSL there is Windows' own instead."""

CUDA_PACKAGES, CUDA_LIBRARY = "nvidia", "libcudart.so.12"
"""What PyPI's CUDA libraries are installed in, and the one to look for in the system's."""

AMD_FILE, ROCM = "kfd", Path("/opt/rocm")

BFLOAT16_CAPABILITY = (8, 0)
"""CUDA compute capability from which NVIDIA's chips compute in bfloat16 (Ampere)."""


def check_backend() -> None:
    """Whether Keras' backend can be used here, without importing it.

    Raises:
        MissingPackageError: KERAS_BACKEND names a backend that is not installed or not used here.
    """
    name = os.environ["KERAS_BACKEND"]
    if name not in BACKENDS:
        usable = " or ".join(BACKENDS)
        raise MissingPackageError(f"KERAS_BACKEND is {name!r}: set it to {usable}, or unset it.")
    if importlib.util.find_spec(name) is None:
        raise MissingPackageError(f"Keras' backend {name} is not installed: pip install {name}.")


def gpus() -> list[str]:
    """The GPUs that Keras' backend sees, such as ["gpu:0"]."""
    import keras

    try:
        return list(keras.distribution.list_devices("gpu"))
    except RuntimeError:  # JAX, asked for a kind of device of which there is none
        return []


def device() -> str:
    """Where networks run, in words: the GPUs, or the processor."""
    if not gpus():
        return processor()
    return ", ".join(name for name, _ in _gpu_details())


def processor() -> str:
    """The processor in words, asked of no backend."""
    return f"CPU ({_cpu_info('model name') or platform.machine()})"


def may_have_gpu() -> bool:
    """Whether it is worth asking a backend for GPUs; imports none.

    Many a laptop has one, and its driver, without the libraries that a backend computes with.
    """
    nvidia = any(True for pattern in NVIDIA_FILES for _ in DEVICES.glob(pattern))
    return (nvidia and _has_cuda()) or ((DEVICES / AMD_FILE).exists() and ROCM.exists())


def processor_precisions() -> tuple[str, ...]:
    """What networks may be computed in on the processor, fastest first."""
    return ("bf16", "f32") if _processor_has_bfloat16() else ("f32",)


def machine(device: str) -> str:
    """The machine in words: the device that networks run on, cores, memory."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return f"{device}, {cores} CPU cores, {byte_size(total)}"


def precision(*, depthwise: bool) -> str:
    """Policy of a training: bfloat16, which needs no loss scaling, where the device has it.

    Not for depthwise convolutions on a processor: there they are slower in it, the gradients of
    their filters two to four times (docs/speed.md).
    """
    if depthwise and not gpus():
        return "float32"
    return "mixed_bfloat16" if has_bfloat16() else "float32"


def has_bfloat16() -> bool:
    """Whether the device computes in bfloat16; emulating it is ten times slower than float32."""
    if not gpus():
        return _processor_has_bfloat16()
    return all(capability >= BFLOAT16_CAPABILITY for _, capability in _gpu_details())


def compiles_with_xla() -> bool:
    """On a GPU. On a CPU it gains little for a U-Net, and a DANet compiles for 4 minutes; but JAX
    without it would run each operation on its own."""
    import keras

    return bool(gpus()) or keras.backend.backend() == "jax"


def replicas(batch_size: int) -> int:
    """How many of the GPUs share a batch of that size evenly; 1 without a GPU."""
    return max(n for n in range(1, max(1, len(gpus())) + 1) if batch_size % n == 0)


@contextlib.contextmanager
def shared_by(count: int) -> Iterator[None]:
    """Networks built inside are copied to `count` GPUs, which share each batch (data parallel)."""
    import keras

    if count == 1:
        yield
    elif keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        with tf.distribute.MirroredStrategy(gpus()[:count]).scope():
            yield
    else:
        devices = keras.distribution.DataParallel(devices=gpus()[:count])
        with devices.scope():
            yield


def _has_cuda() -> bool:
    if importlib.util.find_spec(CUDA_PACKAGES) is not None:
        return True
    try:
        ctypes.CDLL(CUDA_LIBRARY)
    except OSError:
        return False
    return True


def _processor_has_bfloat16() -> bool:
    return bool(BFLOAT16_FLAGS & set(_cpu_info("flags").split()))


# --- the backends --------------------------------------------------------------------------------


def _gpu_details() -> list[tuple[str, tuple[int, int]]]:
    """Of each GPU its maker's name, such as "NVIDIA H100 80GB HBM3", and its compute capability."""
    import keras

    if keras.backend.backend() == "jax":
        import jax

        chips = jax.devices("gpu")
        versions = [str(chip.compute_capability).split(".") for chip in chips]
        return [
            (str(chip.device_kind), (int(major), int(minor)))
            for chip, (major, minor) in zip(chips, versions, strict=True)
        ]
    import tensorflow as tf

    found = tf.config.list_physical_devices("GPU")
    details = [tf.config.experimental.get_device_details(gpu) for gpu in found]
    return [(d.get("device_name", "GPU"), d.get("compute_capability", (0, 0))) for d in details]


def _cpu_info(key: str) -> str:
    """The processor's entry in Linux' list of them; empty where there is none."""
    try:
        lines = CPU_INFO.read_text().splitlines()
    except OSError:
        return ""
    found = (line.partition(":") for line in lines)
    return next((value.strip() for name, _, value in found if name.strip() == key), "")
