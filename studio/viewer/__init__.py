"""The linked viewer: a Streamlit component of version 2, its own JavaScript, no network.

Python sends one image with its masks (`viewer.py`, `panels.py`); all that a visitor does with it
happens in the browser: `viewer.js` holds the panels and the view, `controls.js` the bar and the
legend, `pointing.js` mouse and touch, `epochs.js` what is played, `screen.js` the whole screen,
`drawing.js` a panel's pixels, `choices.js` what was chosen and how it stands in the address.
"""

from studio.viewer.panels import (
    DIFFERENCES,
    OUTCOMES,
    SMALLEST_SHARE,
    Frame,
    Panel,
    Side,
    difference_panels,
    outcome_panel,
)
from studio.viewer.viewer import payload, show_payload, show_viewer

__all__ = [
    "DIFFERENCES",
    "OUTCOMES",
    "SMALLEST_SHARE",
    "Frame",
    "Panel",
    "Side",
    "difference_panels",
    "outcome_panel",
    "payload",
    "show_payload",
    "show_viewer",
]
