"""Where the results of a run lie: the files of its evaluations and of its robustness.

They are named KIND-DATASET-SPLIT-DIGEST.npz, with the report as .json beside it; DIGEST is the
beginning of the data's, so that two data sets of one layout never overwrite each other. Results of
before are named without it: what data they are of is read in them.

A run's results lie in its folder. The folder of a shipped run belongs to the program: what is found
out about it here lies in artifacts/scores/RUN instead.
"""

import re
import shutil
from pathlib import Path

from segcore import settings
from segcore.data.known_data_sets import STREETS
from segcore.errors import UnreadableError
from segcore.files.reading import read_json
from segcore.files.writing import storage_error
from segcore.runs.records import StoredReport
from segcore.runs.run import Run

DIGITS = 12
"""Digits of the digest in a file's name."""

_NAME = re.compile(
    r"(?P<kind>evaluation|robustness)-(?P<dataset>.+)-(?P<split>train|val|test)"
    rf"(-(?P<digest>[0-9a-f]{{{DIGITS}}}))?(?P<augmented>-augmented)?\.npz"
)


def result_folders(run: Run) -> tuple[Path, ...]:
    """Folders to look in; results made here come first."""
    return (settings.scores_dir() / run.name, run.path) if run.is_shipped else (run.path,)


def result_files(
    run: Run, kind: str, split: str, digest: str | None = None, *, augmented: bool = False
) -> list[Path]:
    """The run's results of that kind and split: all, or those that may be of a digest."""
    found = []
    for folder in result_folders(run):
        for path in sorted(folder.glob(f"{kind}-*.npz")):
            name = _NAME.fullmatch(path.name)
            if name is None or name["split"] != split or bool(name["augmented"]) != augmented:
                continue
            if digest is None or name["digest"] in (None, digest[:DIGITS]):
                found.append(path)
    return found


def new_result_file(
    run: Run, kind: str, dataset: str, split: str, digest: str, *, augmented: bool = False
) -> Path:
    """The file that a new result goes to, in a folder that is there.

    Raises StorageError where that cannot be made.
    """
    folder = result_folders(run)[0]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error(folder.parent, error) from error
    suffix = "-augmented" if augmented else ""
    return folder / f"{kind}-{dataset}-{split}-{digest[:DIGITS]}{suffix}.npz"


def adopt_results(run: Run, split: str, digest: str) -> None:
    """Moves what was found out about a shipped run into its own folder, in place of older results.

    Raises StorageError.
    """
    made_here, own = result_folders(run)[0], run.path
    if made_here == own:
        return
    try:
        for kind in ("evaluation", "robustness"):
            for path in made_here.glob(f"{kind}-*-{split}-{digest[:DIGITS]}.npz"):
                for older in result_files(run, kind, split):
                    if older.parent == own and _takes_the_place_of(path, older, digest):
                        older.unlink()
                        older.with_suffix(".json").unlink()
                for file in (path, path.with_suffix(".json")):
                    shutil.move(file, own / file.name)
    except OSError as error:
        raise storage_error(own, error) from error


def _takes_the_place_of(path: Path, older: Path, digest: str) -> bool:
    """Whether both are of the same data: of that digest, or the built-in scenes, of which a program
    renders one version only."""
    datasets = {name["dataset"] for file in (path, older) if (name := _NAME.fullmatch(file.name))}
    if datasets == {STREETS}:
        return True
    try:
        return read_json(older.with_suffix(".json"), StoredReport).data_sha256 == digest
    except UnreadableError:
        return False
