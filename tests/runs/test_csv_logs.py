"""Histories that Keras' CSVLogger wrote."""

import csv
from pathlib import Path

import numpy as np
import pytest

from segcore import runs
from segcore.cli import main
from segcore.errors import RunError
from segcore.presentation import findings
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
    rows = read_csv_log(text.encode(), "log.csv").rows
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


HEADER = "epoch,loss,val_loss,val_mean_io_u\n"


def test_the_last_of_a_repeated_epoch_counts_and_is_told(tmp_path: Path, capsys) -> None:
    path = tmp_path / "resumed.csv"
    path.write_text(
        HEADER + "0,2.3,2.2,0.10\n1,2.1,2.1,0.20\n2,2.0,2.0,0.30\n2,2.0,2.0,0.31\n3,1.9,1.9,0.28\n"
    )
    log = read_csv_log(path.read_bytes(), path.name)
    assert [(row["epoch"], row["val_mean_iou"]) for row in log.rows] == [
        (1, 0.10), (2, 0.20), (3, 0.31), (4, 0.28),
    ]  # fmt: skip
    told = "1 of its 4 epochs was logged more than once"
    assert log.notes[0].startswith(told)
    assert main(["runs", "import", str(path)]) == 0
    assert told in capsys.readouterr().out
    (run,) = runs.list_runs()
    assert (run.best_epoch, len(run.history()), run.notes) == (3, 4, log.notes)


def test_a_training_that_counted_from_0_again_has_the_epochs_of_its_last_part() -> None:
    once = "0,{0},2,0.1\n1,{0},2,0.2\n2,{0},2,0.3\n"
    log = read_csv_log((HEADER + once.format(2) + once.format(1)).encode(), "log.csv")
    assert [(row["epoch"], row["loss"]) for row in log.rows] == [(1, 1), (2, 1), (3, 1)]


def test_a_header_in_between_is_skipped_or_followed_where_it_has_other_columns() -> None:
    log = read_csv_log(
        b"epoch,acc,loss,val_loss\n0,0.1,2.3,2.2\n\nepoch,acc,loss,val_loss\n1,0.2,2.1,2.0\n"
        b"epoch,acc,loss,lr,val_loss\n2,0.3,2.0,0.01,1.9\n3,0.4,1.9\n",
        "log.csv",
    )
    assert [row["loss"] for row in log.rows] == [2.3, 2.1, 2.0, 1.9]
    assert log.rows[2] == {
        "epoch": 3, "accuracy": 0.3, "loss": 2.0, "learning_rate": 0.01, "val_loss": 1.9,
    }  # fmt: skip
    assert "val_loss" not in log.rows[3]  # cut off as it was written


@pytest.mark.parametrize("number", ["", "_1", "_12"])
@pytest.mark.parametrize("metric", ["mean_io_u", "one_hot_mean_io_u", "mean_iou"])
def test_the_number_that_keras_gives_a_metric_is_no_part_of_its_name(metric, number) -> None:
    columns = f"epoch,accuracy{number},loss,{metric}{number},val_loss,val_{metric}{number}"
    text = f"{columns}\n0,0.5,1,2,3,4\n"
    log = read_csv_log(text.encode(), "log.csv")
    assert log.rows == [
        {"epoch": 1, "accuracy": 0.5, "loss": 1, "mean_iou": 2, "val_loss": 3, "val_mean_iou": 4}
    ]
    assert log.notes == []


def test_columns_that_are_not_read_are_named() -> None:
    log = read_csv_log(
        b"epoch,loss,dice_loss,val_miou,mean_io_u,mean_io_u_1\n0,1,2,3,4,5\n", "log.csv"
    )
    assert log.notes == ["Columns that are not read: dice_loss, val_miou."]
    assert log.rows[0]["mean_iou"] == 4


@pytest.mark.parametrize(
    ("text", "said", "title"),
    [
        (
            "epoch,accuracy,loss\n0,0.1,2.3\n1,0.2,2.2\n",
            "has no validation, so whether it overfits cannot be said; it ends at a training loss "
            "2.200 and 20.0 % accuracy.",
            "None of these was validated",
        ),
        (
            "epoch,accuracy,loss,val_accuracy,val_loss\n0,nan,nan,nan,nan\n1,nan,nan,nan,nan\n",
            "its log of 2 epochs holds no loss, so nothing can be said.",
            "None of these logged a loss",
        ),
        (
            "epoch,accuracy,loss,val_accuracy,val_loss\n0,0.1,2.3,0.1,2.2\n1,nan,nan,nan,nan\n",
            "its loss is not a number after epoch 1 of 2: the training failed there.",
            "None of these logged a validation mean IoU",
        ),
        (
            "epoch,accuracy,loss,val_accuracy\n0,0.1,2.3,0.1\n1,0.2,2.1,0.18\n",
            "has no validation loss, so when overfitting began is not known; it ends at 20.0 % "
            "training and 18.0 % validation accuracy.",
            "None of these logged a validation mean IoU",
        ),
    ],
    ids=["no validation", "no numbers", "numbers until an epoch", "no validation loss"],
)  # fmt: skip
def test_what_a_log_lacks_is_told_and_nothing_made_up(text, said, title) -> None:
    rows = read_csv_log(text.encode(), "log.csv").rows
    assert findings.training("U-Net", rows).endswith(said)
    assert findings.best_scores([("U-Net", rows, None)]).startswith(title)
