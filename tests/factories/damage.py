"""An artifacts/ folder of every kind of file that somebody else may have made, and ways to damage
one of them. Damage is drawn from a source of choices, so that a failing case can be kept."""

import io
import json
import random
import sqlite3
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from segcore import evaluation, jobs, runs, settings
from segcore.evaluation import corruptions, robustness
from segcore.evaluation.cost import Cost, Timing, _write
from segcore.evaluation.generalization import LEFT_OUT, LeftOutScore
from segcore.files.reading import Plain
from segcore.files.writing import to_json, write_atomically
from segcore.jobs import Job, audit
from segcore.jobs.admission import ADMISSIONS
from segcore.jobs.tasks import Preparation, Scoring
from segcore.runs import Run
from segcore.runs.writer import RunWriter, class_iou_csv, write_progress
from tests.factories.made_runs import make_run

MARKUP = "![x](https://evil.example/x.png) <img src=https://evil.example/y> \x1b[31m\nrow :red[z]"
VALUES: tuple[Any, ...] = (
    None, True, False, -1, 0, 1, 2**31, 10**9, 10**30, -(10**400), 0.5, -1e308, 1e400, float("nan"),
    "", "x", "yesterday", "2025-01-01", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59",
    "x" * 5000, "\ud800", "\0", "../../../etc/passwd", MARKUP, "=1+1", [], {}, [1], [[]], {"": 1},
    [10**9, 10**9], [0, 0], [1536, 3072], ["x", "y"], {"name": "x"}, {"epoch": 0, "mean_iou": 2},
)  # fmt: skip
TEXTS = (
    b"", b"5", b"[1]", b"null", b"{}", b"[]", b'"x"', b"NaN", b"\xff\xfe\x00", b"{" * 3000,
    b"[" * 100_000, b"1" * 6000, b'{"a":' * 500, b"\x00" * 100, b"epoch,loss\n", b"epoch\n1\n1\n",
)  # fmt: skip
TRAINING = "unet-camvid-20250102-000000-abcd"
CELLS = ("", "x", "nan", "inf", "-1", "0", "1e400", "1,2", '"', "=1+1", "\x00", "9" * 400, "1.5")
ROWS = ("task", "run", "reason", "attempt", "retries", "device", "worker", "lease_until",
        "process_group", "created", "started", "finished", "priority")  # fmt: skip
TASKS = (
    '{"kind": "distil", "data": "streets"}', '{"kind": "prepare", "data": "streets", "gpus": 8}',
    '{"kind": "train", "recipe": {"name": "x"}}', '{"kind": "train"}', '{"kind": ["x"]}', "[1]", "",
    '{"kind": "evaluate", "scored": 5, "data": null}', '{"kind": "prepare", "data": 10}',
)  # fmt: skip


def make_studio(camvid: Path) -> tuple[Run, Run]:
    """Two runs with everything that is kept of a run, and one of each list."""
    spec, keys = f"camvid:{camvid}", ("film0_000", "film1_001")
    both = []
    for model in ("unet", "danet"):
        run = make_run(model, camvid, keys=keys)
        rows = [
            dict.fromkeys(runs.class_iou_columns(run.label_space), 0.5) | {"epoch": e}
            for e in (1.0, 2.0, 3.0)
        ]
        RunWriter.reopen(run).commit_epoch({runs.CLASS_IOU: class_iou_csv(rows, run.label_space)})
        run = runs.get_run(run.name)
        scored = evaluation.evaluate(run, spec, "val")
        shape = (len(corruptions.SEVERITIES), 34, 34)
        counts = {name: np.ones(shape, np.int64) for name in corruptions.CORRUPTIONS}
        robustness._write(run, robustness._robustness(scored, counts))
        left_out = LeftOutScore(
            Plain("unet-x"), [Plain("film1")], 3, 0.2, 0.4, 60.0, Plain("camvid-11"), Plain("32x24")
        )
        write_atomically(run.path / LEFT_OUT, to_json(msgspec.structs.asdict(left_out)))
        timing = Timing(1, 24, 32, 8, 1.0, 2.0, 5.0, None)
        _write(run, Cost(run.name, str(run.weights_hash), 1, runs.now(), "CPU", 10, (timing,)))
        both.append(run)
    for run in both:
        runs.promote(run)
        runs.promote(run)
    runs.promote(both[0], runs.PHOTOS)
    runs.rollback(both[0].model, runs.identity_of(both[0]))
    write_atomically(settings.datasets_path(), to_json([spec]))
    write_atomically(settings.data_names_path(), to_json({spec: "Two films"}))
    audit.record("tester", "promoted a run")
    admission = ADMISSIONS.issue("tester")
    jobs.enqueue(Scoring(both[0].name, spec), admission)
    trained = jobs.enqueue(Preparation(spec), admission)
    _run_at_once(jobs.enqueue(Preparation("streets"), admission), run=None)
    _run_at_once(trained, run=make_training(camvid).name)
    return both[0], both[1]


def make_training(camvid: Path) -> Run:
    """One that is under way for whoever holds its lock."""
    run = make_run("unet", camvid, epochs=2, status="running")
    write_progress(run.path, {"epoch": 1, "epochs": 3, "step": 2, "steps": 9, "loss": 0.5})
    return run


def _run_at_once(job: Job, run: str | None) -> None:
    """The job is under way, as a worker that claimed it would say."""
    job.folder.mkdir(parents=True)
    job.progress_path.write_bytes(to_json({"done": 1, "total": 9, "label": "val"}))
    job.log_path.write_text("begins\n")
    with sqlite3.connect(settings.jobs_path()) as database:
        database.execute(
            "UPDATE jobs SET state = 'running', run = ?, worker = 'w', attempt = 1,"
            " lease_until = ?, started = created, device = 'CPU' WHERE id = ?",
            (run, time.time() + 3600, job.id),
        )
    database.close()


def damageable() -> list[Path]:
    """Every file of artifacts/ that is read by a schema, the same order each time."""
    names = ("*.json", "*.csv", "*.npz", "*.jsonl", "snapshots/*.png", "*.sqlite3")
    root = settings.artifacts_dir()
    folders = [root, *(root / name for name in ("costs", "digests"))]
    folders += [*sorted((root / "runs").iterdir()), *sorted((root / "jobs").iterdir())]
    return [path for folder in folders for name in names for path in sorted(folder.glob(name))]


def damage(path: Path, choose: random.Random) -> None:
    """Changes one thing about the file."""
    if path.suffix == ".sqlite3":
        _damage_row(path, choose)
        return
    data = path.read_bytes()
    ways: list[Callable[[bytes, random.Random], bytes]] = [_cut, _flip, _replace]
    of_kind = {".json": _damage_json, ".csv": _damage_cell, ".npz": _damage_array}
    if path.suffix in of_kind:
        ways += [of_kind[path.suffix]] * 9
    path.write_bytes(choose.choice(ways)(data, choose))


def _cut(data: bytes, choose: random.Random) -> bytes:
    return data[: choose.randrange(len(data) + 1)]


def _flip(data: bytes, choose: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(choose.choice((1, 3, 30))):
        changed[choose.randrange(len(changed))] = choose.randrange(256)
    return bytes(changed)


def _replace(data: bytes, choose: random.Random) -> bytes:
    return choose.choice(TEXTS)


def _damage_json(data: bytes, choose: random.Random) -> bytes:
    value = json.loads(data)
    places: list[tuple[Any, Any]] = []
    waiting = [value]
    while waiting:
        held = waiting.pop()
        keys = held if isinstance(held, dict) else range(len(held))
        for key in keys:
            places.append((held, key))
            if isinstance(held[key], dict | list):
                waiting.append(held[key])
    holder, key = choose.choice(places)
    match choose.randrange(4):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, dict):
            holder[choose.choice(("x", "", MARKUP, "recipe", "size"))] = choose.choice(VALUES)
        case _:
            holder[key] = choose.choice(VALUES)
    return json.dumps(value).encode()


def _damage_cell(data: bytes, choose: random.Random) -> bytes:
    lines = data.decode().splitlines()
    row = choose.randrange(len(lines))
    cells = lines[row].split(",")
    cells[choose.randrange(len(cells))] = choose.choice(CELLS)
    lines[row] = ",".join(cells[: choose.choice((len(cells), 1))])
    return "\n".join(lines).encode()


def _damage_array(data: bytes, choose: random.Random) -> bytes:
    with np.load(io.BytesIO(data)) as stored:
        arrays = dict(stored)
    name = choose.choice(sorted(arrays))
    array = arrays[name]
    stream = io.BytesIO()
    way = choose.randrange(8)
    if way == 0:
        del arrays[name]
    elif way == 1:
        arrays[name] = array.ravel()[:1]
    elif way == 2:
        arrays[name] = np.zeros(array.shape, choose.choice(("f4", "c16", "S3", "U9", "?", "u1")))
    elif way == 3:
        arrays[name] = np.zeros((0, *array.shape[1:]), array.dtype)
    elif way == 4 and array.dtype.kind in "iuf":
        arrays[name] = np.full(array.shape, choose.choice((-1, 0, 2**62, 1)), array.dtype)
    elif way == 5 and array.dtype.kind == "U":
        arrays[name] = np.full(array.shape, choose.choice((MARKUP, "", "[1]", "{}", "\ud800")))
    np.savez(stream, **arrays)
    if way >= 6:
        return _with_header(stream.getvalue(), name, choose)
    return stream.getvalue()


def _with_header(data: bytes, name: str, choose: random.Random) -> bytes:
    """The array declares a shape of its own."""
    shape = choose.choice(("(10000000000000,)", "(-1,)", "(1 << 60, 34, 34)", "()", "(3, 'x')"))
    header = f"{{'descr': '<i8', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    member = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode()
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w") as new:
        for entry in old.namelist():
            new.writestr(entry, member if entry == f"{name}.npy" else old.read(entry))
    return stream.getvalue()


def _damage_row(path: Path, choose: random.Random) -> None:
    column = choose.choice(ROWS)
    value = choose.choice(TASKS if column == "task" else (*CELLS, 5, -1, b"\xff", 10**12, MARKUP))
    with sqlite3.connect(path) as database:
        database.execute(
            f"UPDATE jobs SET {column} = ? WHERE id = ?", (value, choose.randrange(1, 4))
        )
    database.close()
