"""A report as one HTML file that loads nothing, and its tables as files."""

import base64
import functools
import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import plotly.graph_objects as go
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from segcore.files.writing import to_json
from segcore.presentation.tables import Kind, Table

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
        template = _environment().get_template("template.html")
        return template.render(report=self, plotly=get_plotlyjs(), long=LONG).encode()

    def archive(self) -> bytes:
        """A ZIP file of every table as CSV and as JSON, and of the facts."""
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("report.json", to_json({"finding": self.title, **self.facts}))
            for table in self.tables:
                archive.writestr(f"{table.name}.csv", table.csv())
                archive.writestr(f"{table.name}.json", to_json(table.records()))
        return stream.getvalue()


@functools.cache
def _environment() -> Environment:
    """Jinja's, which escapes every text that it writes."""
    loader = FileSystemLoader(Path(__file__).parent)
    environment = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["number"] = lambda value, kind: format(value, FORMATS[kind])
    environment.filters["base64"] = lambda text: base64.b64encode(text.encode()).decode()
    environment.filters["json"] = json.dumps
    environment.filters["figure_json"] = _figure_json
    return environment


def _figure_json(figure: go.Figure) -> Markup:
    """JSON inside a script element; "<" is the one character by which text could end it."""
    return Markup(str(figure.to_json()).replace("<", "\\u003c"))
