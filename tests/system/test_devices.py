"""What a training makes of the devices of a machine; a test stands in for the GPUs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from segcore.cli import main
from segcore.system import data_parallel, devices, precisions

TWO_DEVICES = """
import json, sys
import tensorflow as tf
processor = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * 2)
from segcore.system import backend, data_parallel, devices, precisions
devices.gpus = lambda: ["cpu:0", "cpu:1"]
backend.compiles_with_xla = lambda: False
precisions.training_policy = lambda **_: "float32"
from dataclasses import replace
from tests.training.test_training import TINY
from segcore.evaluation import evaluate
from segcore.training.session import train
run = train(replace(TINY, epochs=2), sys.argv[1])
report = evaluate(run, sys.argv[1], "val").report()
print(json.dumps([run.record["replicas"], len(run.history()), run.history()[-1]["loss"],
                  run.best_mean_iou, report["mean_iou"]]))
"""


def test_two_devices_share_each_batch_and_leave_a_whole_run(camvid: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    code = f"import sys; sys.path.insert(0, {str(root)!r})\n{TWO_DEVICES}"
    command = [sys.executable, "-c", code, f"camvid:{camvid}"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-2000:]
    replicas, epochs, loss, best, evaluated = json.loads(result.stdout.splitlines()[-1])
    assert (replicas, epochs) == (2, 2)
    assert 0 < loss < 10
    assert best == pytest.approx(evaluated, abs=1e-4)


@pytest.mark.parametrize(("gpus", "batch", "shared"), [(0, 4, 1), (1, 4, 1), (4, 8, 4), (8, 12, 6)])
def test_as_many_gpus_as_divide_the_batch_are_used(
    monkeypatch: pytest.MonkeyPatch, gpus: int, batch: int, shared: int
) -> None:
    monkeypatch.setattr(devices, "gpus", lambda: [f"gpu:{i}" for i in range(gpus)])
    assert data_parallel.replicas(batch) == shared


@pytest.mark.parametrize(
    ("flags", "policy"), [("avx2 avx512_bf16", "mixed_bfloat16"), ("avx2 avx512f", "float32")]
)
def test_a_processor_trains_in_bfloat16_only_where_it_has_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, flags: str, policy: str
) -> None:
    (tmp_path / "cpuinfo").write_text(f"model name\t: Some chip\nflags\t\t: fpu {flags}\n")
    monkeypatch.setattr(devices, "CPU_INFO", tmp_path / "cpuinfo")
    monkeypatch.setattr(devices, "gpus", lambda: [])
    assert precisions.training_policy(bfloat16_on_cpu=True) == policy
    assert precisions.training_policy(bfloat16_on_cpu=False) == "float32"
    assert devices.device() == "CPU (Some chip)"


@pytest.mark.parametrize(
    ("capability", "policy"), [((7, 5), "float32"), ((9, 0), "mixed_bfloat16")]
)
def test_a_gpu_trains_in_bfloat16_from_ampere_on(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], policy: str
) -> None:
    monkeypatch.setattr(devices, "gpus", lambda: ["gpu:0"])
    monkeypatch.setattr(devices, "gpu_details", lambda: [("Some GPU", capability)])
    assert precisions.training_policy(bfloat16_on_cpu=True) == policy
    assert precisions.training_policy(bfloat16_on_cpu=False) == policy
    assert devices.device() == "Some GPU"


@pytest.mark.parametrize(
    ("variable", "configured", "told"),
    [
        (None, "torch", "Keras on tensorflow"),  # another project's choice, which is not meant here
        ("torch", "tensorflow", "--  KERAS_BACKEND is 'torch': set it to tensorflow or jax"),
    ],
)
def test_only_the_environment_chooses_kerass_backend(
    variable: str | None,
    configured: str,
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "keras.json").write_text(json.dumps({"backend": configured}))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delenv("KERAS_BACKEND")
    if variable:
        monkeypatch.setenv("KERAS_BACKEND", variable)

    found = subprocess.run(
        [sys.executable, "-m", "segcore", "doctor"], capture_output=True, text=True, check=True
    )

    assert told in found.stdout


def test_a_backend_that_cannot_be_used_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "torch")

    assert main(["runs", "list"]) == 2
    assert capsys.readouterr().err == (
        "error: KERAS_BACKEND is 'torch': set it to tensorflow or jax, or unset it.\n"
    )


@pytest.mark.parametrize(
    ("files", "cuda", "rocm", "expected"),
    [
        ((), True, True, False),
        (("nvidia0",), True, False, True),
        (("nvidia0",), False, False, False),  # a laptop's, with its driver alone
        (("dxg",), True, False, True),  # in WSL
        (("kfd",), True, False, False),
        (("kfd",), False, True, True),
    ],
)
def test_a_gpu_counts_where_its_libraries_are(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    files: tuple[str, ...],
    cuda: bool,
    rocm: bool,
    expected: bool,
) -> None:
    for name in files:
        (tmp_path / name).touch()
    monkeypatch.setattr(devices, "DEVICES", tmp_path)
    monkeypatch.setattr(devices, "CUDA_PACKAGES", "numpy" if cuda else "no_such_package")
    monkeypatch.setattr(devices, "CUDA_LIBRARY", "libno_such.so")
    monkeypatch.setattr(devices, "ROCM", tmp_path if rocm else tmp_path / "none")
    assert devices.may_have_gpu() is expected
