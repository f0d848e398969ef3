"""Every benchmark that takes minutes, one after the other: `make bench`.

    python -m benchmarks [--only PART ...]

Each runs in a process of its own. The figures go to docs/benchmarks.json, and as a page to
docs/benchmarks.md, with the machine named. Ratios carry over to other machines; times do not.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.figures import Figure
from segcore.settings import ROOT
from segcore.system import devices

PARTS: dict[str, tuple[str, ...]] = {
    "prediction": (),
    "pages": (),
    "preparation": ("--pictures", "300"),
    "counting": ("--masks", "300"),
    "evaluation": (),
    "resampling": (),
    "viewer": (),
    "training": ("--data", "streets", "--steps", "5", "--rounds", "3"),
}
JSON, PAGE = ROOT / "docs" / "benchmarks.json", ROOT / "docs" / "benchmarks.md"


def measure(part: str) -> list[Figure]:
    """The figures of one benchmark; ends the program where it fails."""
    print(f"\n{part}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "figures.json"
        command = [sys.executable, "-m", f"benchmarks.{part}", *PARTS[part], "--json", str(path)]
        subprocess.run(command, cwd=ROOT, check=True)
        return [Figure(**figure) for figure in json.loads(path.read_text())]


def title(part: str) -> str:
    """The first line of a benchmark's own description."""
    return (ROOT / "benchmarks" / f"{part}.py").read_text().split('"""')[1].splitlines()[0]


def page(known: dict[str, dict]) -> str:
    """The figures as tables."""
    lines = [
        "# Benchmarks",
        "",
        "Written by `make bench`; [Speed](speed.md) says how it is done and what was tried. The",
        "middle of several rounds, with the quartiles in brackets. Ratios carry over to other",
        "machines, times do not.",
    ]
    for part, found in known.items():
        lines += ["", f"## {title(part)}", ""]
        lines += [f"`python -m benchmarks.{' '.join((part, *PARTS[part]))}`, {found['measured']},"]
        lines += [f"{found['machine']}", "", "| | measured | wanted |", "|---|---|---|"]
        for values in found["figures"]:
            figure = Figure(**values)
            lines.append(f"| {figure.what} | {figure.words()} | {figure.wanted} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    options = parser.parse_args()
    known = json.loads(JSON.read_text()) if JSON.exists() else {}
    for part in options.only:
        figures = measure(part)
        known[part] = {
            "machine": f"{devices.processor()}, {os.cpu_count()} cores",
            "measured": datetime.now(UTC).date().isoformat(),
            "figures": [vars(figure) for figure in figures],
        }
        known = {name: known[name] for name in PARTS if name in known}
        JSON.write_text(json.dumps(known, indent=2) + "\n")
        PAGE.write_text(page(known))


if __name__ == "__main__":
    main()
