"""The files that a run's manifest names, handed out only as its hashes have them."""

from pathlib import Path

from segcore.errors import RunError
from segcore.files.writing import sha256
from segcore.runs.kinds import MAIN_FILE
from segcore.runs.run import PENDING, Run


def verified_weights(run: Run, which: str = "best") -> Path:
    """The file of the run's `best` or `last` weights, its hash checked against the manifest.

    Of a run that was not trained here the best is the file that its predictions come from.

    Raises:
        RunError: there are none yet, the file is missing, truncated or not the one it should be.
    """
    return verified_file(run, MAIN_FILE[run.kind] if which == "best" else f"{which}.weights.h5")


def verified_file(run: Run, name: str) -> Path:
    """A file that the manifest names, rolled forward to its next.NAME after a crash.

    Raises:
        RunError: as `verified_weights`.
    """
    entry = run.manifest.weights.get(name)
    if entry is None:
        raise RunError(f"{run.name}: has no {name} yet; let it finish an epoch first")
    candidates = (run.path / name, run.path / (PENDING + name))
    for path in candidates:
        if not path.is_file() or path.stat().st_size != entry.bytes:
            continue
        if sha256(path) == entry.sha256:
            return path
    problem = "does not match its hash in run.json" if candidates[0].exists() else "is missing"
    raise RunError(f"{run.name}: {name} {problem}; restore the file or train the run again")
