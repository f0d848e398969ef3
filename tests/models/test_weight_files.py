"""Hostile files of weights, their hash the manifest's: refused, nothing touched."""

import pickle
import resource
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from segcore.errors import RunError
from segcore.files.writing import sha256, to_json
from segcore.jobs.unreadable import problems_of
from segcore.models.weight_files import (
    UnsafeWeightsError,
    require_plain,
    require_plain_apart,
)
from segcore.prediction.loading import load_predictor
from segcore.runs.archives import import_run
from segcore.runs.weights import load_weights
from segcore.runs.writer import RunWriter
from tests.factories.fake_runs import make_run

KERNEL = "layers/conv2d/vars/0"


def replaced(path: Path, **dataset: object) -> None:
    """Puts another dataset in the first kernel's place."""
    with h5py.File(path, "a") as file:
        del file[KERNEL]
        file.create_dataset(KERNEL, **dataset)


def external_link(path: Path) -> None:
    with h5py.File(path, "a") as file:
        del file["layers"]
        file["layers"] = h5py.ExternalLink(str(path.with_name("elsewhere.h5")), "/layers")


def soft_link(path: Path) -> None:
    with h5py.File(path, "a") as file:
        file.move(KERNEL, "aside")
        file[KERNEL] = h5py.SoftLink("/aside")


def external_storage(path: Path) -> None:
    secret = path.with_name("secret.bin")
    secret.write_bytes(bytes(4000))
    replaced(path, shape=(3, 3, 3, 4), dtype="f4", external=[(str(secret), 0, 432)])


def virtual_dataset(path: Path) -> None:
    layout = h5py.VirtualLayout((3, 3, 3, 4), "f4")
    layout[:] = h5py.VirtualSource(str(path.with_name("elsewhere.h5")), "kernel", (3, 3, 3, 4))
    with h5py.File(path, "a") as file:
        del file[KERNEL]
        file.create_virtual_dataset(KERNEL, layout)


def huge_shape(path: Path) -> None:
    replaced(path, shape=(1 << 20, 1 << 20), dtype="f8")


def compression_bomb(path: Path) -> None:
    replaced(path, data=np.zeros((1 << 11, 1 << 11), np.float32), compression="gzip")


def linked_in_a_circle(path: Path) -> None:
    with h5py.File(path, "a") as file:
        file["layers/again"] = file["layers"]


def reference(path: Path) -> None:
    with h5py.File(path, "a") as file:
        target = file["layers"].ref
        del file[KERNEL]
        file.create_dataset(KERNEL, data=target, dtype=h5py.ref_dtype)


def pickle_in_an_array(path: Path) -> None:
    replaced(path, data=np.void(pickle.dumps({"code": print})))


def pickle_in_an_attribute(path: Path) -> None:
    with h5py.File(path, "a") as file:
        file["layers"].attrs["state"] = np.void(pickle.dumps({"code": print}))


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def pickle_file(path: Path) -> None:
    path.write_bytes(pickle.dumps({"code": print}))


def zip_bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.weights.h5", bytes(100_000_000))


HOSTILE: tuple[Callable[[Path], None], ...] = (
    external_link,
    soft_link,
    external_storage,
    virtual_dataset,
    huge_shape,
    compression_bomb,
    linked_in_a_circle,
    reference,
    pickle_in_an_array,
    pickle_in_an_attribute,
    truncated,
    pickle_file,
    zip_bomb,
)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A whole file of weights of the small U-Net."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEGCORE_ARTIFACTS", str(tmp_path_factory.mktemp("whole")))
        return (make_run().path / "best.weights.h5").read_bytes()


@pytest.fixture
def whole(weights: bytes, tmp_path: Path) -> Path:
    path = tmp_path / "best.weights.h5"
    path.write_bytes(weights)
    return path


def test_what_training_writes_is_plain(whole: Path) -> None:
    require_plain(whole)


@pytest.mark.parametrize("spoil", HOSTILE, ids=lambda spoil: spoil.__name__)
def test_a_hostile_file_is_refused_in_one_line(
    spoil: Callable[[Path], None], whole: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    spoil(whole)
    around = {path: path.read_bytes() for path in whole.parent.rglob("*") if path.is_file()}
    with pytest.raises(UnsafeWeightsError) as refused:
        require_plain(whole)
    assert str(whole) in str(refused.value)
    assert "\n" not in str(refused.value)
    assert around == {path: path.read_bytes() for path in whole.parent.rglob("*") if path.is_file()}
    assert capfd.readouterr().out == ""


def test_a_file_from_elsewhere_is_opened_in_a_process_that_is_thrown_away(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_plain_apart(whole)
    truncated = tmp_path / "truncated.h5"
    truncated.write_bytes(whole.read_bytes()[:-100])
    with pytest.raises(UnsafeWeightsError, match="is no whole HDF5 file"):
        require_plain_apart(truncated)
    external_link(whole)
    with pytest.raises(UnsafeWeightsError, match="is a link to another place"):
        require_plain_apart(whole)
    dies = tmp_path / "dies"  # as the library does at a file that overflows it
    dies.write_text("#!/bin/sh\nkill -SEGV $$\n")
    dies.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(dies))
    with pytest.raises(UnsafeWeightsError, match="is no whole HDF5 file"):
        require_plain_apart(whole)


def test_refusing_takes_little_memory_and_time(weights: bytes, tmp_path: Path) -> None:
    """All of them in a process that may hold 1 GB, numpy and all, and compute for 5 s each."""
    paths = []
    for spoil in HOSTILE:
        paths.append(tmp_path / f"{spoil.__name__}.weights.h5")
        paths[-1].write_bytes(weights)
        spoil(paths[-1])
    code = (
        "import sys; from pathlib import Path\n"
        "from segcore.models.weight_files import UnsafeWeightsError, require_plain\n"
        "for path in sys.argv[1:]:\n"
        "    try: require_plain(Path(path))\n"
        "    except UnsafeWeightsError: print('refused')\n"
    )

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
        resource.setrlimit(resource.RLIMIT_CPU, (5 * len(HOSTILE), 5 * len(HOSTILE)))

    command = [sys.executable, "-c", code, *map(str, paths)]
    result = subprocess.run(command, capture_output=True, text=True, preexec_fn=limit)
    assert result.stdout.split() == ["refused"] * len(HOSTILE), result.stderr


def spoiled_run(spoil: Callable[[Path], None]) -> RunWriter:
    """A run whose manifest names the hash of the spoiled file."""
    run = make_run()
    path = run.path / "best.weights.h5"
    spoil(path)
    entry = {"sha256": sha256(path), "bytes": path.stat().st_size}
    writer = RunWriter.reopen(run)
    writer.save_manifest(weights={"best.weights.h5": entry})
    return writer


def test_a_run_with_such_weights_is_not_loaded() -> None:
    with pytest.raises(UnsafeWeightsError, match="link to another place"):
        load_predictor(spoiled_run(external_link).run())


def test_weights_of_other_shapes_are_refused() -> None:
    def wider(path: Path) -> None:
        replaced(path, data=np.zeros((3, 3, 3, 5), np.float32))

    with pytest.raises(RunError, match="does not fit"):
        load_predictor(spoiled_run(wider).run())


def test_an_archive_with_such_weights_leaves_nothing(tmp_path: Path, artifacts: Path) -> None:
    writer = spoiled_run(external_link)
    name = writer.path.name
    with zipfile.ZipFile(tmp_path / "run.zip", "w") as archive:
        archive.writestr(f"{name}/run.json", to_json(writer.record))
        archive.write(writer.path / "best.weights.h5", f"{name}/best.weights.h5")
    for path in writer.path.iterdir():
        path.rmdir() if path.is_dir() else path.unlink()
    writer.path.rmdir()
    with pytest.raises(UnsafeWeightsError):
        import_run(tmp_path / "run.zip", problems_of)
    assert not list(artifacts.glob("runs/*"))


def test_half_precision_is_cast_to_the_layers_own() -> None:
    import keras

    from segcore.models import build_model

    run = make_run(half_precision=True)
    model = build_model("unet", input_size=None, width=4, depth=2)
    load_weights(model, run)
    assert {keras.backend.standardize_dtype(v.dtype) for v in model.weights} == {"float32"}
