"""Every command that the README shows is run as it stands, on small data."""

import re
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from segcore import recipes
from segcore.cli import main
from segcore.jobs import leases
from tests.factories.fake_runs import make_run
from tests.factories.made_data import noise, write_picture

pytestmark = pytest.mark.usefixtures("networks_made_once")

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
COMMANDS = re.findall(r"^python -m segcore (.+)$", README, re.MULTILINE)


def test_the_readme_shows_commands() -> None:
    assert len(COMMANDS) >= 10


@pytest.mark.parametrize("command", [line for line in COMMANDS if line.strip() != "worker"])
def test_command_runs(
    command: str, camvid: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = {"size": (32, 32), "batch_size": 2, "steps_per_epoch": 2}
    quick = replace(recipes.get_recipe("quick-unet"), **small)
    monkeypatch.setitem(recipes.RECIPES, "quick-unet", quick)
    run = make_run()
    write_picture(tmp_path / "photo.jpg", noise(0, 48, 64))
    write_picture(tmp_path / "photos" / "street.png", noise(1, 48, 64))
    monkeypatch.chdir(tmp_path)
    stand_ins = {"RUN": run.name, "streets": f"camvid:{camvid}"}
    arguments = [stand_ins.get(word, word) for word in shlex.split(command)]
    assert main(arguments) == 0


def test_the_worker_runs_until_it_is_told_to_stop() -> None:
    worker = subprocess.Popen([sys.executable, "-m", "segcore", "worker"], cwd=ROOT)
    try:
        deadline = time.monotonic() + 60
        while not leases.living_workers() and time.monotonic() < deadline:
            time.sleep(0.2)
        assert leases.living_workers()
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=30) == 0
    finally:
        worker.kill()


def test_the_pictures_of_the_readme_are_there() -> None:
    for path in re.findall(r"!\[.*?\]\((.+?)\)", README):
        assert (ROOT / path).is_file(), path


def test_the_recipes_of_the_readme_are_all_there_are() -> None:
    assert set(recipes.RECIPES) == set(re.findall(r"`((?:seed|tuned|quick|story)-\w+)`", README))
