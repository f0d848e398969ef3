"""Histories that Keras' CSVLogger wrote."""

import csv
from pathlib import Path

import numpy as np
import pytest

from segcore import findings, runs
from segcore.cli import main
from segcore.errors import RunError
from segcore.runs.csv_logs import import_csv_log, read_csv_log


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """What CSVLogger really writes, in a training of three epochs."""
    import keras

    path = tmp_path / "history.csv"
    model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["accuracy"])
    data = np.zeros((4, 2)), np.zeros((4, 1))
    logger = keras.callbacks.CSVLogger(str(path))
    model.fit(*data, validation_data=data, epochs=3, verbose=0, callbacks=[logger])
    return path


def test_a_log_of_keras_becomes_a_run_beside_ours(log: Path) -> None:
    run = import_csv_log(log, "unet", "cityscapes:/elsewhere")
    assert run.name.startswith("unet-cityscapes-")
    history = runs.get_run(run.name).history()
    assert [row["epoch"] for row in history] == [1, 2, 3]
    with open(log) as file:
        logged = list(csv.DictReader(file))
    for column in ("loss", "val_loss", "accuracy", "val_accuracy"):
        assert [row[column] for row in history] == pytest.approx([float(r[column]) for r in logged])
    assert run.best_epoch is None and run.weights_hash is None
    assert "U-Net" in findings.training("U-Net", history)


def test_other_names_and_separators_are_known(tmp_path: Path) -> None:
    text = "epoch;categorical_accuracy;loss;lr;mean_io_u;val_loss;val_mean_io_u\n"
    text += "0;0.5;1.5;0.01;0.2;1.6;0.1\n1;0.6;1.2;0.01;0.3;NA;0.4\n2;0.6;1.1;0.01;0.3;1.7;0.3\n"
    rows = read_csv_log(text.encode(), "log.csv")
    assert rows[0] == {
        "epoch": 1, "accuracy": 0.5, "loss": 1.5, "learning_rate": 0.01, "mean_iou": 0.2,
        "val_loss": 1.6, "val_mean_iou": 0.1,
    }  # fmt: skip
    assert np.isnan(rows[1]["val_loss"])
    path = tmp_path / "log.csv"
    path.write_text(text)
    assert import_csv_log(path, "unet", "camvid").best_epoch == 2


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"epoch,loss\n",
        b"a,b\n1,2\n",
        b"epoch,loss\n0,high\n",
        b"\xff\xfe\x00",
        b"epoch,loss\n0,1\n,2\n",
    ],
)
def test_what_is_no_log_is_refused_in_one_line(data: bytes) -> None:
    with pytest.raises(RunError, match=r"log\.csv") as error:
        read_csv_log(data, "log.csv")
    assert "\n" not in str(error.value)


def test_the_command_line_imports_it(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "import", str(log), "--model", "unet", "--data", "cityscapes"]) == 0
    assert "imported unet-cityscapes-" in capsys.readouterr().out
