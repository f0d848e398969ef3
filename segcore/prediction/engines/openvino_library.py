"""Loading OpenVINO."""

import importlib
import sys
from pathlib import Path
from typing import Any

TELEMETRY = "openvino_telemetry"


def load_openvino() -> Any:
    """The module openvino, to be imported by nobody else. Raises ImportError.

    Importing it would tell Google Analytics so, unasked. And it would fork this process to do that:
    a product of matrices that NumPy computes meanwhile in another thread never ends
    (docs/speed.md).
    """
    sys.modules.setdefault(TELEMETRY, None)  # type: ignore[arg-type]  # as if not installed
    return importlib.import_module("openvino")


def read_network(core: Any, path: Path) -> Any:
    """The network in an .xml with its .bin beside it; read whole where no file can be mapped.

    Raises:
        RuntimeError: OpenVINO cannot read it.
    """
    try:
        return core.read_model(path)
    except RuntimeError:
        core.set_property({"ENABLE_MMAP": False})  # some network and FUSE file systems map no file
        return core.read_model(path)
