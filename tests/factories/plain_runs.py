"""A run as lists and archives see it: a manifest, and weights that no network could load."""

from segcore.runs.writer import RunWriter

MANIFEST = {
    "model": "unet",
    "recipe": {"name": "quick-unet"},
    "data": {"spec": "streets", "dataset": "streets"},
    "status": "finished",
    "started": "2025-01-01T00:00:00+00:00",
    "preprocessing": {"mode": "fit", "size": [24, 32], "multiple": 8},
}


def write_run(name: str, **changes: object) -> RunWriter:
    """Writes it into artifacts/runs, which a test has moved."""
    writer = RunWriter.create(name, {**MANIFEST, **changes})
    writer.commit_epoch({"best.weights.h5": b"weights"}, epochs=1)
    return writer
