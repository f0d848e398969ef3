"""What a run's predictions come from, and the file of its folder that holds that."""

from typing import Literal

Kind = Literal["trained", "masks", "onnx"]
"""A training of ours; predictions that another program made; a network from elsewhere."""

MAIN_FILE: dict[Kind, str] = {
    "trained": "best.weights.h5",
    "masks": "masks.zip",
    "onnx": "model.onnx",
}
"""Its hash is the identity of what is scored."""
