"""The state of a training as files of its run, and back."""

import io
import math
from pathlib import Path

import keras
import numpy as np

from segcore.errors import RunError, UnreadableError
from segcore.files.array_files import ArrayOf, Limits, read_arrays
from segcore.files.writing import storage_error
from segcore.runs import Run, verified_file
from segcore.runs.weights import load_weights

OPTIMIZER = "optimizer.npz"


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
    """The file of its variables by their number."""
    file = io.BytesIO()
    arrays = {str(i): keras.ops.convert_to_numpy(v) for i, v in enumerate(optimizer.variables)}
    np.savez(file, allow_pickle=False, **arrays)
    return file.getvalue()


def restore(run: Run, network: keras.Model, optimizer: keras.Optimizer) -> None:
    """Puts the last epoch's weights and the optimizer's state back. Raises RunError."""
    load_weights(network, run, "last")
    variables = {str(index): variable for index, variable in enumerate(optimizer.variables)}
    schema = {name: ArrayOf("state", tuple(variable.shape)) for name, variable in variables.items()}
    # Eight bytes for each value and a header for each variable, in an archive that packs nothing.
    most = sum(8 * math.prod(variable.shape) + 1024 for variable in variables.values())
    try:
        state = read_arrays(verified_file(run, OPTIMIZER), schema, Limits(most, most))
    except UnreadableError as error:
        raise RunError(f"{run.name}: {OPTIMIZER} {error}; train a new run instead") from error
    for name, variable in variables.items():
        variable.assign(state[name])
