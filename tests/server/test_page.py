"""The page in a real browser: drawn on, corrected, retrained, by mouse, touch and keyboard."""

import io
import json
import re
import subprocess
import sys
from importlib import resources
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from browsing import DESKTOP, PATIENCE, PHONE, needs_browser, watched_page
from PIL import Image, ImageDraw

import tenfold

WEB = resources.files("tenfold.server.web") / "static"
# Of each digit some ways to write it; of each way its strokes: points within a unit square.
STROKES = json.loads((Path(__file__).parent / "strokes.json").read_text())
MIDDLE = (0.36, 0.15, 0.28, 0.7)  # left, top, width and height on the sheet, in shares of it


# The files


def test_the_page_is_small():
    files = list(WEB.iterdir())
    assert sum(len(file.read_bytes()) for file in files) < 100_000
    assert {Path(file.name).suffix for file in files} == {".html", ".css", ".js", ".svg"}


def test_the_page_names_no_other_place_and_has_nothing_inline():
    for file in WEB.iterdir():
        text = file.read_text().replace("http://www.w3.org/2000/svg", "")
        assert "//" not in re.sub(r"^\s*//.*|\s// .*", "", text, flags=re.M), file.name
    page = (WEB / "index.html").read_text()
    assert re.findall(r"<script(?![^>]* src=)|<style|\sstyle=|\son[a-z]+=", page) == []


# Services and browsers


def serving(*arguments):
    """A service in a process of its own, and its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tenfold", "serve", *map(str, arguments), "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
    )
    for line in process.stderr:
        found = re.search(r"http://[\w.:]+", line)
        if found:
            return process, found[0]
    raise AssertionError(f"the service ended with {process.wait()}")


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    """The address of a service with the reader that comes with tenfold."""
    process, address = serving("--samples", tmp_path_factory.mktemp("reader") / "samples")
    yield address
    process.terminate()
    assert process.wait(20) == 0


@pytest.fixture(scope="module")
def trained(few_file, tmp_path_factory):
    """The address of a service with a small run, which retrains in seconds."""
    folder = tmp_path_factory.mktemp("trained")
    tenfold.train("logistic", tenfold.load(few_file), out=folder / "run", verbose=False)
    process, address = serving(folder / "run", "--samples", folder / "samples")
    yield address
    process.terminate()
    assert process.wait(20) == 0


@pytest.fixture
def visit(browser):
    """Open a service's page. It must neither complain nor ask for anything elsewhere."""
    visits = []

    def go(address, **settings):
        context = browser.new_context(**{"viewport": DESKTOP, **settings})
        page = watched_page(context, address)
        visits.append((address, context, page))
        page.wait_for_selector("html[data-ready]")
        return page

    yield go
    for address, context, page in visits:
        context.close()
        assert page.complaints == []
        places = {f"{url.scheme}://{url.netloc}" for url in map(urlsplit, page.requests)}
        assert places <= {address, "data://", "blob://"}


def expecting(what):
    from playwright.sync_api import expect

    return expect(what)


def paths(page, digit, way, place):
    """The strokes of a digit as points of the window."""
    box = page.locator("#sheet").bounding_box()
    left, top, width, height = place
    for stroke in STROKES[digit][way]:
        kept = [*stroke[:-1:2], stroke[-1]] if len(stroke) > 12 else stroke
        yield [
            (
                box["x"] + box["width"] * (left + width * x),
                box["y"] + box["height"] * (top + height * y),
            )
            for x, y in kept
        ]


def draw(page, digit, way=0, place=MIDDLE):
    for points in paths(page, digit, way, place):
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in points[1:]:
            page.mouse.move(*point)
        page.mouse.up()


def reads(page, text):
    expecting(page.locator("#figure")).to_have_text(text)


def photo(text, turned=False):
    """A photo of digits: dark ink on paper that is lit from one side; PNG."""
    image = Image.new("L", (160 * len(text), 240), 255)
    pen = ImageDraw.Draw(image)
    for place, digit in enumerate(text):
        for stroke in STROKES[digit][0]:
            points = [(160 * place + 30 + 100 * x, 50 + 140 * y) for x, y in stroke]
            pen.line(points, fill=40, width=9, joint="curve")
    light = np.linspace(0.75, 1, image.width)
    file = io.BytesIO()
    pixels = (np.asarray(image) * light).astype(np.uint8)
    Image.fromarray(np.rot90(pixels, 2 * turned)).save(file, "PNG")
    return {"name": "photo.png", "mimeType": "image/png", "buffer": file.getvalue()}


# Draw


@needs_browser
def test_each_digit_is_recognised(reader, visit):
    page = visit(reader)
    for digit in STROKES:
        draw(page, digit, 0)
        reads(page, digit)
        expecting(page.locator("#sure")).to_contain_text("sure")
        page.keyboard.press("c")
        reads(page, "")


@needs_browser
def test_several_digits_are_a_number_in_every_way_to_write_them(reader, visit):
    page = visit(reader)
    for place, digit in enumerate(STROKES):
        row, column = divmod(place, 5)
        draw(page, digit, 1, (0.05 + 0.19 * column, 0.1 + 0.45 * row, 0.12, 0.33))
    expecting(page.locator("#digits li")).to_have_count(10)
    reads(page, "01234\n56789")
    assert page.locator("#boxes rect").count() == 10
    page.locator("#digits button").nth(3).click()
    expecting(page.locator("#sure")).to_contain_text("Digit 4 of 10: 3")
    page.keyboard.press("]")
    expecting(page.locator("#sure")).to_contain_text("Digit 5 of 10: 4")


@needs_browser
def test_probabilities_and_what_the_network_sees_are_shown_while_the_pen_is_down(reader, visit):
    page = visit(reader)
    (points,) = paths(page, "3", 0, MIDDLE)
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point)
    expecting(page.locator("#bars .best .name")).to_have_text("3")
    expecting(page.locator("#seen-image")).to_have_js_property("naturalWidth", 28)
    assert page.locator("#bars li").count() == 11
    page.mouse.up()


@needs_browser
def test_a_scribble_is_not_known(reader, visit):
    page = visit(reader)
    box = page.locator("#sheet").bounding_box()
    places = np.random.default_rng(3).uniform(0.3, 0.6, (48, 2)) * [box["width"], box["height"]]
    page.mouse.move(box["x"] + places[0, 0], box["y"] + places[0, 1])
    page.mouse.down()
    for x, y in places[1:]:
        page.mouse.move(box["x"] + x, box["y"] + y)
    page.mouse.up()
    reads(page, "?")
    expecting(page.locator("#sure")).to_contain_text(re.compile("I don.t know. It looks like no"))


@needs_browser
def test_undo_redo_clear_and_the_pen(reader, visit):
    page = visit(reader)
    draw(page, "1", 0, (0.2, 0.2, 0.1, 0.6))
    draw(page, "7", 0, (0.6, 0.2, 0.2, 0.6))
    reads(page, "17")
    page.keyboard.press("Control+z")
    reads(page, "1")
    page.click("#redo")
    reads(page, "17")
    page.click("#clear")
    reads(page, "")
    page.click("#undo")
    reads(page, "17")

    def inked():
        return page.locator("#ink").evaluate(
            """({ width, height }) => {
              const copy = new OffscreenCanvas(width, height).getContext("2d");
              copy.drawImage(document.getElementById("ink"), 0, 0);
              const levels = copy.getImageData(0, 0, width, height).data;
              return levels.filter((level, i) => i % 4 === 3 && level > 0).length;
            }"""
        )

    page.click("#clear")
    thin, thick = [], []
    for kept, presses in ((thin, 0), (thick, 6)):
        for _ in range(presses):
            page.keyboard.press("+")
        draw(page, "1")
        kept.append(inked())
        page.click("#clear")
    assert thick[0] > 1.3 * thin[0]


@needs_browser
def test_a_finger_draws_on_a_phone(reader, visit):
    page = visit(reader, viewport=PHONE, has_touch=True, is_mobile=True)
    touch = page.context.new_cdp_session(page)

    def send(kind, *points):
        found = [{"x": x, "y": y} for x, y in points]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": found})

    for points in paths(page, "4", 0, MIDDLE):
        send("touchStart", points[0])
        for point in points[1:]:
            send("touchMove", point)
        send("touchEnd")
    reads(page, "4")
    assert page.evaluate("scrollY") == 0


@needs_browser
def test_pictures_are_chosen_dropped_and_taken(reader, visit):
    page = visit(reader)
    page.set_input_files("#file", photo("2046"))
    reads(page, "2046")
    assert page.locator("#boxes rect").count() == 4
    page.keyboard.press("c")
    reads(page, "")
    page.locator("#sheet").evaluate(
        """(sheet, bytes) => {
          const carried = new DataTransfer();
          carried.items.add(new File([new Uint8Array(bytes)], "x.png", { type: "image/png" }));
          sheet.dispatchEvent(new DragEvent("drop", { dataTransfer: carried, bubbles: true }));
        }""",
        list(photo("31")["buffer"]),
    )
    reads(page, "31")
    page.click("#camera")
    page.wait_for_selector("#camera-dialog[open] video")
    page.locator("#video").evaluate(
        "video => video.videoWidth || new Promise(then => video.onloadeddata = then)"
    )
    page.click("#shoot")
    page.wait_for_selector("#camera-dialog", state="hidden")
    expecting(page.locator("#figure")).not_to_have_text("31")
    page.set_input_files("#file", {"name": "x.png", "mimeType": "image/png", "buffer": b"no"})
    expecting(page.locator("#trouble")).to_contain_text("x.png cannot be opened as a picture")


@needs_browser
def test_boxes_of_a_photo_that_was_turned_to_be_read_stand_where_its_digits_do(reader, visit):
    page = visit(reader)
    boxes = []
    for turned in (False, True):
        page.set_input_files("#file", photo("243724", turned))
        reads(page, "243724")
        found = "all => all.map(({ x, width }) => [x, width].map((side) => side.baseVal.value))"
        boxes.append(np.array(page.locator("#boxes rect").evaluate_all(found)))
        page.keyboard.press("c")
        reads(page, "")
    (upright, wide), (down, wide_down) = (found.T for found in boxes)
    assert (np.diff(upright) > 0).all()
    assert (np.diff(down) < 0).all()
    middles = upright + wide / 2 + down + wide_down / 2  # twice the middle of the sheet, each
    assert np.ptp(middles) < 0.02 * middles.mean()


@needs_browser
def test_why_shows_the_evidence_and_the_nearest_training_images(reader, visit):
    page = visit(reader)
    draw(page, "3")
    reads(page, "3")
    expecting(page.locator("#evidence-says")).to_contain_text("Evidence for 3")
    expecting(page.locator("#near b")).to_have_text(["3"] * 6)
    shown = page.locator("#evidence canvas").evaluate(
        "canvas => [...canvas.getContext('2d').getImageData(0, 0, 28, 28).data]"
    )
    opacity = np.array(shown).reshape(28, 28, 4)[..., 3]
    assert opacity.max() > 200
    assert opacity[0, 0] == 0


# Correct


@needs_browser
def test_a_key_keeps_a_sample_that_can_be_taken_back_or_deleted(reader, visit):
    page = visit(reader)
    draw(page, "6", 1)
    reads(page, "6")
    page.keyboard.press("5")
    expecting(page.locator("#kept")).to_contain_text("Kept as 5; it was read as 6.")
    page.click("#keys button >> text=8")  # thought better of it: one digit is one sample
    expecting(page.locator("#kept")).to_contain_text("Kept as 8")
    expecting(page.locator("#sample-count")).to_have_text("1")
    chosen = page.locator("#keys [aria-pressed=true]")
    blue = page.evaluate(
        """() => {
          const part = document.body.appendChild(document.createElement("i"));
          part.style.background = "var(--blue)";
          const shown = getComputedStyle(part).backgroundColor;
          part.remove();
          return shown;
        }"""
    )
    expecting(chosen).to_have_css("background-color", blue)  # under the pointer as well
    page.keyboard.press("u")
    expecting(page.locator("#sample-count")).to_be_hidden()
    page.keyboard.press("6")
    expecting(page.locator("#kept")).to_contain_text("Kept as another 6.")
    page.keyboard.press("s")
    expecting(page.locator("#sample-list li")).to_have_count(1)
    expecting(page.locator("#sample-list img")).to_have_js_property("naturalWidth", 28)
    page.click("#sample-list button")
    expecting(page.locator("#sample-list li")).to_have_count(0)
    expecting(page.locator("#retrain")).to_be_disabled()


@needs_browser
def test_a_key_waits_for_the_answer_that_is_on_its_way(reader, visit):
    page = visit(reader)
    draw(page, "6", 1)
    reads(page, "6")
    page.wait_for_selector("#answer[aria-busy=false]")
    held = []  # requests that the service has not seen yet
    page.route("**/v1/read?*", lambda route: held.append(route), times=1)
    with page.expect_request("**/v1/read?*"):
        draw(page, "6", 1)
    page.keyboard.press("5")
    held.pop().continue_()
    expecting(page.locator("#kept")).to_contain_text("Kept as 5")
    page.wait_for_selector("#answer[aria-busy=false]")
    page.click("#keys button >> text=8")
    expecting(page.locator("#kept")).to_contain_text("Kept as 8")
    expecting(page.locator("#sample-count")).to_have_text("1")
    page.keyboard.press("u")
    expecting(page.locator("#sample-count")).to_be_hidden()


@needs_browser
def test_retraining_is_accepted_and_gone_back_from(trained, visit):
    page = visit(trained)
    for way in range(2):
        draw(page, "7", way)
        expecting(page.locator("#keys button").first).to_be_enabled()
        expecting(page.locator("#bars .best")).to_have_count(1)
        page.keyboard.press("7")
        expecting(page.locator("#sample-count")).to_have_text(str(way + 1))
        page.keyboard.press("c")
        reads(page, "")
    page.goto(f"{trained}/#samples")
    page.click("#retrain")
    expecting(page.locator("#retraining-says")).to_contain_text("Retraining")
    expecting(page.locator("#accept")).to_be_visible(timeout=5 * PATIENCE)
    expecting(page.locator("#retraining-says")).to_contain_text("on held-out images")
    expecting(page.locator("#comparison tbody tr").first).to_contain_text("500 images")
    assert page.locator("#comparison tbody tr").count() >= 2
    page.click("#accept")
    expecting(page.locator("#retraining-says")).to_contain_text("Version 1 answers from now on.")
    page.click("#retraining-says a")
    expecting(page.locator("#model-lead")).to_contain_text("version 1")
    page.click("[aria-label='Let version 0 answer']")
    expecting(page.locator("#model-lead")).to_contain_text("version 0")


# Run


@needs_browser
def test_a_run_shows_its_curves_and_the_images_behind_a_cell(trained, visit):
    page = visit(f"{trained}")
    page.keyboard.press("r")
    expecting(page.locator("#curves svg")).to_have_count(2)
    expecting(page.locator("#run-spread")).to_contain_text("of 500 validation images right")
    cells = page.locator("#matrix button")
    assert sum(map(int, cells.all_inner_texts())) == 500
    cells.first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    expecting(page.locator("#cell-title")).to_contain_text("True 0, predicted 0")
    expecting(page.locator("#cell-images img").first).to_have_js_property("naturalWidth", 28)


@needs_browser
def test_a_run_grows_while_it_trains(trained, visit):
    page = visit(trained)
    shown = page.evaluate("fetch('/v1/run').then(answer => answer.json())")
    looks = []

    def answer(route):
        looks.append(route)
        done = min(len(looks), 3)
        rows = [{**shown["history"][0], "epoch": 1 + k} for k in range(done)]
        status = "training" if done < 3 else "finished"
        live = {**shown, "status": status, "epoch": done, "epochs": 3, "history": rows}
        route.fulfill(json=live)

    page.route("**/v1/run", answer)
    page.reload()
    page.wait_for_selector("html[data-ready]")
    page.keyboard.press("r")
    expecting(page.locator("#run-status")).to_have_text("Training: 2 of 3 epochs done")
    expecting(page.locator("#run-bar")).to_have_attribute("value", "2")
    expecting(page.locator("#run-status")).to_have_text("Finished after 3 epochs")
    expecting(page.locator("#run-progress")).to_be_hidden()
    assert len(looks) == 3


# For everyone


@needs_browser
def test_everything_is_done_by_keyboard(reader, visit):
    page = visit(reader)
    page.keyboard.press("g")
    for key in [*["ArrowUp"] * 4, " ", *["ArrowDown"] * 9, " "]:
        page.keyboard.press(key)
    reads(page, "1")
    expecting(page.locator("#place")).to_have_text("Column 12, row 13, pen up")
    expecting(page.locator("#live")).to_contain_text("1, over 99.9")
    page.keyboard.press("1")
    expecting(page.locator("#kept")).to_contain_text("Kept as another 1.")
    page.keyboard.press("u")
    seen = []
    for _ in range(60):
        page.keyboard.press("Tab")
        seen.append(
            page.evaluate("document.activeElement.id || document.activeElement.textContent")
        )
        if seen.count(seen[0]) > 1:
            break
    else:
        raise AssertionError(f"Tab does not come round: {seen}")
    assert {"sheet", "undo", "pen", "choose", "camera", "theme", "help-open"} <= set(seen)
    page.keyboard.press("?")
    expecting(page.locator("#help")).to_be_visible()
    page.locator("#shortcuts").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    page.keyboard.press("Control+z")
    reads(page, "")  # only the stroke was undone: c is no shortcut any more


@needs_browser
def test_the_theme_is_the_systems_until_one_is_chosen(reader, visit):
    page = visit(reader, color_scheme="dark")

    def ground():
        return page.evaluate("getComputedStyle(document.body).backgroundColor")

    assert ground() == "rgb(20, 22, 26)"
    page.click("#theme")
    assert ground() == "rgb(255, 255, 255)"
    page.reload()
    assert ground() == "rgb(255, 255, 255)"


@needs_browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_violation(trained, visit, theme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = visit(trained, color_scheme=theme, reduced_motion="reduce")
    draw(page, "3")
    expecting(page.locator("#near li")).to_have_count(6)
    for view in ("draw", "run", "samples", "model"):
        page.evaluate(f"location.hash = {view!r}")
        page.wait_for_selector(f"#{view}:visible")
        if view == "run":
            page.locator("#matrix button").first.click()
            page.wait_for_selector("#cell-images li")
        for size in (DESKTOP, PHONE):
            page.set_viewport_size(size)
            found = axe.run(page)
            assert found.violations_count == 0, found.generate_report()
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (view, size)


@needs_browser
def test_a_service_that_is_gone_is_told_of_in_one_line(reader, visit):
    page = visit(reader)
    page.route("**/v1/read*", lambda route: route.abort())
    draw(page, "1")
    expecting(page.locator("#trouble")).to_contain_text("The service does not answer.")
    page.unroute("**/v1/read*")
    draw(page, "1")
    reads(page, "1")
    expecting(page.locator("#trouble")).to_be_hidden()
    assert {"ERR_FAILED" in each for each in page.complaints} == {True}
    page.complaints.clear()
