"""What the documentation points at exists: links, headings, files, and functions in images."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
LINK = re.compile(r"\]\((?!https?:)([^)#]*)(#[^)]*)?\)")
FILE = re.compile(r"`((?:segcore|studio|pages|tests|benchmarks|devtools|docs)/[\w./]+)`")
DOTTED = re.compile(r"`((?:segcore|studio)(?:\.\w+)+)`")
CALL = re.compile(r"^ +\w+->>(\w+): ([\w.]+)", re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """Of each heading, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@cache
def names_in(path: Path) -> frozenset[str]:
    """All that a file defines, imports or assigns, at any depth."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.ImportFrom):
            found |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
    return frozenset(found)


def exists(dotted: str) -> bool:
    """Whether there is such a module, or such names in one."""
    path, *rest = dotted.split(".")
    place = ROOT / path
    while rest and (place / rest[0]).is_dir():
        place /= rest.pop(0)
    if rest and (place / f"{rest[0]}.py").is_file():
        file = place / f"{rest.pop(0)}.py"
    else:
        file = place / "__init__.py"
    return file.is_file() and set(rest) <= names_in(file)


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_links_lead_somewhere(page: Path) -> None:
    for path, anchor in LINK.findall(page.read_text()):
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), path
        assert not anchor or anchor[1:] in anchors(target), f"{path}{anchor}"


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_files_and_modules_are_there(page: Path) -> None:
    text = page.read_text()
    assert [name for name in FILE.findall(text) if not (ROOT / name).exists()] == []
    assert [name for name in DOTTED.findall(text) if not exists(name)] == []


def test_the_pictures_of_the_architecture_name_real_functions() -> None:
    calls = CALL.findall((ROOT / "docs" / "architecture.md").read_text())
    assert len(calls) > 30
    for room, name in calls:
        place = "studio" if room == "studio" else f"segcore.{room}"
        assert exists(f"{place}.{name}"), f"{room}: {name}"


def test_the_index_lists_every_page() -> None:
    index = (ROOT / "docs" / "README.md").read_text()
    for page in (ROOT / "docs").glob("*.md"):
        assert page.name == "README.md" or f"({page.name})" in index
