"""The command line as a process: what comes out of it where its output goes, and what does not."""

import argparse
import importlib
import json
import os
import re
import subprocess
import sys
from itertools import chain
from pathlib import Path

import pytest

from segcore.cli import COMMANDS, main

SEGCORE = [sys.executable, "-m", "segcore"]


def test_a_closed_pipe_is_the_end_of_output_and_not_of_the_work() -> None:
    reader, writer = os.pipe()
    os.close(reader)  # as `head` has after its last line
    with open(writer, "wb") as pipe:
        both = subprocess.run([*SEGCORE, "doctor"], stdout=pipe, stderr=subprocess.PIPE)
        error = subprocess.run([*SEGCORE, "runs", "show", "none"], stdout=pipe, stderr=pipe)
    assert (both.returncode, both.stderr) == (0, b"")
    assert error.returncode == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_under_the_output_is_one_line() -> None:
    with open("/dev/full", "wb") as full:
        found = subprocess.run([*SEGCORE, "runs", "list"], stdout=full, stderr=subprocess.PIPE)
    assert found.returncode == 2
    assert found.stderr == b"error: the output cannot be written (No space left on device)\n"


MODEL = """
import segcore, json, keras, os
from segcore.models import build_model
model = build_model("unet", input_size=None, width=4, depth=2)
os.write(2, b"I0000 is no such line\\n")
print(json.dumps([keras.config.image_data_format(), keras.config.floatx(), keras.config.epsilon(),
                  str(model(keras.ops.zeros((1, 32, 64, 3)))["logits"].shape)]))
"""


def in_home(home: Path, settings: str) -> subprocess.CompletedProcess[str]:
    """A network built where ~/.keras/keras.json says what other projects want."""
    (home / ".keras").mkdir()
    (home / ".keras" / "keras.json").write_text(settings)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
    environment |= {"HOME": str(home), "KERAS_HOME": str(home / ".keras")}
    command = [sys.executable, "-c", MODEL]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def test_someones_keras_json_does_not_hold_here_and_tensorflow_keeps_off_the_terminal(
    tmp_path: Path,
) -> None:
    theirs = {"image_data_format": "channels_first", "floatx": "float64", "epsilon": 0.01,
              "backend": "torch"}  # fmt: skip
    found = in_home(tmp_path, json.dumps(theirs))
    assert found.stderr == "I0000 is no such line\n"
    assert json.loads(found.stdout) == ["channels_last", "float32", 1e-7, "(1, 32, 64, 34)"]


def test_a_keras_json_that_keras_refuses_is_named(tmp_path: Path) -> None:
    found = in_home(tmp_path, json.dumps({"image_data_format": "wide"}))
    assert "MissingPackageError: Keras cannot be loaded with your keras.json" in found.stderr


def test_each_command_is_where_the_table_says(capsys: pytest.CaptureFixture[str]) -> None:
    """Else it is known to the help alone, or to nobody."""
    for module, names in COMMANDS.items():
        commands = argparse.ArgumentParser().add_subparsers()
        importlib.import_module(f"segcore.cli.{module}").add(commands)
        assert tuple(commands.choices) == names
    with pytest.raises(SystemExit):
        main(["--help"])
    told = capsys.readouterr().out
    assert all(re.search(rf"^ +{name}\b", told, re.MULTILINE) for name in chain(*COMMANDS.values()))
