"""What lies beside: commands and pages with many runs, jobs and log entries, and with few.

    python -m benchmarks.scale [--runs 1000] [--jobs 10000] [--log-mb 100] [--pictures 25000]
                               [--rounds 5] [--only runs|pictures]

Two folders of artifacts: the shipped runs alone, and with copies of their manifests and histories,
ended jobs and a long log of admin actions beside them. Then two with a data set of 500 and of many
images. Both are measured by turns.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.figures import Figure, figure_of, parser_of, tell
from benchmarks.many_pictures import make_pictures
from benchmarks.pages import PAGES, WINDOW, navigation
from devtools.live_dashboard import PATIENCE_MS, chromium, expect, running_dashboard, settle
from segcore import settings
from segcore.data.known_data_sets import STREETS
from segcore.jobs import tasks
from segcore.jobs.database import transaction

SHIPPED = settings.runs_dir()
FEW_PICTURES = 500
WITHOUT_RUNS = ("Overview", "Dataset", "Compare", "Training", "Admin")
"""Pages that have headings of their own where no run fits the data."""
WANTED = "1.5 or less"
COPIED = ("run.json", "history.csv", "class_iou.csv")
ENTRY = {"at": "2026-01-01T00:00:00+00:00", "by": "admin", "what": "x" * 400}


def make_folder(folder: Path, runs: int, jobs: int, log_bytes: int) -> None:
    """Artifacts with the shipped runs, and that much beside them."""
    shipped = [path for path in SHIPPED.iterdir() if (path / "run.json").exists()]
    for path in shipped:
        shutil.copytree(path, folder / "runs" / path.name)
    for number in range(runs):
        origin = shipped[number % len(shipped)]
        copy = folder / "runs" / f"{origin.name[:-4]}{number:04x}"
        if copy.exists():
            continue
        copy.mkdir()
        for name in COPIED:
            if (origin / name).exists():
                shutil.copy(origin / name, copy / name)
        manifest = json.loads((copy / "run.json").read_bytes())
        manifest.update(run=copy.name, shipped=False, shipped_champion=[])
        (copy / "run.json").write_text(json.dumps(manifest))
    line = json.dumps(ENTRY) + "\n"
    with open(folder / "audit.jsonl", "w") as log:
        log.writelines(line for _ in range(log_bytes // len(line)))
    os.environ["SEGCORE_ARTIFACTS"] = str(folder)
    task = tasks.dump(tasks.Training(recipe="quick-unet", data="streets"))
    with transaction() as database:
        database.executemany(
            "INSERT INTO jobs (state, task, created, finished) VALUES ('done', ?, ?, ?)",
            [(task, ENTRY["at"], ENTRY["at"])] * jobs,
        )


def command(folder: Path, *arguments: str) -> float:
    """Seconds that a command takes."""
    environment = {**os.environ, "SEGCORE_ARTIFACTS": str(folder)}
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "segcore", *arguments],
        cwd=ROOT, env=environment, check=True, capture_output=True,
    )  # fmt: skip
    return time.perf_counter() - started


def commands(few: Path, many: Path, rounds: int) -> list[Figure]:
    run = sorted(path.name for path in (few / "runs").iterdir() if "streets" in path.name)[-1]
    given = {"runs list": ("runs", "list", "--json"), "runs show": ("runs", "show", run)}
    given["runs promote"] = ("runs", "promote", run)
    found: list[Figure] = []
    for name, arguments in given.items():
        for folder in (few, many):
            command(folder, *arguments)  # the first one writes the index
        spent: dict[Path, list[float]] = {few: [], many: []}
        for number in range(rounds):
            for folder in turn(number, few, many):
                spent[folder].append(command(folder, *arguments))
        found += compared(name, *spent.values(), "s")
    return found


def pages(
    few: Path, many: Path, rounds: int, data: Mapping[Path, str], names: Sequence[str] = PAGES
) -> list[Figure]:
    """A click on a page's name until it is drawn.

    Args:
        data: name in the address of what is looked at in each folder.
    """
    log = many / "server.log"
    with (
        chromium() as browser,
        running_dashboard(few, few / "server.log") as first,
        running_dashboard(many, log) as second,
    ):
        opened = {}
        for folder, address in ((few, first), (many, second)):
            page = browser.new_page(viewport=WINDOW)
            page.goto(f"{address}/{names[-1].lower()}?data={data[folder]}")
            settle(page)
            navigation(page, names, 1)  # warm
            opened[folder] = page

        def walk(folder: Path) -> dict[str, list[float]]:
            opened[folder].bring_to_front()
            return navigation(opened[folder], names, 1)[0]

        walks = [{folder: walk(folder) for folder in turn(n, few, many)} for n in range(rounds)]
    found: list[Figure] = []
    for name in names:
        spent = ([ms for each in walks for ms in each[folder][name]] for folder in (few, many))
        found += compared(name, *spent, "ms")
    return found


def pictures(place: Path, rounds: int, many: int) -> list[Figure]:
    """A data set of 500 images, and one of many: getting to know it, pages, browsing it."""
    found: list[Figure] = []
    data: dict[Path, str] = {}
    for name, count in (("few", FEW_PICTURES), ("many", many)):
        folder = place / name / "artifacts"
        make_folder(folder, 0, 10, 10_000)
        spec = make_pictures(place / name / "pictures", count)
        known = subprocess.run(
            [sys.executable, "-m", "benchmarks.many_pictures", spec, name],
            cwd=ROOT, env={**os.environ, "SEGCORE_ARTIFACTS": str(folder)},
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        measured = json.loads(known.stdout)
        data[folder] = measured["slug"]
        found += [
            Figure(f"first look at {count} images", measured["look"], "s"),
            Figure(f"counting {count} masks, each", 1000 * measured["count"], "ms"),
            Figure("memory of that, at most", measured["peak"], "MB"),
        ]
    few, large = data
    return (
        found + pages(few, large, rounds, data, WITHOUT_RUNS) + browsing(few, large, rounds, data)
    )


def browsing(few: Path, many: Path, rounds: int, data: Mapping[Path, str]) -> list[Figure]:
    """From asking for another order of the images until the first of them is drawn."""
    with (
        chromium() as browser,
        running_dashboard(few, few / "server.log") as first,
        running_dashboard(many, many / "server.log") as second,
    ):
        opened = {}
        for folder, address in ((few, first), (many, second)):
            page = opened[folder] = browser.new_page(viewport=WINDOW)
            page.goto(f"{address}/dataset?data={data[folder]}&part=Pictures")
            settle(page)
        spent: dict[Path, list[float]] = {few: [], many: []}
        for number in range(rounds + 1):
            for folder in turn(number, few, many):
                page = opened[folder]
                page.bring_to_front()
                page.get_by_label("Sorted by").click()
                name = "Random" if number % 2 else "Rare classes first"
                shown = page.locator("figure").first
                before = shown.inner_text()
                page.get_by_role("option", name=name).click()
                begun = time.perf_counter()
                expect(shown).not_to_have_text(before, timeout=PATIENCE_MS)
                if number:
                    spent[folder].append(1000 * (time.perf_counter() - begun))
                settle(page)
    return compared("images sorted", *spent.values(), "ms")


def turn(number: int, few: Path, many: Path) -> tuple[Path, Path]:
    """Each of them is the first in every second round."""
    return (few, many) if number % 2 else (many, few)


def compared(name: str, few: list[float], many: list[float], unit: str) -> list[Figure]:
    ratio = statistics.median(many) / statistics.median(few)
    return [
        figure_of(f"{name}, few", few, unit),
        figure_of(f"{name}, many", many, unit),
        Figure(f"{name}, many / few", ratio, wanted=WANTED),
    ]


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--log-mb", type=int, default=100)
    parser.add_argument("--pictures", type=int, default=25_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=("runs", "pictures"))
    options = parser.parse_args()
    found: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        few, many = place / "few", place / "many"
        if options.only != "pictures":
            make_folder(few, 0, 10, 10_000)
            make_folder(many, options.runs, options.jobs, options.log_mb * 1_000_000)
            found += commands(few, many, options.rounds)
            found += pages(few, many, options.rounds, dict.fromkeys((few, many), STREETS))
        if options.only != "runs":
            found += pictures(place / "pictures", options.rounds, options.pictures)
    tell(found, options.json)


if __name__ == "__main__":
    main()
