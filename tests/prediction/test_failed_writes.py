"""A disk that fails while a network is converted or exported says nothing of the network."""

import errno
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from segcore.errors import RunError, StorageError
from segcore.prediction import conversion
from segcore.prediction.conversion import convert
from segcore.prediction.engines import openvino_store, openvino_topology
from segcore.prediction.export import FORMATS, exporting
from segcore.prediction.loading import may_be_converted
from tests.factories.fake_runs import make_run


def refused(*_: object, **__: object) -> None:
    raise RuntimeError("Could not open the file to write the weights")


def cut_off(_: object, target: Path, **__: object) -> None:
    """As OpenVINO does on a full disk: it says nothing."""
    target.write_bytes(b"")


def gone(*_: object, **__: object) -> None:
    raise OSError(errno.EIO, "Input/output error")


@pytest.mark.parametrize("save_model", [refused, cut_off, gone])
def test_what_a_disk_does_is_no_verdict_on_a_network(
    save_model: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEGCORE_ENGINE", "openvino")
    run = make_run()
    with monkeypatch.context() as failing:
        library = SimpleNamespace(save_model=save_model)
        failing.setattr(openvino_topology, "load_openvino", lambda: library)
        failing.setattr(openvino_topology, "is_full", lambda _: True)
        with pytest.raises(StorageError, match="free some space"):
            convert(run)
    assert openvino_store.stored_verdict(run) is None
    assert may_be_converted(run)
    assert convert(run).agrees


def test_weights_that_cannot_be_read_are_no_verdict_either(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable(*_: Any) -> None:
        raise OSError(errno.EIO, "Input/output error")

    run = make_run()
    monkeypatch.setattr(conversion, "_places", unreadable)
    with pytest.raises(StorageError, match="Input/output error"):
        convert(run)
    assert openvino_store.stored_verdict(run) is None


@pytest.mark.parametrize("full", [True, False])
def test_an_export_to_a_full_disk_is_not_refused_for_its_format(
    full: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    written = replace(FORMATS["onnx"], write=refused)
    monkeypatch.setitem(FORMATS, "onnx", written)
    monkeypatch.setattr(exporting, "is_full", lambda _: full)
    expected, reason = (StorageError, "no room left") if full else (RunError, "in another format")
    with pytest.raises(expected, match=reason):
        exporting.export_network(make_run(), "onnx", tmp_path / "out.zip")
