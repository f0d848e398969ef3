"""The report that is handed over: whole, quiet, harmless, and with the evaluation's own numbers."""

import base64
import csv
import io
import json
import re
import zipfile
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from segcore import evaluation
from segcore.cli import main
from segcore.evaluation import Evaluation
from segcore.evaluation.comparison import compare
from segcore.presentation.report import make_report
from segcore.presentation.tables import Table
from segcore.runs import Run
from segcore.runs.listing import listing_of
from tests.factories.made_runs import make_run, stub_predictions

Scored = tuple[Run, Evaluation]
LOADING = {"src", "href", "data", "action", "poster", "srcset"}
VOID = {"meta", "br", "img", "link", "input", "hr"}
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"


class Reader(HTMLParser):
    """Collects what a browser would do with a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.loads: list[str] = []
        self.scripts: list[str] = []
        self.text: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loads += [value or "" for name, value in attrs if name in LOADING]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        (self.scripts if self.open and self.open[-1] == "script" else self.text).append(data)


@pytest.fixture
def scored(camvid: Path, monkeypatch: pytest.MonkeyPatch) -> list[Scored]:
    stub_predictions(monkeypatch)
    runs = [make_run(model, camvid) for model in ("unet", "danet")]
    return [(run, evaluation.evaluate(run, f"camvid:{camvid}", "val")) for run in runs]


def charts(reader: Reader) -> list[dict[str, Any]]:
    return [json.loads(text) for text in reader.scripts if text.startswith('{"data"')]


def decoded(values: dict[str, str]) -> list[float]:
    """An array as plotly writes it."""
    return list(np.frombuffer(base64.b64decode(values["bdata"]), values["dtype"]))


def test_the_file_is_whole_and_loads_nothing(scored: list[Scored]) -> None:
    page = make_report(*scored).html().decode()
    reader = Reader(page)
    assert reader.open == []
    assert reader.loads and all(value.startswith("data:") for value in reader.loads)
    assert {"link", "iframe", "object", "embed", "base"}.isdisjoint(reader.tags)
    assert "default-src 'none'" in page
    style = re.search(r"<style>(.*?)</style>", page, re.S)
    assert style is not None
    assert "url(" not in style[1] and "@import" not in style[1]
    assert len([text for text in reader.scripts if "plotly.js" in text[:500]]) == 1


def test_charts_and_tables_hold_the_evaluations_numbers(scored: list[Scored]) -> None:
    made = make_report(*scored)
    reports = [evaluation.report() for _, evaluation in scored]
    compared = compare(scored[0][1], scored[1][1]).report()
    bars, differences = charts(Reader(made.html().decode()))[:2]
    for trace, report in zip(bars["data"], reports, strict=True):
        expected = [report["per_class"][name]["iou"] for name in trace["y"]]
        assert trace["x"] == pytest.approx(expected)
    points = next(trace for trace in differences["data"] if trace["mode"] == "markers")
    deltas = [compared["per_class"][name]["delta"] for name in points["y"]]
    assert decoded(points["x"]) == pytest.approx(deltas)
    scores, classes, *_ = made.tables
    assert scores.records()[0]["A · U-Net"] == reports[0]["mean_iou"]
    road = next(row for row in classes.records() if row["Class"] == "road")
    assert [road["95 % from"], road["95 % to"]] == compared["per_class"]["road"]["ci95"]


def test_it_says_what_it_is_of(scored: list[Scored]) -> None:
    (a, of_a), (b, _) = scored
    said = " ".join(Reader(make_report(*scored).html().decode()).text)
    for known in (a.name, b.name, a.weights_hash, b.weights_hash, of_a.identity.data_sha256):
        assert str(known) in said
    assert "val split" in said and "32x24" in said and "camvid-11" in said


def test_hostile_names_stay_text(scored: list[Scored]) -> None:
    (a, of_a), b = scored
    recipe = {**a.manifest.recipe, "name": HOSTILE}
    said = msgspec.structs.replace(a.manifest, model=HOSTILE, recipe=recipe, device=HOSTILE)
    hostile = replace(a, listing=listing_of(said), opened=(said, dict(a.record)))
    page = make_report((hostile, replace(of_a, spec=f"camvid:{HOSTILE}")), b).html().decode()
    reader = Reader(page)
    assert reader.open == []
    assert "img" not in reader.tags
    assert not any(text == "alert(1)" for text in reader.scripts)
    assert any(HOSTILE in text for text in reader.text)
    names = {trace.get("name") for chart in charts(reader) for trace in chart["data"]}
    assert not any("<" in name for name in names if name)


def test_no_cell_is_a_formula() -> None:
    table = Table("t", "T", {"=A": "text", "B": "score"}, [["=HYPERLINK(0)", -0.5], ["fine", None]])
    rows = list(csv.reader(io.StringIO(table.csv())))
    assert rows == [["'=A", "B"], ["'=HYPERLINK(0)", "-0.5"], ["fine", ""]]


def test_images_that_differ_are_said_and_not_compared(scored: list[Scored]) -> None:
    a, (run, of_b) = scored
    other = replace(of_b, identity=replace(of_b.identity, data_sha256="other"))
    made = make_report(a, (run, other))
    assert made.title == "U-Net and DANet cannot be compared"
    assert "different data" in made.lead[0]
    assert Reader(made.html().decode()).open == []


def test_the_command_line_writes_both_kinds(
    scored: list[Scored], camvid: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (a, of_a), (b, _) = scored
    arguments = ["report", "--a", a.name, "--b", b.name, "--data", f"camvid:{camvid}", "--out"]
    assert main([*arguments, str(tmp_path / "report.html")]) == 0
    assert Reader((tmp_path / "report.html").read_text()).open == []
    assert main([*arguments, str(tmp_path / "tables.zip")]) == 0
    with zipfile.ZipFile(tmp_path / "tables.zip") as archive:
        names = set(archive.namelist())
        (first, *_) = json.loads(archive.read("scores.json"))
        confusion = list(csv.DictReader(io.StringIO(archive.read("confusion-a.csv").decode())))
    assert {"scores.csv", "classes.csv", "categories.json", "confusion-b.json"} <= names
    assert first["A · U-Net"] == of_a.report()["mean_iou"]
    assert sum(int(row["building"]) for row in confusion) == of_a.matrix[:, 11].sum()
    capsys.readouterr()
    assert main([*arguments, str(tmp_path / "report.pdf")]) == 2
    assert "ends in .html" in capsys.readouterr().err
