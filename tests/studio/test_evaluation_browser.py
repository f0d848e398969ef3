"""What only a real click shows: charts of the Evaluate page open the images behind them."""

import os
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, Position, expect

from devtools.live_dashboard import find_chromium, labelled, settle

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        find_chromium() is None and not os.environ.get("SEGCORE_REQUIRE_BROWSER"),
        reason="browser tests left out: no Chromium is installed",
    ),
]

BARS, CONFUSION_A = 0, 0  # of the charts of a part, from the top


def click_chart(page: Page, chart: int, across: float, down: float) -> None:
    """Clicks at a share of the width and the height of a chart's plot, once it is seen to react."""
    figure = page.locator(".js-plotly-plot").nth(chart)
    figure.scroll_into_view_if_needed()
    plot = figure.locator(".nsewdrag").first
    size = plot.bounding_box()
    assert size is not None
    place: Position = {"x": size["width"] * across, "y": size["height"] * down}
    for _ in range(40):  # a chart is drawn before it listens
        plot.hover(position=place)
        page.wait_for_timeout(250)
        if figure.locator(".hoverlayer .hovertext").count():
            break
        page.mouse.move(0, 0)
    plot.click(position=place)


def test_a_cell_and_a_bar_open_where_it_happens_and_again(page: Page, address: str) -> None:
    page.goto(f"{address}/evaluate?data=streets&part=Mistakes")
    settle(page)
    expect(page.locator(".js-plotly-plot").nth(CONFUSION_A)).to_be_visible()
    dialog = page.get_by_role("dialog")
    for _ in range(2):  # the same cell twice
        click_chart(page, CONFUSION_A, 0.03, 0.03)
        expect(dialog).to_contain_text("road called road")
        settle(page)  # what a script still sends opens a dialog again that was closed meanwhile
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
    page.get_by_text("Scores", exact=True).click()
    expect(page.get_by_text("two classes of one category")).to_be_visible()  # the end of that part
    settle(page)
    expect(dialog).to_have_count(0)
    click_chart(page, BARS, 0.02, 0.02)
    expect(dialog).to_contain_text("U-Net")
    expect(dialog).to_contain_text("missed, or seen where there is none")
    page.keyboard.press("r")  # runs the page again, as it does by itself when the engine is ready
    settle(page)
    expect(dialog).to_contain_text("missed, or seen where there is none")


def test_the_robustness_lab_spoils_an_image_for_both(page: Page, address: str) -> None:
    page.goto(f"{address}/evaluate?data=streets&part=Robustness")
    settle(page)
    page.get_by_role("radio", name="night").click()
    labelled(page)
    expect(page.locator("[data-panel='photo']")).to_contain_text("night, severity 3")
    score = page.get_by_test_id("stMetric").filter(has_text="U-Net, mean IoU of this image")
    at_night = score.get_by_test_id("stMetricValue").inner_text()
    slider = page.get_by_role("slider", name="Severity")
    slider.press("ArrowRight")
    expect(page.locator("[data-panel='photo']")).to_contain_text("night, severity 4")
    expect(score.get_by_test_id("stMetricValue")).not_to_have_text(at_night)


def test_the_report_is_handed_over_and_loads_nothing(
    page: Page, address: str, tmp_path: Path
) -> None:
    page.goto(f"{address}/evaluate?data=streets")
    settle(page)
    page.get_by_role("button", name="Report").click()
    with page.expect_download() as tables:
        page.get_by_role("button", name="Tables as CSV and JSON").click()
    with zipfile.ZipFile(tables.value.path()) as archive:
        assert {"report.json", "classes.csv", "scores.csv"} <= set(archive.namelist())
    with page.expect_download() as report:
        page.get_by_role("button", name="One HTML file").click()
    report.value.save_as(tmp_path / "report.html")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((tmp_path / "report.html").as_uri())
    expect(page.locator(".js-plotly-plot .barlayer").first).to_be_visible()
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
