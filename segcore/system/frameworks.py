"""Keras and TensorFlow as this project needs them, whichever module imports them first.

- What someone's `~/.keras/keras.json` says for their other projects does not hold here.
- What TensorFlow's libraries write to the terminal as they are loaded stays off it, unless
  TF_CPP_MIN_LOG_LEVEL asks for it. That variable alone silences them only once they are loaded.
"""

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

from segcore.errors import MissingPackageError

QUIET = "3"  # of TF_CPP_MIN_LOG_LEVEL: only what ends the process

CHATTER = re.compile(rb"^(WARNING: All log messages before absl|[IWE]\d{4} \d\d:\d\d:).*\n?", re.M)
"""Lines of information, warning and error in the format of Google's logging libraries."""


def set_up() -> None:
    """Sets what both read as they are imported, where the environment has not set it."""
    # So that the keras.json of someone's other projects does not decide; the variable itself may.
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", QUIET)
    # Of itself it takes oneDNN's kernels only on processors with AVX-512; with AVX2 alone a DANet
    # trains twice as fast with them (docs/speed.md).
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    # Our files are replaced, never changed in place, so HDF5 need not lock them; a file system that
    # has no locks would refuse it.
    os.environ.setdefault("HDF5_USE_FILE_LOCKING", "FALSE")
    if "keras" in sys.modules:
        _configure(sys.modules["keras"])
    sys.meta_path.insert(0, _Finder())


class _Finder(MetaPathFinder):
    """Has the two modules executed by the functions of `_EXECUTE`."""

    def find_spec(
        self, name: str, path: Any = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in _EXECUTE:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            execute, prepared = spec.loader.exec_module, _EXECUTE[name]
            spec.loader.exec_module = lambda module: prepared(execute, module)  # type: ignore
        return spec


def _execute_keras(execute: Callable[[ModuleType], None], module: ModuleType) -> None:
    try:
        execute(module)
    except ValueError as error:
        if "configuration" not in str(error):
            raise
        raise MissingPackageError(
            f"Keras cannot be loaded with your keras.json ({error}); mend or remove the file."
        ) from error
    _configure(module)


def _configure(keras: ModuleType) -> None:
    """What keras.json may have set otherwise, and no code of ours sets itself."""
    keras.config.set_image_data_format("channels_last")
    keras.config.set_floatx("float32")
    keras.config.set_epsilon(1e-7)


def _execute_tensorflow(execute: Callable[[ModuleType], None], module: ModuleType) -> None:
    if os.environ["TF_CPP_MIN_LOG_LEVEL"] != QUIET:
        execute(module)
        return
    with _without_chatter():
        execute(module)


@contextmanager
def _without_chatter() -> Iterator[None]:
    """Holds back what is written to standard error, by native code too, and leaves out chatter."""
    import tempfile

    try:
        terminal = os.dup(2)
    except OSError:  # it is closed
        yield
        return
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)
            held.seek(0)
            if rest := CHATTER.sub(b"", held.read()):
                os.write(2, rest)


_EXECUTE = {"keras": _execute_keras, "tensorflow": _execute_tensorflow}
