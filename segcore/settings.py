"""Where things are kept, and what the environment sets."""

import os
from pathlib import Path

from segcore.errors import SegcoreError

ENGINES = ("keras", "openvino")

ROOT = Path(__file__).resolve().parent.parent


def artifacts_dir() -> Path:
    """The folder of everything written at runtime; `SEGCORE_ARTIFACTS` moves it.

    In a checkout its artifacts/. Of an installed package the user's data folder: what lies among
    the packages is lost with the environment. Read afresh so that tests can move it.
    """
    if moved := os.environ.get("SEGCORE_ARTIFACTS"):
        return Path(moved)
    if is_checkout():
        return ROOT / "artifacts"
    import platformdirs

    return platformdirs.user_data_path("segmentation-studio", appauthor=False) / "artifacts"


def is_checkout() -> bool:
    """Whether the code runs from a copy of the repository, and not from an installed package."""
    return (ROOT / "pyproject.toml").is_file()


def environment(**more: str) -> dict[str, str]:
    """Ours for another process, with artifacts/ named for any working directory."""
    return {**os.environ, "SEGCORE_ARTIFACTS": str(artifacts_dir().absolute()), **more}


def runs_dir() -> Path:
    return artifacts_dir() / "runs"


def prepared_dir() -> Path:
    return artifacts_dir() / "prepared"


def predictions_dir() -> Path:
    return artifacts_dir() / "predictions"


def exports_dir() -> Path:
    return artifacts_dir() / "exports"


def scores_dir() -> Path:
    """Scores of shipped runs, whose own folders are part of the program and never written to."""
    return artifacts_dir() / "scores"


def digests_dir() -> Path:
    """What the splits of data sets were found to be, by content."""
    return artifacts_dir() / "digests"


def engines_dir() -> Path:
    """Checkpoints converted for serving; each can be made again."""
    return artifacts_dir() / "engines"


def engine() -> str | None:
    """What serves networks, one of `ENGINES` by `SEGCORE_ENGINE`; None: whatever is fastest.

    Raises SegcoreError for any other name.
    """
    name = os.environ.get("SEGCORE_ENGINE") or None
    if name is not None and name not in ENGINES:
        known = " or ".join(ENGINES)
        raise SegcoreError(f"SEGCORE_ENGINE={name}: there is no such engine; set {known}")
    return name


def trusted_proxies() -> list[str]:
    """Addresses and networks of proxies whose X-Forwarded-For is believed; none by default.

    `SEGCORE_TRUSTED_PROXIES`, separated by spaces or commas.
    """
    return os.environ.get("SEGCORE_TRUSTED_PROXIES", "").replace(",", " ").split()


def api_token() -> str | None:
    """What callers of the HTTP API have to send, by `SEGCORE_API`; None where the API is off.

    Unset, it is open to everyone who can open the pages ("" is returned); `off` turns it off;
    anything else is the token.
    """
    value = os.environ.get("SEGCORE_API", "").strip()
    return None if value.lower() == "off" else value


def costs_dir() -> Path:
    """What runs were measured to cost on this machine."""
    return artifacts_dir() / "costs"


def run_index_path() -> Path:
    """What lists need of each run; made again where it is missing."""
    return artifacts_dir() / "runs.index"


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


def data_names_path() -> Path:
    """The names that data sets were given."""
    return artifacts_dir() / "data_names.json"


def run_notes_path() -> Path:
    """What people say of runs."""
    return artifacts_dir() / "run_notes.json"


def class_corrections_path() -> Path:
    """What an admin corrected of the classes of folders."""
    return artifacts_dir() / "class_corrections.json"
