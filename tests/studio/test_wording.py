"""How runs are called in lists."""

from pathlib import Path

from segcore import runs
from studio import wording
from tests.factories.plain_runs import write_run


def test_labels_tell_runs_of_the_same_minute_apart(artifacts: Path) -> None:
    """A browser answers by the label."""
    write_run("unet-streets-20250101-000000-0001")
    write_run("unet-streets-20250101-000000-0002")
    write_run("unet-streets-20250101-000100-0003", started="2025-01-01T00:01:00+00:00")
    labels = wording.run_labels(runs.list_runs(), {"unet-streets-20250101-000000-0002"})
    assert len(set(labels.values())) == 3
    assert labels["unet-streets-20250101-000000-0002"].startswith("★")
    assert labels["unet-streets-20250101-000100-0003"] == "U-Net · quick · 01 Jan 00:01"
    plain = wording.run_labels(runs.list_runs())
    assert plain["unet-streets-20250101-000000-0001"] == "U-Net · quick · 01 Jan 00:00 · 0001"
    assert plain["unet-streets-20250101-000000-0002"] == "U-Net · quick · 01 Jan 00:00 · 0002"
