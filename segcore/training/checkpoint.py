"""The state of a training as files of its run, and back."""

import io
from pathlib import Path

import keras
import numpy as np

from segcore.files.writing import storage_error
from segcore.runs import Run, verified_file
from segcore.runs.weight_files import load_weights


def weights_bytes(model: keras.Model, folder: Path) -> bytes:
    """The file of a model's weights; written to the run's folder for a moment.

    Raises StorageError.
    """
    path = folder / ".saving.weights.h5"
    try:
        model.save_weights(path)
        return path.read_bytes()
    except OSError as error:
        raise storage_error(folder, error) from error
    finally:
        path.unlink(missing_ok=True)


def optimizer_bytes(optimizer: keras.Optimizer) -> bytes:
    """optimizer.npz: its variables by their number."""
    file = io.BytesIO()
    arrays = {str(i): keras.ops.convert_to_numpy(v) for i, v in enumerate(optimizer.variables)}
    np.savez(file, allow_pickle=False, **arrays)
    return file.getvalue()


def restore(run: Run, network: keras.Model, optimizer: keras.Optimizer) -> None:
    """Puts the last epoch's weights and the optimizer's state back. Raises RunError."""
    load_weights(network, run, "last")
    with np.load(verified_file(run, "optimizer.npz"), allow_pickle=False) as state:
        for index, variable in enumerate(optimizer.variables):
            variable.assign(state[str(index)])
