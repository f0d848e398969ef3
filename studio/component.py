"""Our own pieces of the browser: Streamlit components of version 2, without a build step."""

from pathlib import Path
from typing import Any

import streamlit as st

_FOLDER = Path(__file__).parent


def component(name: str, *scripts: str) -> Any:
    """A component of some scripts in this folder, as `joined`."""
    style, code = joined(*scripts)
    return st.components.v2.component(name, css=style, js=code)


def joined(*scripts: str) -> tuple[str, str]:
    """(CSS, JavaScript) of scripts that see each other's names, each with the style of its name.

    They are joined to one module, because a component's script cannot import from another file.
    """
    paths = [_FOLDER / script for script in scripts]
    styles = (path.with_suffix(".css") for path in paths)
    return (
        "\n".join(style.read_text() for style in styles if style.exists()),
        "\n".join(path.read_text() for path in paths),
    )
