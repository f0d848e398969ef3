"""The linked viewer alone on a page: what Streamlit does for it, without a server."""

import json
from typing import Any

from playwright.sync_api import Page, Route

from studio.component import joined
from studio.viewer.viewer import SCRIPTS

ADDRESS = "http://viewer.test/"

PAGE = """<!doctype html>
<style>body {{ margin: 0; font: 16px sans-serif }} {style}</style>
<div id="place"></div>
<script type="module">
{code}
const parentElement = document.querySelector("#place");
window.steps = [];
window.show = (data) => mounted({{ parentElement, data,
  setTriggerValue: (name, value) => window.steps.push(value) }});
</script>"""


def open_viewer(page: Page, data: dict[str, Any], view: str = "") -> None:
    """Shows what `viewer.payload` returned, opened by an address with that view."""
    style, code = joined(*SCRIPTS)
    html = PAGE.format(
        style=style, code=code.replace("export default function", "function mounted")
    )

    def answer(route: Route) -> None:
        route.fulfill(body=html, content_type="text/html")

    page.route(f"{ADDRESS}**", answer)
    page.goto(f"{ADDRESS}?view={view}" if view else ADDRESS)
    show(page, data)


def show(page: Page, data: dict[str, Any]) -> None:
    """Shows another image in the viewer that is open."""
    page.evaluate(
        """async (data) => {
            const [panel] = data.panels;
            window.show(data);
            const drawn = () => new Promise((done) => requestAnimationFrame(done));
            while (document.querySelector("figure b")?.textContent !== panel.title) await drawn();
            await drawn();
        }""",
        json.loads(json.dumps(data)),
    )
