"""The devices that networks run on: which there are, and what they are called.

A backend is imported only when it is asked.
"""

import ctypes
import importlib.util
import os
import platform
from pathlib import Path

from segcore.files.sizes import byte_size

CPU_INFO = Path("/proc/cpuinfo")
DEVICES = Path("/dev")
NVIDIA_FILES = ("nvidia[0-9]*", "dxg")
"""Made by NVIDIA's driver; in WSL there is Windows' own instead."""

CUDA_PACKAGES, CUDA_LIBRARY = "nvidia", "libcudart.so.12"
"""What PyPI's CUDA libraries are installed in, and the one to look for in the system's."""

AMD_FILE, ROCM = "kfd", Path("/opt/rocm")


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
    return ", ".join(name for name, _ in gpu_details())


def processor() -> str:
    """The processor in words, asked of no backend."""
    return f"CPU ({cpu_info('model name') or platform.machine()})"


def may_have_gpu() -> bool:
    """Whether it is worth asking a backend for GPUs; imports none.

    Many a laptop has one, and its driver, without the libraries that a backend computes with.
    """
    nvidia = any(True for pattern in NVIDIA_FILES for _ in DEVICES.glob(pattern))
    return (nvidia and _has_cuda()) or ((DEVICES / AMD_FILE).exists() and ROCM.exists())


def machine(device: str) -> str:
    """The machine in words: the device that networks run on, cores, memory."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return f"{device}, {cores} CPU cores, {byte_size(total)}"


def _has_cuda() -> bool:
    if importlib.util.find_spec(CUDA_PACKAGES) is not None:
        return True
    try:
        ctypes.CDLL(CUDA_LIBRARY)
    except OSError:
        return False
    return True


def gpu_details() -> list[tuple[str, tuple[int, int]]]:
    """Name of each GPU, such as "NVIDIA H100 80GB HBM3", and its compute capability."""
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


def cpu_info(key: str) -> str:
    """The processor's entry in Linux' list of them; empty where there is none."""
    try:
        lines = CPU_INFO.read_text().splitlines()
    except OSError:
        return ""
    found = (line.partition(":") for line in lines)
    return next((value.strip() for name, _, value in found if name.strip() == key), "")
