"""Small data sets on disk, made of synthetic pictures, in each layout a source reads."""

import sys
from pathlib import Path

import numpy as np
import pytest
from made_data import id_mask, noise, write_picture

from segcore.admission import ADMISSIONS, Admission
from segcore.labels import colorize


@pytest.fixture(autouse=True)
def artifacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """artifacts/ of the test, apart from the project's."""
    folder = tmp_path / "artifacts"
    monkeypatch.setenv("SEGCORE_ARTIFACTS", str(folder))
    return folder


@pytest.fixture(autouse=True)
def _main_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit's AppTest leaves its page behind as `__main__`, which spawned processes import."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


@pytest.fixture
def admin() -> Admission:
    """The pass of someone who is signed in."""
    return ADMISSIONS.issue("tester")


@pytest.fixture
def camvid(tmp_path: Path) -> Path:
    """Six train and three val frames of 32x24 of two films; masks of CamVid's ids."""
    root = tmp_path / "camvid"
    for split, frames in (("train", 6), ("val", 3)):
        for frame in range(frames):
            name = f"film{frame % 2}_{frame:03}.png"
            write_picture(root / split / name, noise(frame, 24, 32))
            write_picture(root / f"{split}annot" / name, id_mask(frame, 24, 32, list(range(12))))
    return root


@pytest.fixture
def cityscapes(tmp_path: Path) -> Path:
    """Two cities of two frames of 64x32 in train, one in val, one without mask in test."""
    root = tmp_path / "cityscapes"
    frames = (
        ("train", "aachen", 2),
        ("train", "bochum", 2),
        ("val", "ulm", 2),
        ("test", "bonn", 1),
    )
    for split, city, count in frames:
        for frame in range(count):
            name = f"{city}_{frame:06}_000019"
            image = root / "leftImg8bit" / split / city / f"{name}_leftImg8bit.png"
            mask = root / "gtFine" / split / city / f"{name}_gtFine_labelIds.png"
            write_picture(image, noise(frame, 32, 64))
            ids = [0] if split == "test" else [7, 11, 21, 23, 26, 255]
            write_picture(mask, id_mask(frame, 32, 64, ids))
    return root


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """Two train and one val JPEG of 512x256, image left and coloured mask right."""
    root = tmp_path / "pairs"
    for split, names in (("train", "12"), ("val", "3")):
        for name in names:
            mask = id_mask(int(name), 256, 256, [7])
            mask[:100] = 23
            mask[100:180, :128] = 11
            both = np.hstack([noise(int(name), 256, 256), colorize(mask)])
            write_picture(root / split / f"{name}.jpg", both, quality=90)
    return root
