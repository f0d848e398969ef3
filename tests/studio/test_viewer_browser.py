"""The linked viewer in a real browser, on images whose every pixel is known."""

import os
import re
import time
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from devtools.live_dashboard import find_chromium
from segcore.evaluation.outcomes import outcome_map
from segcore.labels import CITYSCAPES, IDS
from studio.viewer import Frame, Panel, difference_panels, outcome_panel
from studio.viewer.viewer import payload
from tests.studio.mounted_viewer import open_viewer, show

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        find_chromium() is None and not os.environ.get("SEGCORE_REQUIRE_BROWSER"),
        reason="browser tests left out: no Chromium is installed",
    ),
]

SIZE = (20, 40)
OUTCOMES = ("both right", "only A right", "only B right", "both wrong", "not scored")
PANELS = ("photo", "truth", "outcomes", "a", "b")
PATIENCE_SECONDS = 30


class Picture:
    """A made image with its truth, two predictions and how sure they are."""

    def __init__(self, seed: int) -> None:
        random = np.random.default_rng(seed)
        self.image = random.integers(0, 256, (*SIZE, 3), np.uint8)
        ids = np.array([IDS["road"], IDS["car"], IDS["sky"], IDS["unlabeled"]], np.uint8)
        self.truth, self.a, self.b = (random.choice(ids, SIZE) for _ in range(3))
        self.sure = random.random((2, *SIZE), np.float32)
        self.torn = random.random((2, *SIZE), np.float32)

    def data(self, **options: Any) -> dict[str, Any]:
        masks = self.a, self.b
        panels = [
            Panel("photo", "Image"),
            Panel("truth", "Truth", self.truth),
            outcome_panel(self.truth, masks, CITYSCAPES),
            *difference_panels(masks),
            *(
                Panel(side, title, mask, confidence=sure, entropy=torn)
                for side, title, mask, sure, torn in zip(
                    ("a", "b"), ("A · U-Net", "B · DANet"), masks, self.sure, self.torn, strict=True
                )
            ),
        ]
        return payload(
            "test", self.image, panels, CITYSCAPES, has_others=True, in_address=True, **options
        )


@pytest.fixture
def picture() -> Picture:
    return Picture(0)


def canvas(page: Page, panel: str) -> Locator:
    return page.locator(f"figure[data-panel='{panel}'] canvas")


def point(page: Page, panel: str, row: int, column: int) -> None:
    """Points at the middle of a pixel of the image while all of it is seen."""
    box = canvas(page, panel).bounding_box()
    assert box is not None
    height, width = SIZE
    position = {
        "x": (column + 0.5) / width * box["width"], "y": (row + 0.5) / height * box["height"],
    }  # fmt: skip
    canvas(page, panel).hover(position=position)


def away(page: Page) -> None:
    """Takes the pointer and its cross off the panels, and lets the viewer draw."""
    page.mouse.move(0, 0)
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def colors(page: Page, panel: str) -> np.ndarray:
    """The middles of the image's pixels as they are drawn, (H, W, 3), while all of it is seen."""
    away(page)
    found = canvas(page, panel).evaluate(
        """(canvas, [rows, columns]) => {
            const context = canvas.getContext("2d");
            const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
            const colors = [];
            for (let row = 0; row < rows; row++) for (let column = 0; column < columns; column++) {
                const x = Math.floor((column + 0.5) / columns * canvas.width);
                const y = Math.floor((row + 0.5) / rows * canvas.height);
                const i = 4 * (y * canvas.width + x);
                colors.push([...data.slice(i, i + 3)]);
            }
            return colors;
        }""",
        SIZE,
    )
    return np.array(found).reshape(*SIZE, 3)


def drawn(page: Page, panel: str) -> str:
    away(page)
    return str(canvas(page, panel).evaluate("(canvas) => canvas.toDataURL()"))


def in_color(mask: np.ndarray, label: str, color: tuple[int, ...], shown: np.ndarray) -> bool:
    return bool((shown[mask == IDS[label]] == color).all())


def test_hovering_says_what_the_arrays_hold_in_every_panel(page: Page, picture: Picture) -> None:
    open_viewer(page, picture.data(), "layer-entropy")
    outcomes = outcome_map(picture.truth, picture.a, picture.b, CITYSCAPES)
    for panel, row, column in (("photo", 3, 5), ("b", 19, 39), ("truth", 0, 0), ("a", 11, 22)):
        point(page, panel, row, column)
        at = row, column

        def percent(values: np.ndarray, at: tuple[int, int] = at) -> str:
            return f"{round(100 * round(float(values[at]) * 255) / 255)} %"

        said = {
            "photo": "",
            "truth": CITYSCAPES.labels[picture.truth[at]].name,
            "outcomes": OUTCOMES[outcomes[at]],
            **{
                side: f"{CITYSCAPES.labels[mask[at]].name} {percent(sure)}, entropy {percent(torn)}"
                for side, mask, sure, torn in zip(
                    "ab", (picture.a, picture.b), picture.sure, picture.torn, strict=True
                )
            },
        }
        for side in PANELS:
            here = page.locator(f"figure[data-panel='{side}'] .here")
            expect(here).to_have_text(said[side])
        for words in (f"Truth: {said['truth']}", f"U-Net: {said['a']}", f"DANet: {said['b']}"):
            expect(page.locator(".readout")).to_contain_text(words)


def test_panels_move_as_one_and_stay_where_they_are_for_the_next_picture(
    page: Page, picture: Picture
) -> None:
    open_viewer(page, picture.data(), "opacity-0")  # all panels of a size show the same then
    views = [drawn(page, "a")]
    canvas(page, "a").dblclick()
    page.keyboard.press("+")
    views.append(drawn(page, "a"))
    canvas(page, "b").hover()
    page.mouse.down()
    box = canvas(page, "b").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 20, box["y"] + 10)
    page.mouse.up()
    views.append(drawn(page, "a"))
    assert len(set(views)) == 3
    assert drawn(page, "b") == drawn(page, "a")
    assert drawn(page, "truth") == drawn(page, "photo") == drawn(page, "outcomes")

    viewer = page.locator(".viewer")
    place = [viewer.get_attribute(f"data-{name}") for name in ("zoom", "x", "y")]
    assert place[0] == "2.500"
    show(page, Picture(1).data())
    deadline = time.monotonic() + PATIENCE_SECONDS  # the image is decoded on the side
    while drawn(page, "a") in views:  # another image, seen through the same view
        assert time.monotonic() < deadline
    assert [viewer.get_attribute(f"data-{name}") for name in ("zoom", "x", "y")] == place


def test_colours_are_exact_and_classes_are_hidden_or_singled_out(
    page: Page, picture: Picture
) -> None:
    open_viewer(page, picture.data(), "opacity-1")
    road, car = CITYSCAPES.labels[IDS["road"]].color, CITYSCAPES.labels[IDS["car"]].color
    shown = colors(page, "a")
    assert in_color(picture.a, "road", road, shown) and in_color(picture.a, "car", car, shown)
    page.get_by_role("button", name="road", exact=True).click()
    shown = colors(page, "a")
    assert not in_color(picture.a, "road", road, shown) and in_color(picture.a, "car", car, shown)
    page.get_by_role("button", name="Show only road").click()
    shown = colors(page, "a")
    assert in_color(picture.a, "road", road, shown)
    assert not in_color(picture.a, "car", car, shown)
    page.get_by_label("Colours").select_option("safe")
    safe = CITYSCAPES.by_id[IDS["road"]].safe_color
    assert in_color(picture.a, "road", safe, colors(page, "a"))


def test_outlines_are_painted_along_the_edges_alone(page: Page, picture: Picture) -> None:
    picture.truth[:] = picture.a[:] = IDS["road"]
    picture.truth[:, 20:] = IDS["sky"]
    open_viewer(page, picture.data(), "opacity-1_masks-outlined")
    road, sky = CITYSCAPES.labels[IDS["road"]].color, CITYSCAPES.labels[IDS["sky"]].color
    shown = colors(page, "truth")
    assert (shown[5, 19] == road).all() and (shown[5, 20] == sky).all()
    assert not (shown[5, 10] == road).all()
    page.get_by_label("Masks as").select_option("truth")
    shown = colors(page, "a")
    assert (shown[5, 19:21] == 255).all()  # of the truth, over what A says
    assert (shown[5, 10] == road).all()


def test_any_two_are_swiped(page: Page, picture: Picture) -> None:
    open_viewer(page, picture.data(), "opacity-1")
    sides = {panel: colors(page, panel) for panel in PANELS}
    page.get_by_label("Arrangement").select_option("swipe")
    shown = colors(page, "swipe")
    assert (shown[:, :19] == sides["a"][:, :19]).all()
    assert (shown[:, 21:] == sides["b"][:, 21:]).all()
    page.get_by_label("Left", exact=True).select_option("outcomes")
    page.get_by_label("Right", exact=True).select_option("photo")
    box = canvas(page, "swipe").bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 4, middle)
    page.mouse.up()
    shown = colors(page, "swipe")
    assert (shown[:, :9] == sides["outcomes"][:, :9]).all()
    assert np.abs(shown[:, 11:] - sides["photo"][:, 11:]).max() <= 1
    assert page.locator(".viewer").get_attribute("data-zoom") == "1.000"


def test_the_keys(page: Page, picture: Picture) -> None:
    open_viewer(page, picture.data(), "opacity-1")
    a, b = colors(page, "a"), colors(page, "b")
    page.locator(".viewer").focus()
    page.keyboard.down(" ")
    assert (colors(page, "a") == b).all() and (colors(page, "b") == a).all()
    expect(page.locator("figure[data-panel='a'] b")).to_have_text("B · DANet")
    page.keyboard.up(" ")
    assert (colors(page, "a") == a).all()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("window.steps") == [1, -1]
    page.keyboard.press("4")
    expect(page.locator("figure")).to_have_count(1)
    expect(canvas(page, "a")).to_be_visible()
    page.keyboard.press("+")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator(".viewer")).to_have_attribute("data-x", re.compile("0.6000"))
    page.keyboard.press("0")
    expect(page.locator(".viewer")).to_have_attribute("data-zoom", "1.000")
    page.keyboard.press("4")
    expect(page.locator("figure")).to_have_count(5)


def test_the_address_opens_the_same_view(browser: Browser, page: Page, picture: Picture) -> None:
    open_viewer(page, picture.data())
    page.get_by_label("Predictions as").select_option("confidence")
    page.get_by_label("Map").select_option("differences")
    page.get_by_label("Colours").select_option("safe")
    page.get_by_role("button", name="Show only sky").click()
    page.get_by_label("Overlay opacity").fill("40")
    canvas(page, "a").dblclick(position={"x": 30, "y": 40})
    panels = ("photo", "truth", "differences", "a", "b")
    expected = [drawn(page, panel) for panel in panels]
    page.wait_for_url(re.compile(r"view=.*zoom-2.*only-23"))  # once it has come to rest
    other = browser.new_page(viewport={"width": 1440, "height": 900})
    open_viewer(other, picture.data(), page.url.partition("view=")[2])
    assert [drawn(other, panel) for panel in panels] == expected
    page.get_by_label("Whole image").click()
    page.wait_for_url(re.compile(r"view=(?!.*zoom)"))  # what is as at the start is left out
    other.close()


def test_an_address_that_says_nothing_sensible_is_harmless(page: Page, picture: Picture) -> None:
    view = "zoom-9e99_x--5_alone-nobody_left-%3Cb%3E_masks-x_hidden-1.x.7_constructor-1_opacity-"
    open_viewer(page, picture.data(), view)
    expect(page.locator("figure")).to_have_count(5)
    expect(page.locator(".viewer")).to_have_attribute("data-zoom", "40.000")
    assert page.get_by_label("Masks as").input_value() == "filled"


def test_fingers_point_and_pinch(browser: Browser, picture: Picture) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    page = context.new_page()
    open_viewer(page, picture.data())
    box = canvas(page, "photo").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.touchscreen.tap(x + 1, y + 1)
    truth = CITYSCAPES.labels[picture.truth[SIZE[0] // 2, SIZE[1] // 2]].name
    expect(page.locator("figure[data-panel='truth'] .here")).to_have_text(truth)

    fingers = context.new_cdp_session(page)
    for kind, apart in (("touchStart", 20), ("touchMove", 40), ("touchMove", 60), ("touchEnd", 0)):
        points = [{"x": x - apart, "y": y, "id": 1}, {"x": x + apart, "y": y, "id": 2}]
        event = {"type": kind, "touchPoints": points if apart else []}
        fingers.send("Input.dispatchTouchEvent", event)
    expect(page.locator(".viewer")).to_have_attribute("data-zoom", "3.000")
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    for control in page.locator("button:visible, select:visible, input:visible").all():
        box = control.bounding_box()
        assert box is not None and box["height"] >= 44 and box["width"] >= 44  # a thumb
    context.close()


def test_a_reader_of_the_screen_is_told_what_a_panel_shows(page: Page, picture: Picture) -> None:
    picture.truth[:] = IDS["sky"]
    picture.truth[:5] = IDS["road"]
    open_viewer(page, picture.data())
    expect(page.get_by_role("img", name="Truth: sky 75 %, road 25 %")).to_be_visible()
    for control in page.locator("select, input").all():
        assert control.get_attribute("aria-label")


def test_a_side_that_is_not_there_yet_says_so(page: Page, picture: Picture) -> None:
    panels = [Panel("photo", "Image"), Panel("a", "A", pending="Predicting…")]
    open_viewer(page, payload("waiting", picture.image, panels, CITYSCAPES))
    expect(page.locator("figure[data-panel='a']")).to_contain_text("Predicting…")


def test_the_legend_of_many_classes_can_be_searched(page: Page, picture: Picture) -> None:
    open_viewer(page, picture.data())
    expect(page.get_by_label("Find a class")).to_have_count(0)
    picture.truth = (np.arange(SIZE[0] * SIZE[1]).reshape(SIZE) % 34).astype(np.uint8)
    show(page, Picture(1).data())
    show(page, picture.data())
    shown = page.locator(".legend li:visible")
    expect(shown).to_have_count(29)
    page.get_by_label("Find a class").fill("Traffic")
    expect(shown).to_have_count(2)
    page.get_by_label("Show only traffic light").click()
    expect(shown).to_have_count(2)  # still the ones that were looked for
    page.get_by_label("Find a class").fill("")
    expect(shown).to_have_count(29)


def test_what_lies_below_does_not_move_when_an_image_has_fewer_classes(
    page: Page, picture: Picture
) -> None:
    few = picture.data()
    picture.truth = (np.arange(SIZE[0] * SIZE[1]).reshape(SIZE) % 34).astype(np.uint8)
    open_viewer(page, picture.data())
    tall = page.locator(".legends").bounding_box()
    show(page, few)
    expect(page.get_by_label("Find a class")).to_have_count(0)
    low = page.locator(".legends").bounding_box()
    assert tall is not None and low is not None and low["height"] == tall["height"]


def played(picture: Picture) -> dict[str, Any]:
    """Run A after three epochs: all road, all car, all sky; run B was not watched."""
    masks = [np.full(SIZE, IDS[name], np.uint8) for name in ("road", "car", "sky")]
    frames = tuple(Frame(n, mask, f"epoch {n}") for n, mask in enumerate(masks, 1))
    panels = [Panel("photo", "Image"), Panel("a", "A", masks[-1], frames=frames)]
    return payload("played", picture.image, panels, CITYSCAPES)


def is_all(page: Page, panel: str, name: str) -> bool:
    return bool((colors(page, panel) == CITYSCAPES.labels[IDS[name]].color).all())


def test_epochs_are_played_and_stop_at_the_last(page: Page, picture: Picture) -> None:
    open_viewer(page, played(picture))
    page.get_by_label("Overlay opacity").fill("100")
    assert is_all(page, "a", "sky")
    page.get_by_label("Epoch", exact=True).fill("1")
    assert is_all(page, "a", "car")
    expect(page.locator("figure[data-panel='a'] figcaption")).to_contain_text("epoch 2")
    page.get_by_label("Play the epochs").click()
    expect(page.get_by_label("Pause the epochs")).to_have_count(0)
    expect(page.locator(".epochs output")).to_have_text("epoch 3 of 3")
    assert is_all(page, "a", "sky")
    page.get_by_label("Play the epochs").click()  # from the first again
    expect(page.locator(".epochs output")).to_have_text("epoch 1 of 3")
    expect(page.locator(".epochs output")).to_have_text("epoch 3 of 3")


@pytest.mark.parametrize("refused", [False, True])
def test_the_whole_screen_swipes_and_plays_even_where_the_browser_refuses_it(
    page: Page, picture: Picture, refused: bool
) -> None:
    if refused:
        page.add_init_script("delete Element.prototype.requestFullscreen")
    open_viewer(page, played(picture))
    viewer = page.locator(".viewer")
    page.get_by_role("button", name="Full screen", exact=True).click()
    expect(viewer).to_have_class("viewer full")
    assert page.evaluate("document.fullscreenElement !== null") is not refused
    box = viewer.bounding_box()
    assert box is not None and (box["width"], box["height"]) == (1440, 900)
    page.get_by_label("Arrangement").select_option("swipe")
    page.get_by_label("Play the epochs").click()
    expect(page.locator(".epochs output")).to_have_text("epoch 3 of 3")
    figure = canvas(page, "swipe").bounding_box()
    assert figure is not None and figure["y"] + figure["height"] < 900  # all of it is seen
    page.get_by_role("button", name="Leave full screen").click()
    expect(viewer).to_have_class("viewer")


def test_the_viewer_comes_into_view_when_another_image_is_chosen(
    page: Page, picture: Picture
) -> None:
    open_viewer(page, picture.data())
    page.evaluate("document.body.style.paddingBottom = '3000px'")
    page.evaluate("scrollTo(0, 2500)")
    expect(page.locator(".toolbar")).not_to_be_in_viewport()
    page.evaluate("dispatchEvent(new Event('look-here'))")
    expect(page.locator(".toolbar")).to_be_in_viewport()
