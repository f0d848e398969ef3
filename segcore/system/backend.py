"""Keras' backend: whether it can be used, and how it compiles a network."""

import importlib.util
import os

from segcore.errors import MissingPackageError
from segcore.system import devices

BACKENDS = ("tensorflow", "jax")


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


def compiles_with_xla() -> bool:
    """On a GPU. On a CPU it gains little for a U-Net, and a DANet compiles for 4 minutes; but JAX
    without it would run each operation on its own."""
    import keras

    return bool(devices.gpus()) or keras.backend.backend() == "jax"
