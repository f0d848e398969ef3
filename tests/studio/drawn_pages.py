"""Pages as AppTest draws them."""

import time

from streamlit.testing.v1 import AppTest

from studio.background import WORK_QUEUE
from studio.widgets.parts import PART

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
