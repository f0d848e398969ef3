"""Every benchmark that takes minutes, one after the other: `make bench`.

    python -m benchmarks [--only PART ...]

Each runs in a process of its own. The figures go to docs/benchmarks.json, and those with a
target to a table in docs/speed.md.
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
    "scale": ("--rounds", "5"),
    "training": ("--data", "streets", "--steps", "5", "--rounds", "3"),
}
JSON, PAGE = ROOT / "docs" / "benchmarks.json", ROOT / "docs" / "speed.md"
BEGIN, END = "<!-- written by make bench -->\n\n", "<!-- end of make bench -->\n"


def measure(part: str) -> list[Figure]:
    """The figures of one benchmark; ends the program where it fails."""
    print(f"\n{part}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "figures.json"
        command = [sys.executable, "-m", f"benchmarks.{part}", *PARTS[part], "--json", str(path)]
        subprocess.run(command, cwd=ROOT, check=True)
        return [Figure(**figure) for figure in json.loads(path.read_text())]


def table(known: dict[str, dict]) -> str:
    """The figures that have a target, after when and where they were measured."""
    measured: dict[str, list[str]] = {}
    for part, found in known.items():
        measured.setdefault(f"{found['measured']}, {found['machine']}", []).append(part)
    lines = [f"{', '.join(parts)}: {where}." for where, parts in measured.items()]
    lines += ["", "| benchmark: figure | measured | target |", "|---|---|---|"]
    for part, found in known.items():
        figures = [Figure(**values) for values in found["figures"] if values["wanted"]]
        lines += [f"| {part}: {it.what} | {it.words()} | {it.wanted} |" for it in figures]
    return "\n".join(lines) + "\n\n"


def with_table(page: str, known: dict[str, dict]) -> str:
    """The page with a new table between its two marks."""
    before, _, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    return before + BEGIN + table(known) + END + after


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
        PAGE.write_text(with_table(PAGE.read_text(), known))


if __name__ == "__main__":
    main()
