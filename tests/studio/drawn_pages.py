"""Pages as AppTest draws them."""

import json
import time
from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

from studio.background import WORK_QUEUE
from studio.widgets.parts import PART

ROOT = Path(__file__).resolve().parents[2]
RUN_A = "unet-camvid-20250101-000000-aaaa"
RUN_B = "unet-camvid-20250101-000000-bbbb"
"""The runs of the fixture `two_runs`."""

PANELS = ["photo", "truth", "a", "b"]
PATIENCE_SECONDS = 60


def when_done(app: AppTest) -> AppTest:
    """The page as it is drawn when what runs in the background has ended."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while WORK_QUEUE.unfinished() and time.monotonic() < deadline:
        time.sleep(0.02)
    return app.run()


def open_part(app: AppTest, name: str) -> AppTest:
    """The part of that name of a page that shows one at a time."""
    (parts,) = (group for group in app.button_group if group.key == PART)
    parts.set_value(name).run()
    assert not app.exception
    return app


def text(app: AppTest) -> str:
    """All that the page says outside of its widgets and tables, a line per element."""
    said = (app.title, app.markdown, app.caption)
    boxes = (app.info, app.success, app.warning, app.error, app.toast)
    return "\n".join(str(element.value) for kind in (*said, *boxes) for element in kind)


def open_page(name: str, **address: str) -> AppTest:
    """The page under the dashboard, opened by an address; it must not fail."""
    app = AppTest.from_file(str(ROOT / "dashboard.py"), default_timeout=120)
    for key, value in address.items():
        app.query_params[key] = value
    app.run()
    if name != "overview":
        app.switch_page(f"pages/{name}.py")
        for key, value in address.items():  # which a change of the page empties
            app.query_params[key] = value
        app.run()
    assert not app.exception
    return app


def viewer_data(app: AppTest, name: str) -> dict[str, Any]:
    """What the viewer of that name is sent."""
    sent = [json.loads(element.proto.json) for element in app.get("bidi_component")]
    (found,) = (data for data in sent if data.get("name") == name)
    return found
