"""The main path in a real browser, with the shipped runs."""

import http.client
import os
import re
import time
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from devtools.live_dashboard import (
    PAGE_BYTES,
    PATIENCE_MS,
    Traffic,
    find_chromium,
    labelled,
    settle,
)
from segcore import runs
from segcore.data.sources import open_source
from segcore.data.sources.streets import render_scene
from segcore.labels import CITYSCAPES
from studio.widgets.presenting import STATIONS

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        find_chromium() is None and not os.environ.get("SEGCORE_REQUIRE_BROWSER"),
        reason="browser tests left out: no Chromium is installed",
    ),
]


def test_the_token_is_printed_before_anyone_comes(address: str, studio: Path) -> None:
    log = studio / "server.log"
    deadline = time.monotonic() + 10  # the server answers a moment before
    while "Admin token: " not in log.read_text() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert log.read_text().count("Admin token: ") == 1


def handshake(address: str, origin: str, host: str | None = None) -> int:
    """Status of the answer to a WebSocket's request: 101 where the server would talk."""
    server = urlsplit(address)
    connection = http.client.HTTPConnection(str(server.hostname), server.port, timeout=30)
    connection.putrequest("GET", "/_stcore/stream", skip_host=True)
    headers = {
        "Host": host or server.netloc, "Origin": origin, "Connection": "Upgrade",
        "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "c2VnbWVudGF0aW9uMTIzNA==",
    }  # fmt: skip
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    status = connection.getresponse().status
    connection.close()
    return status


def test_only_its_own_pages_reach_the_server(address: str) -> None:
    assert handshake(address, origin=address) == 101
    assert handshake(address, origin="https://elsewhere.example") == 403
    rebound = "elsewhere.example:8501"  # a foreign name that was made to point at this server
    assert handshake(address, origin=f"http://{rebound}", host=rebound) == 403


def test_compare_one_image(page: Page, address: str) -> None:
    page.goto(f"{address}/compare?data=streets")
    settle(page)
    labelled(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text("IoU")
    before = page.url
    page.get_by_role("button", name="Next", exact=True).click()
    expect(page).not_to_have_url(before)  # the image is in the address, a link shows the same
    settle(page)
    labelled(page)


def test_a_promotion_takes_nobodys_choice_away(
    page: Page, address: str, studio: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEGCORE_ARTIFACTS", str(studio / "artifacts"))
    champion = runs.champion("unet", "streets")
    other = next(
        run for run in runs.list_runs() if run.model == "unet" and run.name != champion.name
    )
    page.goto(f"{address}/compare?data=streets&a={other.name}&b={champion.name}")
    labelled(page)
    runs.promote(other, "streets")  # the stars in the labels move
    try:
        for place in (2, 3):
            page.get_by_role("button", name="Next", exact=True).click()
            expect(page.get_by_text(f", {place} of 120")).to_be_visible()
            settle(page)
        assert other.name in page.url and champion.name in page.url
        expect(page.get_by_test_id("stToast")).to_have_count(0)
    finally:
        runs.rollback("unet", "streets")


def test_no_page_weighs_more_than_a_phone_waits_for(page: Page, address: str) -> None:
    page.goto(f"{address}/?data=streets")
    settle(page)
    traffic = Traffic(page)
    weight: dict[str, int] = {}
    names = ("Compare", "Evaluation", "Training", "Dataset", "Upload", "Admin", "Overview")
    for name in (*names, *names):  # the first round brings Streamlit's scripts as well
        with traffic.counted(weight, name):
            page.get_by_test_id("stSidebarNavLink").filter(has_text=name).click()
            settle(page)
    assert all(0 < size < PAGE_BYTES for size in weight.values()), weight


def test_back_takes_one_press_a_step_and_finds_the_part_again(page: Page, address: str) -> None:
    def go_to(name: str, expected: str) -> None:
        page.get_by_test_id("stSidebarNavLink").filter(has_text=name).click()
        expect(page).to_have_url(re.compile(expected))

    def go_back(expected: str) -> None:
        page.go_back()
        expect(page).to_have_url(re.compile(expected))

    page.goto(f"{address}/dataset")
    settle(page)
    page.get_by_test_id("stButtonGroup").get_by_text("Health", exact=True).click()
    expect(page).to_have_url(re.compile("part=Health"))
    settle(page)
    # What a page writes into its address it has written before it labels anything.
    go_to("Training", "/training\\?.*data=streets")
    go_to("Compare", "/compare\\?.*image=val-0000")
    go_to("Upload", "/upload\\?.*data=streets")
    go_back("/compare\\?.*image=val-0000")
    go_back("/training\\?.*data=streets")
    go_back("/dataset\\?.*part=Health")
    expect(page.get_by_role("heading", name="Data health")).to_be_visible()
    go_back("/dataset\\?(?!.*part=)")
    page.go_back()  # and out: opening the page was one step too
    assert page.url == "about:blank"


def test_back_and_forward_go_through_the_parts_of_a_page_and_take_none_along(
    page: Page, address: str
) -> None:
    headings = {
        "Scores": "Scoreboard",
        "Robustness": "Over the whole split",
        "Cost": "What they cost",
    }

    def is_open(part: str) -> None:
        expect(page.get_by_role("heading", name=headings[part])).to_be_visible()
        expect(page.get_by_role("radio", name=part)).to_be_checked()
        settle(page)

    page.goto(f"{address}/evaluate?data=streets")
    is_open("Scores")
    for part in ("Robustness", "Cost"):
        page.get_by_test_id("stButtonGroup").get_by_text(part, exact=True).click()
        is_open(part)
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Dataset").click()
    expect(page).to_have_url(re.compile("/dataset\\?(?!.*part=)"))
    settle(page)
    for part in ("Cost", "Robustness", "Scores"):
        page.go_back()
        is_open(part)
    for part in ("Robustness", "Cost"):
        page.go_forward()
        is_open(part)


def test_a_presenter_walks_through_the_stations_by_the_arrow_keys(page: Page, address: str) -> None:
    page.goto(f"{address}/?data=streets")
    settle(page)
    page.get_by_role("button", name="Present").click()
    for number, station in enumerate(STATIONS, start=1):
        expect(page).to_have_url(re.compile(f"present={number}"))
        expect(page.get_by_text(f"{number} of 7 · {station.title}")).to_be_visible()
        expect(page.get_by_test_id("stSidebar")).to_be_hidden()
        settle(page)
        smallest = page.evaluate(SMALLEST_TEXT)
        assert smallest["size"] >= 18, smallest
        page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_text("6 of 7 · Your photo")).to_be_visible()
    settle(page)
    page.get_by_role("button", name="End").click()
    expect(page.get_by_test_id("stSidebar")).to_be_visible()
    expect(page).to_have_url(re.compile("/upload\\?(?!.*present=)"))


SMALLEST_TEXT = """() => {
  const found = {size: 1000};
  for (const element of document.querySelectorAll("[data-testid=stMain] *")) {
    const own = [...element.childNodes].some(
      (node) => node.nodeType === 3 && node.textContent.trim());
    const size = parseFloat(getComputedStyle(element).fontSize);
    const isShown = element.getBoundingClientRect().height > 1 && element.checkVisibility();
    if (own && isShown && size < found.size) {
      Object.assign(found, {size, text: element.textContent.slice(0, 80)});
    }
  }
  return found;
}"""
"""The smallest text on the page, in pixels."""


def test_an_admin_stays_signed_in_when_the_page_is_loaded_anew(
    page: Page, address: str, studio: Path
) -> None:
    page.goto(f"{address}/admin")
    token = re.findall("Admin token: (\\S+)", (studio / "server.log").read_text())[-1]
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Sign in").click()
    sign_out = page.get_by_role("button", name="Sign out")
    with page.expect_response("**/stay") as answered:
        expect(sign_out).to_be_visible()
    assert answered.value.status == 204
    (cookie,) = (c for c in page.context.cookies() if c["name"].startswith("segmentation_studio"))
    assert cookie["httpOnly"] and cookie["sameSite"] == "Strict"
    page.reload()
    sign_out.click()
    expect(page.get_by_label("Token")).to_be_visible()
    page.reload()
    expect(page.get_by_label("Token")).to_be_visible()


COLOR_AT = """(canvas, [x, y]) => [...canvas.getContext('2d').getImageData(
    Math.floor(x * canvas.width), Math.floor(y * canvas.height), 1, 1).data].slice(0, 3)"""


def test_the_viewer_moves_every_panel_as_one(page: Page, address: str) -> None:
    source = open_source("streets")
    item = next(item for item in source.items("val") if item.key == "val-0003")
    mask = source.read(item).mask
    x, y = 0.3, 0.8
    truth = CITYSCAPES.labels[mask[int(y * mask.shape[0]), int(x * mask.shape[1])]]

    page.goto(f"{address}/compare?data=streets&image=val-0003")
    settle(page)
    labelled(page)
    viewer, readout = page.locator(".viewer"), page.locator(".readout")
    panel = page.locator("figure[data-panel='truth'] canvas")
    box = panel.bounding_box()
    assert box is not None
    panel.hover(position={"x": x * box["width"], "y": y * box["height"]})
    expect(readout).to_contain_text(f"Truth: {truth.name}")
    expect(readout).to_contain_text(re.compile(r"A · U-Net: [a-z ]+ \d+ %"))

    page.get_by_label("Overlay opacity").hover()  # a cross marks the place while one points at it
    page.get_by_label("Overlay opacity").fill("100")  # then a mask's colours are exact
    page.wait_for_timeout(200)
    assert tuple(panel.evaluate(COLOR_AT, [x, y])) == truth.color

    entry = page.locator(".legend").get_by_role("button", name=truth.name, exact=True)
    entry.click()
    expect(entry).to_have_attribute("aria-pressed", "false")
    page.wait_for_timeout(200)
    assert tuple(panel.evaluate(COLOR_AT, [x, y])) != truth.color

    panel.dblclick()
    expect(viewer).to_have_attribute("data-zoom", "2.000")
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile("image=val-0004"))
    settle(page)
    labelled(page)
    expect(viewer).to_have_attribute("data-zoom", "2.000")  # kept for the next image

    page.get_by_label("Masks as").select_option("outlined")
    page.wait_for_url(re.compile("view=.*outlined"))
    other = page.context.new_page()
    other.goto(page.url)
    settle(other)
    labelled(other)
    expect(other.locator("code", has_text="val-0004")).to_be_visible()
    for name in ("data-zoom", "data-x", "data-y"):
        expect(other.locator(".viewer")).to_have_attribute(name, str(viewer.get_attribute(name)))
    assert other.get_by_label("Masks as").input_value() == "outlined"
    other.close()


def test_thumbnails_name_what_is_under_the_pointer(page: Page, address: str) -> None:
    page.goto(f"{address}/dataset?data=streets&part=Pictures")
    settle(page)
    gallery = page.locator(".gallery").first
    key = gallery.locator("figcaption").first.text_content()
    source = open_source("streets")
    item = next(item for item in source.items("train") if item.key == key)
    mask = source.read_mask(item)
    y = int(0.9 * mask.shape[0])
    # A place well inside of one label, as the thumbnail is smaller than the mask.
    x = next(
        x
        for x in range(20, mask.shape[1], 5)
        if len(np.unique(mask[y - 6 : y + 7, x - 6 : x + 7])) == 1
    )
    picture = gallery.locator(".picture").first
    box = picture.bounding_box()
    assert box is not None
    position = {
        "x": (x + 0.5) / mask.shape[1] * box["width"],
        "y": (y + 0.5) / mask.shape[0] * box["height"],
    }
    picture.hover(position=position)
    expect(picture.locator(".hint")).to_have_text(CITYSCAPES.labels[mask[y, x]].name)

    picture.click()
    closer = page.get_by_role("dialog")
    expect(closer).to_contain_text(str(key))
    expect(closer.locator("figure[data-panel='truth'] canvas")).to_be_visible()


def test_a_closer_look_leads_to_what_both_models_say(page: Page, address: str) -> None:
    page.goto(f"{address}/dataset?data=streets&part=Pictures")
    settle(page)
    page.get_by_test_id("stButtonGroup").get_by_text("val", exact=True).click()
    expect(page.locator(".gallery figcaption").first).to_contain_text("val-")
    settle(page)
    key = page.locator(".gallery figcaption").first.text_content()
    page.locator(".gallery .picture").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="See what the models say").click()
    expect(page).to_have_url(re.compile(f"/compare\\?.*image={key}"))
    expect(dialog).to_have_count(0)
    labelled(page)


def test_upload_a_photo_and_see_two_masks(page: Page, address: str, tmp_path: Path) -> None:
    photo = tmp_path / "my street.jpg"
    Image.fromarray(render_scene(4711, (240, 426))[0]).save(photo)
    page.goto(f"{address}/upload?data=streets")
    settle(page)
    page.locator("input[type=file]").first.set_input_files(photo)
    labelled(page)
    settle(page)  # the page runs once more when the network library has just been loaded
    with page.expect_download() as download:
        page.get_by_role("button", name="Label ids").first.click()
    mask = Image.open(download.value.path())
    assert mask.size == (426, 240)
    assert max(mask.get_flattened_data()) < 34


def test_a_file_that_is_no_picture_is_refused_in_one_line(
    page: Page, address: str, tmp_path: Path
) -> None:
    text = tmp_path / "notes.jpg"
    text.write_text("not an image")
    page.goto(f"{address}/upload?data=streets")
    settle(page)
    page.locator("input[type=file]").first.set_input_files(text)
    expect(page.get_by_test_id("stAlert")).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)


@pytest.mark.parametrize(
    "name", ["", "dataset", "training", "compare", "evaluate", "upload", "admin"]
)
@pytest.mark.parametrize("width", [1440, 390])
def test_every_page_shows_without_an_error(
    browser: Browser, address: str, name: str, width: int
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto(f"{address}/{name}")
    settle(page)
    expect(page.get_by_role("heading").first).to_be_visible()
    expect(page.get_by_test_id("stAlertContentError")).to_have_count(0)
    overflow = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert overflow <= 0  # nothing sticks out sideways
    context.close()
