"""Pictures and masks as PNG, without loss."""

import io
import os
from pathlib import Path

import numpy as np
from PIL import Image

from segcore.errors import StorageError


def encode_png(array: np.ndarray) -> bytes:
    """PNG of (H, W) or (H, W, 3) uint8."""
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, "PNG")
    return buffer.getvalue()


def write_mask(path: Path, mask: np.ndarray) -> None:
    """Writes (H, W) uint8 label ids as a grey PNG, whole or not at all. Raises StorageError."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(encode_png(mask))
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise StorageError(f"{path} cannot be written ({error.strerror}).") from error
