"""The upload page as a visitor uses it; predictions follow the image's red, no network loads."""

import gc
import io
import json
import tempfile
import threading
import time
import weakref
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from segcore import runs
from segcore.errors import BusyError
from segcore.images import Photo, limits
from segcore.images.videos import VideoWriter
from segcore.labels import IDS
from segcore.prediction.engines import Output
from segcore.prediction.inference import (
    ONE_VIEW,
    InTurn,
    Prediction,
    Timings,
    Views,
    at_once,
)
from segcore.runs import Run
from segcore.system import fair_queues
from segcore.system.background import WorkQueue
from segcore.system.progress import Progress
from studio import address, cache, engine
from studio.background import VISITORS_QUEUE
from studio.cache import networks
from studio.upload import photo_results, video_labelling
from studio.visits import memory, visitors
from studio.widgets import side_by_side
from tests.factories.hostile_files import encoded, zip_of
from tests.factories.made_data import noise
from tests.factories.made_runs import make_run

PAGE = str(Path(__file__).parents[2] / "pages" / "upload.py")
LABELS = {"unet": (IDS["road"], IDS["sky"]), "danet": (IDS["road"], IDS["building"])}
RED = encoded(Image.new("RGB", (48, 32), "red"))
BLACK = encoded(Image.new("RGB", (48, 32), "black"))


def follow_red(run: Run) -> SimpleNamespace:
    """A predictor that sees road where it is red, and by the model sky or building elsewhere."""

    def predict(
        image: np.ndarray, views: Views = ONE_VIEW, in_turn: InTurn = at_once
    ) -> Prediction:
        in_turn(lambda: (Output.of(image), 0.0))
        road, other = LABELS[run.model]
        labels = np.where(image[..., 0] > 127, road, other).astype(np.uint8)
        scores = np.eye(34, dtype=np.float32)[labels]
        return Prediction(labels, scores.max(axis=-1), Timings(1.0, 20.0, 3.0), scores)

    preprocessing = run.preprocessing
    return SimpleNamespace(run=run, device="CPU", preprocessing=preprocessing, predict=predict)


@pytest.fixture
def page(camvid: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    for model in ("unet", "danet"):
        make_run(model, camvid)
    monkeypatch.setattr(engine, "wait", lambda *runs: True)
    monkeypatch.setattr(networks, "load_fastest_predictor", follow_red)
    for module in (visitors, networks, side_by_side, photo_results, video_labelling):
        monkeypatch.setattr(module, "ALLOWANCE", fair_queues.RateLimit(clock=lambda: 0.0))
    memory.STORE.keep_only(())
    app = AppTest.from_file(PAGE, default_timeout=60)
    app.session_state[address.DATA] = "camvid"
    return app.run()


def upload(app: AppTest, *files: tuple[str, bytes]) -> AppTest:
    app.file_uploader[0].set_value([(name, data, "image/png") for name, data in files]).run()
    assert not app.exception
    return app


def finish(app: AppTest) -> AppTest:
    """Waits for what is made on the side, and shows the page then."""
    deadline = time.monotonic() + 60
    while VISITORS_QUEUE.unfinished() and time.monotonic() < deadline:
        time.sleep(0.01)
    return app.run()


def kept(name: str) -> list[Any]:
    """What is kept by that name of all visits."""
    return [
        entry.value
        for own in memory.STORE._visits.values()
        for key, entry in own.items()
        if key[0] == name
    ]


def press(app: AppTest, label: str) -> AppTest:
    next(button for button in app.button if label in button.label).click().run()
    assert not app.exception
    return app


def test_the_page_says_what_it_takes_and_that_nothing_stays(page: AppTest) -> None:
    said = " ".join(caption.value for caption in page.caption)
    for words in ("25 MB", "64 megapixels", "20:1", "200 files", "60 seconds", "HEIC"):
        assert words in said
    assert "Nothing of them is stored" in said


def test_one_bad_file_is_a_sentence_and_the_others_go_on(page: AppTest) -> None:
    upload(page, ("a.png", RED), ("b.jpg", b"not an image"), ("c.png", BLACK))
    assert [error.value for error in page.error] == [
        "b.jpg: The image is in no format that can be read: use JPEG, PNG, WebP, HEIC, AVIF, "
        "TIFF or BMP."
    ]
    assert "same" in page.title[0].value  # both see road in the red photo
    press(page, r"c\.png")
    assert "sky" in page.title[0].value and "building" in page.title[0].value


def test_photos_are_labelled_by_whom_an_admin_chose_and_not_by_a_data_sets_champions(
    page: AppTest, camvid: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(
        networks, "load_fastest_predictor", lambda run: asked.append(run.dataset) or follow_red(run)
    )
    for run in runs.list_runs():
        runs.promote(run, runs.PHOTOS)
    rendered = {"spec": "streets", "dataset": "streets", "fingerprint": "", "size": [32, 48]}
    for model in ("unet", "danet"):
        make_run(model, camvid, epochs=4, data=rendered)
    for run in runs.list_runs():
        if run.spec == "streets":
            runs.promote(run)
    page.session_state[address.DATA] = "streets"
    page.session_state[address.A] = page.session_state[address.B] = None
    upload(page.run(), ("a.png", RED))
    assert set(asked) == {"camvid"}
    page.segmented_control(key="photo_runs").set_value("Chosen in the sidebar").run()
    assert not page.exception
    assert set(asked) == {"camvid", "streets"}


def test_runs_that_were_chosen_for_photos_stay(page: AppTest) -> None:
    upload(page, ("a.png", RED))
    assert "photo_runs" not in {control.key for control in page.segmented_control}


def test_a_zip_file_is_taken_apart(page: AppTest) -> None:
    packed = zip_of({"trip/a.png": RED, "trip/b.png": BLACK, "readme.txt": b"hello"})
    upload(page, ("photos.zip", packed))
    assert len(page.error) == 1 and "readme.txt: " in page.error[0].value
    assert any(r"b\.png" in button.label for button in page.button)


def test_a_damaged_zip_file_is_a_sentence(page: AppTest) -> None:
    upload(page, ("photos.zip", b"PK\x03\x04" + bytes(50)), ("a.png", RED))
    assert "pack it again" in page.error[0].value
    assert page.dataframe


def test_notes_of_a_photo_are_shown(page: AppTest) -> None:
    frames = [Image.new("RGBA", (40, 30), (0, 0, 0, alpha)) for alpha in (100, 200)]
    upload(page, ("a.png", encoded(frames[0], save_all=True, append_images=frames[1:])))
    said = " ".join(caption.value for caption in page.caption)
    assert "first of 2 frames" in said and "shown on white" in said


def test_names_are_text_wherever_they_stand(page: AppTest) -> None:
    evil = "![x](http://evil.example/x.png) :red[a] <script>alert(1)</script>$x$.png"
    upload(page, (evil, RED), (f"bad {evil}", b"no image"), ("b.png", BLACK))
    shown = [element.value for element in (*page.error, *page.markdown, *page.caption)]
    shown += [button.label for button in page.button]
    assert any("script" in text for text in shown)
    for text in shown:
        for raw in ("![x]", "](http", ":red[", "<script", "$x$"):
            assert raw not in text


def test_tiles_give_what_the_photo_says_pixel_by_pixel(page: AppTest) -> None:
    photo = noise(0, 70, 90)
    upload(page, ("a.png", encoded(Image.fromarray(photo))))
    before = page.dataframe[0].value
    page.segmented_control(key="quality").set_value("Detailed").run()
    assert not page.exception and not page.error
    assert page.dataframe[0].value["a"].to_numpy() == pytest.approx(before["a"].to_numpy())
    labels = [option.content for option in page.segmented_control(key="quality").proto.options]
    assert "Quick" in labels[0] and "ms" in labels[0] and "about" in labels[1]


def test_all_photos_come_as_one_zip_file_without_their_names(page: AppTest) -> None:
    upload(page, ("secret-a.png", RED), ("secret-b.png", BLACK), ("bad.png", b"x"))
    press(page, "Label all 2 photos")
    finish(page)
    (made,) = kept("bundle")
    assert b"secret" not in made.data
    with zipfile.ZipFile(io.BytesIO(made.data)) as archive:
        told = json.loads(archive.read("summary.json"))["photos"]
        mask = Image.open(io.BytesIO(archive.read("photo-001/a-unet_labelIds.png")))
    assert np.asarray(mask).tolist() == np.full((32, 48), IDS["road"]).tolist()
    assert told[1]["models"][1]["class_shares"] == {"building": 1.0}
    assert any("ZIP" in button.label for button in page.download_button)


def test_a_video_is_labelled_side_by_side(page: AppTest) -> None:
    writer = VideoWriter(4.0)
    for number in range(8):
        writer.add(number / 4, np.full((48, 64, 3), (255 if number < 4 else 0, 0, 0), np.uint8))
    upload(page, ("drive.mp4", writer.finish()))
    press(page, "Label the video")
    finish(page)
    (result,) = kept("video")
    assert result.frames == 8
    with av.open(io.BytesIO(result.video)) as film:
        first, *_, last = film.decode(video=0)
    assert first.width == 2 * 64
    left, right = last.to_ndarray(format="rgb24")[-40:, [10, 74]].mean(axis=0)
    assert np.abs(left - right).max() > 20  # sky on the left, building on the right
    assert any("video" in button.label.lower() for button in page.download_button)


def test_a_video_that_is_none_is_a_sentence(page: AppTest) -> None:
    upload(page, ("drive.mp4", b"\0\0\0\x18ftypisom" + bytes(100)))
    press(page, "Label the video")
    finish(page)
    assert "save it as MP4" in page.error[0].value


def test_a_full_line_is_one_sentence_at_once(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(visitor: str, step: object) -> None:
        raise BusyError("Many people are asking: try again.")

    with monkeypatch.context() as patch:
        patch.setattr(visitors.QUEUE, "run", refuse)
        upload(page, ("a.png", RED))
        assert "Many people" in page.error[0].value
    page.run()
    assert not page.error and page.dataframe


def short_film(red: bool = True) -> bytes:
    writer = VideoWriter(4.0)
    for number in range(4):
        writer.add(number / 4, np.full((48, 64, 3), (255 if red else 0, 0, 0), np.uint8))
    return writer.finish()


def test_a_click_while_a_video_is_labelled_does_not_end_it(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def wait(*_: object) -> VideoWriter:
        begun.set()
        go_on.wait(30)
        return VideoWriter(4.0)

    monkeypatch.setattr(video_labelling, "VideoWriter", wait)
    upload(page, ("drive.mp4", short_film()), ("a.png", RED))
    press(page, "Label the video")
    assert begun.wait(30)
    page.segmented_control(key="quality").set_value("Detailed").run()
    assert not page.exception
    go_on.set()
    finish(page)
    assert kept("video") and any("video" in one.label.lower() for one in page.download_button)


def test_the_results_of_three_videos_are_all_kept(page: AppTest) -> None:
    names = [f"{number}.mp4" for number in range(3)]
    upload(page, *((name, short_film(red=name != "1.mp4")) for name in names))
    for number in range(3):
        [one for one in page.button if one.label == "Label the video"][number].click().run()
        finish(page)
    assert len(kept("video")) == 3
    assert sum("labelled video" in one.label for one in page.download_button) == 3


def test_a_video_of_a_visit_that_is_over_is_labelled_no_further() -> None:
    queue, begun, go_on = WorkQueue(threads=2), threading.Event(), threading.Event()
    frames: list[int] = []

    def label(progress: Progress) -> None:
        for number in range(5):
            frames.append(number)
            progress(number, 5)
            begun.set()
            go_on.wait(30)

    queue.start("own", "own", label, owner="gone")
    assert begun.wait(30)
    queue.cancel_all_of(["gone"])
    go_on.set()
    deadline = time.monotonic() + 30
    while len(frames) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert queue.of("own") is None and frames == [0, 1]


def test_photos_stay_while_another_page_is_looked_at(page: AppTest) -> None:
    upload(page, ("a.png", RED))
    page.session_state["photo_turn"] = 1  # another, empty uploader, as after another page
    page.run()
    assert page.dataframe and any("before" in one.value for one in page.caption)
    upload(page, ("b.png", BLACK))
    assert any(r"a\.png" in one.label for one in page.button)
    press(page, "Remove")
    assert not any(r"a\.png" in one.label for one in page.button) and page.dataframe


def test_a_photo_that_had_to_give_way_is_a_sentence(page: AppTest) -> None:
    upload(page, ("a.png", RED), ("b.png", BLACK))
    given = page.session_state["given_files"]
    memory.STORE.remove("test session id", memory.FILE, given[0].upload)
    given[0] = type(given[0])("gone", "a.png")
    page.session_state["listed_uploads"] = set()
    page.file_uploader[0].clear().run()
    assert not page.exception
    assert "ran short of memory" in page.error[0].value and page.dataframe


def test_large_photos_wait_for_those_of_others_and_small_ones_do_not(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited = []

    @contextmanager
    def turn(visitor: str, **_: object) -> Iterator[None]:
        waited.append(visitor)
        yield

    monkeypatch.setattr(visitors, "LARGE_PHOTOS", SimpleNamespace(turn=turn))
    upload(page, ("small.png", RED))
    assert not waited
    monkeypatch.setattr(limits, "LARGE_PIXELS", 48 * 32 - 1)
    upload(page, ("large.png", RED))
    assert waited


def test_a_detailed_photo_waits_for_those_of_others_and_a_quick_one_does_not(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    labelled_before: list[int] = []

    @contextmanager
    def turn(visitor: str, **_: object) -> Iterator[None]:
        labelled_before.append(len(kept(side_by_side.TILED)))
        yield

    monkeypatch.setattr(side_by_side, "DETAILED_PHOTOS", SimpleNamespace(turn=turn))
    upload(page, ("a.png", RED))
    assert not labelled_before
    page.segmented_control(key="quality").set_value("Detailed").run()
    assert not page.exception and kept(side_by_side.TILED)
    assert labelled_before == [0]


def test_a_removed_photo_is_forgotten(page: AppTest) -> None:
    upload(page, ("a.png", RED))
    assert len(page.session_state["opened"]) == 1
    page.file_uploader[0].clear().run()
    assert not page.session_state["opened"]


def test_nothing_of_a_visit_is_written_anywhere(
    page: AppTest, artifacts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the photo nor what was made of it: not beside the runs, not among temporary files."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.setenv("TMPDIR", str(temporary))
    before = sorted(artifacts.rglob("*"))
    upload(page, ("a.png", RED), ("b.png", BLACK), ("c.zip", zip_of({"d.png": RED})))
    press(page, "Label all 3 photos")
    finish(page)
    assert kept("bundle")
    assert sorted(artifacts.rglob("*")) == before
    assert not list(temporary.rglob("*"))


def test_the_download_buttons_keep_no_pixels(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    buttons: dict[str, Callable[[], bytes]] = {}
    seen: list[weakref.ref[np.ndarray]] = []
    open_private = cache.open_private

    def watched(*asked: Any) -> Photo:
        photo = open_private(*asked)
        seen.append(weakref.ref(photo.image))
        return photo

    monkeypatch.setattr(cache, "open_private", watched)
    monkeypatch.setattr(
        photo_results, "_download", lambda _, name, data: buttons.update({name: data})
    )
    upload(page, ("red.png", RED))
    assert len(buttons) == 8
    ids = np.asarray(Image.open(io.BytesIO(buttons["a-unet_labelIds.png"]())))
    assert ids.shape == (32, 48) and set(ids.ravel()) == {IDS["road"]}
    assert Image.open(io.BytesIO(buttons["b-danet_overlay.jpg"]())).size == (48, 32)
    assert json.loads(buttons["summary.json"]())["photo"]["width"] == 48
    memory.STORE.keep_only(())  # as where others need the room
    gc.collect()
    assert seen and all(image() is None for image in seen)
