"""A report as one HTML file that loads nothing, and its tables as files."""

import base64
import html
import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from segcore.files.writing import to_json
from segcore.presentation.tables import Cell, Kind, Table

TEMPLATE = Path(__file__).with_name("template.html")
LONG = 40  # letters from which a cell's text is broken into lines
FORMATS: dict[Kind, str] = {
    "score": ".3f",
    "difference": "+.3f",
    "percent": ".2%",
    "number": ",.1f",
    "count": ",",
}


@dataclass(frozen=True)
class Chart:
    """A figure, whose texts may be HTML of plotly's, and what it shows, in plain text."""

    caption: str
    figure: go.Figure


@dataclass(frozen=True)
class Section:
    """A part of a report; all texts are plain and are escaped when written."""

    title: str
    paragraphs: Sequence[str] = ()
    notes: Sequence[str] = ()
    charts: Sequence[Chart] = ()
    tables: Sequence[Table] = ()
    folded: Sequence[Table] = ()  # tables that only open when asked for


@dataclass(frozen=True)
class Report:
    """What is handed over.

    Attributes:
        title, lead: the finding in one sentence, and more of it.
        facts: of what and by what it was computed: name -> value.
    """

    title: str
    lead: Sequence[str]
    facts: dict[str, str]
    sections: Sequence[Section]

    @property
    def tables(self) -> list[Table]:
        return [table for part in self.sections for table in (*part.tables, *part.folded)]

    def html(self) -> bytes:
        """One HTML file: charts can be hovered over, nothing is loaded from anywhere."""
        numbers = iter(range(sum(len(section.charts) for section in self.sections)))
        facts = "".join(f"<dt>{_text(k)}</dt><dd>{_text(v)}</dd>" for k, v in self.facts.items())
        sections = []
        for section in self.sections:
            charts = "".join(_chart(chart, next(numbers)) for chart in section.charts)
            sections.append(
                f"<section><h2>{_text(section.title)}</h2>"
                + "".join(f"<p>{_text(said)}</p>" for said in section.paragraphs)
                + "".join(f"<p class='soft'>{_text(said)}</p>" for said in section.notes)
                + (f"<div class='figures'>{charts}</div>" if charts else "")
                + "".join(f"<h3>{_heading(table)}</h3>{_table(table)}" for table in section.tables)
                + "".join(
                    f"<details><summary>{_heading(table)}</summary>{_table(table)}</details>"
                    for table in section.folded
                )
                + "</section>"
            )
        return (
            Template(TEMPLATE.read_text())
            .substitute(
                title=_text(self.title),
                lead="".join(f"<p>{_text(said)}</p>" for said in self.lead),
                facts=f"<dl>{facts}</dl>",
                sections="\n".join(sections),
                plotly=get_plotlyjs(),
            )
            .encode()
        )

    def archive(self) -> bytes:
        """A ZIP file of every table as CSV and as JSON, and of the facts."""
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("report.json", to_json({"finding": self.title, **self.facts}))
            for table in self.tables:
                archive.writestr(f"{table.name}.csv", table.csv())
                archive.writestr(f"{table.name}.json", to_json(table.records()))
        return stream.getvalue()


def _text(text: str) -> str:
    return html.escape(text)


def _chart(chart: Chart, number: int) -> str:
    # "<" is the one sign by which text could leave the script that holds it.
    data = str(chart.figure.to_json()).replace("<", "\\u003c")
    height = chart.figure.layout.height or 450
    caption = _text(chart.caption)
    return (
        f"<figure><figcaption>{caption}</figcaption>"
        f"<div data-figure='figure-{number}' style='height: {height:.0f}px' role='img' "
        f"aria-label='{caption}'></div>"
        f"<script type='application/json' id='figure-{number}'>{data}</script></figure>"
    )


def _table(table: Table) -> str:
    head = "".join(
        f"<th{'' if kind == 'text' else ' class=value'}>{_text(title)}</th>"
        for title, kind in table.columns.items()
    )
    rows = "".join(
        f"<tr>{''.join(map(_cell, row, table.columns.values()))}</tr>" for row in table.rows
    )
    note = f"<p class='soft'>{_text(table.note)}</p>" if table.note else ""
    return (
        f"{note}<div class='table'><table><thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )


def _heading(table: Table) -> str:
    return f"{_text(table.title)} {_download(table, 'csv')} {_download(table, 'json')}"


def _cell(value: Cell, kind: Kind) -> str:
    if kind == "text":
        text = "–" if value is None else str(value)
        return f"<td{' class=long' if len(text) > LONG else ''}>{_text(text)}</td>"
    written = "–" if value is None else format(value, FORMATS[kind])
    return f"<td class=value>{_text(written)}</td>"


def _download(table: Table, kind: str) -> str:
    """A link to the table itself, which is in the file."""
    csv = kind == "csv"
    content = table.csv().encode() if csv else json.dumps(table.records()).encode()
    media = "text/csv" if csv else "application/json"
    data = base64.b64encode(content).decode()
    name = _text(f"{table.name}.{kind}")
    return f"<a download='{name}' href='data:{media};base64,{data}'>{kind.upper()}</a>"
