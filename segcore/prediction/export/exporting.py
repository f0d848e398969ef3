"""Exports a run's network: converted, checked against Keras, packed into a ZIP file."""

import io
import tempfile
import zipfile
from dataclasses import asdict
from pathlib import Path

from segcore.errors import MissingPackageError, RunError, StorageError
from segcore.files.writing import is_full, storage_error, to_json, write_atomically
from segcore.prediction.export.agreement import Agreement, agreement
from segcore.prediction.export.formats import FORMATS, OUTPUTS
from segcore.prediction.export.instructions import classes, example, readme
from segcore.runs import Run


def export_network(
    run: Run, name: str, target: Path, outputs: tuple[str, ...] = OUTPUTS
) -> Agreement:
    """Writes the network as a ZIP file, with a README, an example and its classes.

    Takes a minute and up to 2 GB of memory.

    Args:
        name: one of `FORMATS`.
        outputs: what the network gives, of `OUTPUTS`.

    Returns:
        How far it agrees with Keras.

    Raises:
        RunError: no weights, it cannot be converted, or it does not agree with Keras.
        RecipeError, MissingPackageError: Keras cannot build the network here.
        StorageError: `target` cannot be written, or the disk for temporary files is full.
    """
    if not target.parent.is_dir():
        raise RunError(f"{target.parent}: no such folder; make it first")
    run.require_training("be exported")
    kind = FORMATS[name]
    try:
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / kind.file
            found = _convert(run, name, path, outputs)
            if not found.holds:
                raise RunError(
                    f"{run.name}: as {kind.title} it is not what Keras computes: {found}; "
                    "export it in another format"
                )
            packed = _packed(run, name, path, outputs, found)
    except OSError as error:
        raise storage_error(Path(tempfile.gettempdir()), error) from error
    write_atomically(target, packed)
    return found


def _convert(run: Run, name: str, path: Path, outputs: tuple[str, ...]) -> Agreement:
    import keras

    from segcore.prediction.engines.keras_engine import KerasEngine
    from segcore.prediction.export.exported_network import exported_network

    kind = FORMATS[name]
    if keras.backend.backend() != "tensorflow":
        raise RunError(f"{run.name}: is exported by TensorFlow; set KERAS_BACKEND=tensorflow")
    reference = KerasEngine(run, run.preprocessing.input_size)
    try:
        kind.write(exported_network(run, outputs, kind.batch), path)
        return agreement(kind.load(path), reference, run.preprocessing)
    except ImportError as error:
        raise MissingPackageError(
            f"{kind.title} needs {error.name}, which is not installed: "
            "pip install -r requirements-export.txt"
        ) from error
    except (ValueError, TypeError, KeyError, RuntimeError) as error:
        if is_full(path.parent):  # which says nothing of the network
            raise StorageError(
                f"{path.parent.parent}: no room left on the disk; free some space and try again"
            ) from error
        said = next((line.strip() for line in str(error).splitlines() if line.strip()), repr(error))
        raise RunError(
            f"{run.name}: cannot be converted to {kind.title} ({said}); export it in another format"
        ) from error


def _packed(run: Run, name: str, path: Path, outputs: tuple[str, ...], found: Agreement) -> bytes:
    """The ZIP file; all lies in one folder, named after the run and the format."""
    folder = f"{run.name}-{name}"
    texts = {
        "README.md": readme(run, name, outputs, found).encode(),
        "example.py": example(name, run.preprocessing, outputs).encode(),
        "classes.json": to_json(classes(run.label_space)),
        "check.json": to_json(asdict(found)),
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for text, content in texts.items():
            archive.writestr(f"{folder}/{text}", content)
        for file in _files(path):
            archive.write(file, f"{folder}/{file.relative_to(path.parent).as_posix()}")
    return buffer.getvalue()


def _files(path: Path) -> list[Path]:
    """The network's files: its whole folder, or the file and what lies beside it under the same
    name."""
    inside = path.rglob("*") if path.is_dir() else path.parent.glob(f"{path.stem}.*")
    return sorted(file for file in inside if file.is_file())
