"""Our own pieces of the browser: Streamlit components of version 2, without a build step."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from PIL import Image

from pages.shared.viewer import data_url

_FOLDER = Path(__file__).parent


def component(name: str, *scripts: str) -> Any:
    """The component NAME, styled by NAME.css, from scripts that see each other's names.

    They are joined to one module, because a component's script cannot import from another file.
    """
    return st.components.v2.component(
        name,
        css=(_FOLDER / f"{name}.css").read_text(),
        js="\n".join((_FOLDER / script).read_text() for script in scripts),
    )


def grey_png(values: np.ndarray) -> str:
    """(H, W) uint8 as the address of a grey PNG, which masks.js reads."""
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, "PNG")
    return data_url(buffer.getvalue(), "png")
