"""What a training will take: from what earlier ones took, and refused where it cannot fit."""

from dataclasses import replace
from pathlib import Path

import pytest

from segcore import runs
from segcore.errors import RecipeError
from segcore.jobs import estimates
from segcore.jobs.estimates import estimate
from segcore.recipes import Recipe, get_recipe
from segcore.runs.writer import RunWriter, history_csv

QUICK = get_recipe("quick-unet")
ROWS = [
    {"epoch": float(epoch), "seconds": 1.0, "images_per_second": speed}
    for epoch, speed in ((1, 1.0), (2, 10.0), (3, 10.0))  # the first one compiled
]


def train_before(recipe: Recipe, name: str = "unet-camvid-1", device: str = "CPU (A)") -> None:
    writer = RunWriter.create(
        name,
        {
            "model": recipe.model,
            "device": device,
            "model_options": dict(recipe.model_options),
            "parameters": 1_000_000,
            "recipe": recipe.to_dict(),
            "data": {"spec": "camvid:/none", "dataset": "camvid", "size": [128, 256]},
            "status": "finished",
            "started": runs.now(),
            "weights": {},
        },
    )
    writer.commit_epoch({runs.HISTORY: history_csv(ROWS)}, epochs=3)


def test_time_follows_from_the_speed_of_the_same_network(camvid: Path) -> None:
    spec = f"camvid:{camvid}"
    assert estimate(QUICK, spec).seconds is None
    train_before(QUICK)
    # 40 steps of 8 images at 10 a second, and 3 validated at a third of the cost.
    expected = estimate(QUICK, spec)
    assert expected.seconds == pytest.approx(6 * (32.0 + 0.1))
    assert expected.timed is not None and expected.timed.name == "unet-camvid-1"
    assert expected.disk == pytest.approx(9 * 128 * 256 * 4 + 32e6)
    halved = replace(QUICK, size=(128, 128), epochs=12)
    assert estimate(halved, spec).seconds == pytest.approx(expected.seconds)

    train_before(get_recipe("tuned-unet"), "unet-camvid-2")  # newer, but another network
    assert estimate(QUICK, spec).seconds == pytest.approx(expected.seconds)


@pytest.mark.parametrize(("has_gpu", "timed"), [(False, "unet-camvid-1"), (True, "unet-camvid-3")])
def test_time_follows_from_a_run_on_the_same_kind_of_device(
    camvid: Path, monkeypatch: pytest.MonkeyPatch, has_gpu: bool, timed: str
) -> None:
    monkeypatch.setattr(estimates, "may_have_gpu", lambda: has_gpu)
    train_before(get_recipe("tuned-unet"), "unet-camvid-1")
    train_before(QUICK, "unet-camvid-2", device="Some GPU")
    train_before(QUICK, "unet-camvid-3", device="Some GPU")
    run = estimate(QUICK, f"camvid:{camvid}").timed
    assert run is not None and run.name == timed


@pytest.mark.parametrize(
    ("recipe", "size", "batch", "measured"),
    [
        ("quick-unet", (128, 256), 2, 0.91), ("quick-unet", (128, 256), 16, 1.39),
        ("tuned-unet", (256, 256), 2, 1.20), ("tuned-unet", (256, 256), 8, 1.71),
        ("seed-unet", (256, 256), 2, 1.60), ("seed-unet", (256, 256), 6, 2.43),
        ("quick-danet", (128, 256), 2, 1.92), ("quick-danet", (128, 256), 8, 2.97),
        ("seed-danet", (256, 256), 16, 16.0),
    ],
)  # fmt: skip
def test_memory_is_what_was_measured_or_somewhat_more(
    camvid: Path, recipe: str, size: tuple[int, int], batch: int, measured: float
) -> None:
    asked = replace(get_recipe(recipe), size=size, crop=None, batch_size=batch)
    ratio = estimate(asked, f"camvid:{camvid}").memory / (measured * 2**30)
    assert 0.95 < ratio < 1.4


def test_what_cannot_fit_is_refused_with_both_numbers(
    camvid: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = f"camvid:{camvid}"
    estimates.check(QUICK, spec)
    (tmp_path / "meminfo").write_text("MemTotal:        1048576 kB\n")
    monkeypatch.setattr(estimates, "MEMORY_INFO", tmp_path / "meminfo")
    with pytest.raises(
        RecipeError, match=r"needs about 1\.\d GB of memory, the machine has 1\.1 GB"
    ):
        estimates.check(QUICK, spec)
    monkeypatch.setattr(estimates, "MEMORY_INFO", tmp_path / "elsewhere")  # not told: no refusal
    estimates.check(QUICK, spec)
    monkeypatch.setattr(estimates, "free_bytes", lambda _: 1 << 20)
    with pytest.raises(RecipeError, match="on the disk"):
        estimates.check(QUICK, spec)
