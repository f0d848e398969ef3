"""Where things are kept. `SEGCORE_ARTIFACTS` moves artifacts/ elsewhere."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def artifacts_dir() -> Path:
    """The folder of everything written at runtime, read afresh so that tests can move it."""
    return Path(os.environ.get("SEGCORE_ARTIFACTS") or ROOT / "artifacts")


def runs_dir() -> Path:
    return artifacts_dir() / "runs"


def prepared_dir() -> Path:
    return artifacts_dir() / "prepared"


def predictions_dir() -> Path:
    return artifacts_dir() / "predictions"


def costs_dir() -> Path:
    """What runs were measured to cost on this machine."""
    return artifacts_dir() / "costs"


def registry_path() -> Path:
    return artifacts_dir() / "registry.json"


def jobs_path() -> Path:
    return artifacts_dir() / "jobs.sqlite3"


def jobs_dir() -> Path:
    """Logs of the jobs, and what they were given."""
    return artifacts_dir() / "jobs"


def audit_path() -> Path:
    return artifacts_dir() / "audit.jsonl"


def datasets_path() -> Path:
    return artifacts_dir() / "datasets.json"
