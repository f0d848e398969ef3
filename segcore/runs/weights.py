"""The weights of a run, put into the network that was built for it."""

import warnings
from typing import TYPE_CHECKING

from segcore.errors import RunError
from segcore.models.weight_files import require_plain
from segcore.runs.run import Run
from segcore.runs.verified_files import verified_weights

if TYPE_CHECKING:
    import keras


def load_weights(model: "keras.Model", run: Run, which: str = "best") -> None:
    """Puts the run's `best` or `last` weights into the network built for it.

    Half precision on disk is cast to the layers' own.

    Raises:
        RunError: missing, damaged, not plain, or of another network.
    """
    path = verified_weights(run, which)
    require_plain(path)
    try:
        with warnings.catch_warnings(action="ignore"):  # the error below says it in one line
            model.load_weights(path)
    except (ValueError, KeyError, OSError) as error:
        raise RunError(
            f"{run.name}: {path.name} does not fit the network in its run.json; train it again"
        ) from error
