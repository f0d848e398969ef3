"""What software a training ran with, as run.json names it."""

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version

from segcore import settings

PACKAGES = ("tensorflow", "jax", "keras", "numpy", "pillow")


def versions() -> dict[str, str]:
    """Python and the packages that decide a result, those that are installed."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def commit() -> str | None:
    """The commit of this checkout; None outside of one, even within another project's."""
    if not settings.is_checkout():
        return None
    try:
        result = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=settings.ROOT, capture_output=True, text=True
        )
    except FileNotFoundError:  # no git on this machine
        return None
    return result.stdout.strip() if result.returncode == 0 else None
