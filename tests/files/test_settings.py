"""Where things are kept."""

import subprocess
from pathlib import Path

import pytest

from segcore import settings
from segcore.cli import main
from segcore.training.environment import commit


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of packages that segcore is in, of an environment inside another project."""
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    author = ["-c", "user.name=a", "-c", "user.email=a@b"]
    empty = ["commit", "-q", "--allow-empty", "-m", "theirs"]
    subprocess.run(["git", "-C", tmp_path, *author, *empty], check=True)
    packages = tmp_path / "site-packages"
    packages.mkdir()
    monkeypatch.setattr(settings, "ROOT", packages)
    monkeypatch.delenv("SEGCORE_ARTIFACTS")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return packages


def test_a_checkout_keeps_its_artifacts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEGCORE_ARTIFACTS")
    assert settings.artifacts_dir() == settings.ROOT / "artifacts"


def test_an_installed_package_keeps_runs_in_the_users_data_folder_and_says_so(
    installed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "log.csv"
    log.write_text("epoch,loss\n0,1\n")
    folder = settings.artifacts_dir()
    assert installed not in folder.parents and "segmentation-studio" in folder.parts
    for told in (f"runs are kept in {folder}; SEGCORE_ARTIFACTS moves them\n", ""):
        assert main(["runs", "import", str(log)]) == 0
        assert capsys.readouterr().err == told
    assert len(list((folder / "runs").glob("unet-*/run.json"))) == 2
    assert not list(installed.iterdir())


def test_the_variable_moves_them_all_the_same(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEGCORE_ARTIFACTS", str(tmp_path / "mine"))
    assert settings.artifacts_dir() == tmp_path / "mine"


def test_the_commit_of_the_project_around_is_not_ours(installed: Path) -> None:
    assert commit() is None
