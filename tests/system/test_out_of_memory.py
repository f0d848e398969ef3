"""A process that ran out of memory tells the one that started it."""

from pathlib import Path

import numpy as np
import pytest

from segcore.cli import main
from segcore.system.child_report import OUT_OF_MEMORY, read_report
from segcore.system.out_of_memory import is_out_of_memory


def test_an_error_is_out_of_memory_by_its_kind_not_by_its_words() -> None:
    with pytest.raises(MemoryError) as found:
        np.empty(1 << 60, np.uint8)
    assert is_out_of_memory(found.value)
    assert not is_out_of_memory(ValueError("MemoryError: OOM when allocating"))


def test_tensorflow_tells_it_of_a_gpu() -> None:
    tf = pytest.importorskip("tensorflow")
    assert is_out_of_memory(tf.errors.ResourceExhaustedError(None, None, "OOM"))
    assert not is_out_of_memory(tf.errors.InternalError(None, None, "OOM"))


def test_jax_tells_it_of_a_gpu() -> None:
    jax = pytest.importorskip("jax")
    assert is_out_of_memory(jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory"))
    assert not is_out_of_memory(jax.errors.JaxRuntimeError("INTERNAL: a defect"))


def test_the_command_line_reports_it_and_fails_as_before(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SEGCORE_REPORT", str(tmp_path / "report.json"))
    for error, kind in ((ValueError(), None), (MemoryError(), OUT_OF_MEMORY)):

        def fail(_: object, error: Exception = error) -> None:
            raise error

        monkeypatch.setattr("segcore.cli.doctor._doctor", fail)
        with pytest.raises(type(error)):
            main(["doctor"])
        assert read_report(tmp_path / "report.json").kind == kind
