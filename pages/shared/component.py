"""Our own pieces of the browser: Streamlit components of version 2, without a build step."""

from pathlib import Path
from typing import Any

import streamlit as st

_FOLDER = Path(__file__).parent


def component(name: str, *scripts: str) -> Any:
    """A component of scripts that see each other's names, each with the style of its own name.

    They are joined to one module, because a component's script cannot import from another file.
    """
    paths = [_FOLDER / script for script in scripts]
    styles = (path.with_suffix(".css") for path in paths)
    return st.components.v2.component(
        name,
        css="\n".join(style.read_text() for style in styles if style.exists()),
        js="\n".join(path.read_text() for path in paths),
    )
