"""Loading OpenVINO."""

import importlib
import sys
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
