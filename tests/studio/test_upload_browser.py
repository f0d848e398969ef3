"""Photos and videos of a visitor's own, in a real browser, with the shipped runs."""

import io
import json
import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from devtools.live_dashboard import ROOT, find_chromium, labelled, settle
from segcore.data.sources.streets import render_scene
from segcore.images.videos import VideoWriter
from segcore.labels import IDS

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        find_chromium() is None and not os.environ.get("SEGCORE_REQUIRE_BROWSER"),
        reason="browser tests left out: no Chromium is installed",
    ),
]

SIZE = (240, 426)
"""Of all images, here and in `test_browser`: a network is built once for each size."""

PASTE = """async () => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [426, 240];
    canvas.getContext("2d").fillRect(0, 120, 426, 120);
    const image = await new Promise((done) => canvas.toBlob(done));
    const clipboard = new DataTransfer();
    clipboard.items.add(new File([image], "image.png", { type: "image/png" }));
    document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: clipboard }));
}"""


def open_upload(page: Page, address: str) -> None:
    page.goto(f"{address}/upload?data=streets")
    settle(page)


def give(page: Page, *files: Path) -> None:
    page.locator(".st-key-photo-drop input[type=file]").set_input_files(files)


def test_a_labelled_photo_is_three_taps_from_the_link(
    phone: Page, address: str, tmp_path: Path
) -> None:
    Image.fromarray(render_scene(4711, SIZE)[0]).save(tmp_path / "street.jpg")
    phone.goto(f"{address}/?data=streets")
    settle(phone)
    phone.get_by_role("link", name="Label a photo of yours").click()
    with phone.expect_file_chooser() as chooser:
        phone.get_by_test_id("stFileUploaderDropzone").click()
    chooser.value.set_files(tmp_path / "street.jpg")  # the third: the phone's own list
    labelled(phone)
    settle(phone)
    for panel in ("a", "b"):  # the first thing that is seen
        expect(phone.locator(f"figure[data-panel='{panel}'] canvas")).to_be_in_viewport(ratio=1)
    phone.get_by_test_id("stExpandSidebarButton").click()
    phone.get_by_test_id("stSidebarNavLink").filter(has_text="Training").click()
    expect(phone.get_by_test_id("stExpandSidebarButton")).to_be_visible()  # the menu is closed


def test_several_photos_on_a_phone(phone: Page, address: str, tmp_path: Path) -> None:
    """One of them no image; another is chosen; all come home as a ZIP file."""
    files = [tmp_path / name for name in ("one.jpg", "two.webp", "bad.jpg")]
    for number, file in enumerate(files[:2]):
        Image.fromarray(render_scene(4711 + number, SIZE)[0]).save(file)
    files[2].write_text("not an image")
    open_upload(phone, address)
    give(phone, *files)
    labelled(phone)
    expect(phone.get_by_test_id("stAlert")).to_have_count(1)
    expect(phone.get_by_test_id("stAlert")).to_contain_text("bad.jpg: The image is in no format")
    expect(phone.get_by_role("button", name="one.jpg", exact=True)).to_be_disabled()
    phone.get_by_role("button", name="two.webp", exact=True).click()
    # Until the page has drawn itself again, the former button stays beside the new one.
    former = phone.get_by_role("button", name="one.jpg", exact=True, disabled=True)
    expect(former).to_have_count(0)
    settle(phone)
    assert phone.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0

    phone.get_by_role("button", name="Label all 2 photos").click()
    expect(phone.get_by_role("button", name="All results as a ZIP file")).to_be_visible()
    settle(phone)
    with phone.expect_download() as download:
        phone.get_by_role("button", name="All results as a ZIP file").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        photos = json.loads(archive.read("summary.json"))["photos"]
        sheet = Image.open(io.BytesIO(archive.read("photo-002/side_by_side.jpg")))
    assert [photo["photo"]["width"] for photo in photos] == [426, 426]
    assert sheet.width == 2 * 426


def test_a_pasted_picture_is_labelled(page: Page, address: str) -> None:
    open_upload(page, address)
    expect(page.get_by_text("paste an image")).to_be_visible()
    page.evaluate(PASTE)
    labelled(page)
    expect(page.get_by_text("426x240 pixels")).to_be_visible()


def test_a_video_comes_back_side_by_side(page: Page, address: str, tmp_path: Path) -> None:
    street = render_scene(4711, SIZE)[0]
    writer = VideoWriter(4)
    for number in range(4):
        writer.add(number / 4, np.roll(street, -8 * number, axis=1))
    (tmp_path / "drive.mp4").write_bytes(writer.finish())
    open_upload(page, address)
    give(page, tmp_path / "drive.mp4")
    page.get_by_role("button", name="Label the video").click()
    expect(page.locator("video")).to_be_visible()
    settle(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="The labelled video").click()
    with av.open(str(download.value.path())) as film:
        frames = list(film.decode(video=0))
    assert len(frames) == 4 and frames[0].width == 2 * 426


def test_a_program_gets_the_labels_as_the_readme_says(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readme = (ROOT / "README.md").read_text().replace("http://127.0.0.1:8501", address)
    (code,) = re.findall(r"```python\n(.+?)```", readme, re.DOTALL)
    (curl,) = re.findall(r"^curl .+$", readme, re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    Image.fromarray(render_scene(4711, SIZE)[0]).save("photo.jpg")
    exec(code, {})
    ids = np.asarray(Image.open("photo_labelIds.png"))
    assert ids.shape == SIZE and IDS["road"] in ids
    if shutil.which("curl"):
        subprocess.run(curl, shell=True, check=True, capture_output=True)
        assert Image.open("overlay.jpg").size == SIZE[::-1]
