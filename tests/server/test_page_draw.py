"""The view Draw: digits are read while they are drawn, and explained."""

import io
import re

import numpy as np
import pytest
from browsing import PHONE, needs_browser
from drawing_on_page import CENTER, STROKES, draw, expecting, paths, photo, reads
from PIL import Image


@needs_browser
@pytest.mark.parametrize("size", [{"width": 1280, "height": 800}, PHONE])
def test_on_the_first_visit_a_digit_draws_itself_and_is_read(reader, visit, size):
    page = visit(reader, first=True, viewport=size, has_touch=True)
    reads(page, "3")
    expecting(page.locator("#why")).to_have_text("why 3")
    for name in ("reading", "crop", "evidence", "confidence", "chips"):
        expecting(page.locator(f"#{name}")).to_be_in_viewport(ratio=1)
    place = page.locator("#top").bounding_box()
    page.click("#chips button:text-is('2026')")
    reads(page, "2026")
    assert page.locator("#top").bounding_box() == place  # reserved: nothing jumps
    page.click("#chips button:text-is('a smiley')")
    expecting(page.locator("#reading .unsure")).to_have_text("?")
    page.click("#chips button:text-is('a photo')")
    reads(page, "2026")
    page.reload()
    reads(page, "")  # once


@needs_browser
def test_what_draws_itself_makes_room_for_the_visitor(reader, visit):
    page = visit(reader, first=True)
    reads(page, "3")
    draw(page, "1")
    reads(page, "1")


@needs_browser
def test_each_digit_is_recognised(reader, visit):
    page = visit(reader)
    for digit in STROKES:
        draw(page, digit, 0)
        reads(page, digit)
        expecting(page.locator("#confidence")).to_contain_text("confidence")
        page.keyboard.press("c")
        reads(page, "")


@needs_browser
def test_several_digits_are_a_number_in_every_way_to_write_them(reader, visit):
    page = visit(reader)
    for i, digit in enumerate(STROKES):
        row, column = divmod(i, 5)
        draw(page, digit, 1, (0.05 + 0.19 * column, 0.1 + 0.45 * row, 0.12, 0.33))
    expecting(page.locator("#digits li")).to_have_count(10)
    reads(page, "01234\n56789")
    assert page.locator("#boxes rect").count() == 10
    page.locator("#digits button").nth(3).click()
    expecting(page.locator("#confidence")).to_contain_text("Digit 4 of 10: 3")
    page.keyboard.press("]")
    expecting(page.locator("#confidence")).to_contain_text("Digit 5 of 10: 4")


@needs_browser
def test_probabilities_and_crop_are_shown_while_the_pen_is_down(reader, visit):
    page = visit(reader)
    (points,) = paths(page, "3", 0, CENTER)
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point)
    expecting(page.locator("#probabilities .best .name")).to_have_text("3")
    expecting(page.locator("#crop-image")).to_have_js_property("naturalWidth", 28)
    assert page.locator("#probabilities li").count() == 11
    page.mouse.up()


@needs_browser
def test_a_scribble_is_rejected(reader, visit):
    page = visit(reader)
    box = page.locator("#drawing-area").bounding_box()
    points = np.random.default_rng(3).uniform(0.3, 0.6, (48, 2)) * [box["width"], box["height"]]
    page.mouse.move(box["x"] + points[0, 0], box["y"] + points[0, 1])
    page.mouse.down()
    for x, y in points[1:]:
        page.mouse.move(box["x"] + x, box["y"] + y)
    page.mouse.up()
    reads(page, "?")
    expecting(page.locator("#confidence")).to_contain_text(
        re.compile("I don.t know. It does not look")
    )


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
    for pixels, presses in ((thin, 0), (thick, 6)):
        for _ in range(presses):
            page.keyboard.press("+")
        draw(page, "1")
        pixels.append(inked())
        page.click("#clear")
    assert thick[0] > 1.3 * thin[0]


@needs_browser
def test_a_finger_draws_on_a_phone(reader, visit):
    page = visit(reader, viewport=PHONE, has_touch=True, is_mobile=True)
    touch = page.context.new_cdp_session(page)

    def send(kind, *points):
        touches = [{"x": x, "y": y} for x, y in points]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    for points in paths(page, "4", 0, CENTER):
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
    page.locator("#drawing-area").evaluate(
        """(sheet, bytes) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([new Uint8Array(bytes)], "x.png", { type: "image/png" }));
          sheet.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true }));
        }""",
        list(photo("31")["buffer"]),
    )
    reads(page, "31")
    page.click("#camera")
    page.wait_for_selector("#camera-dialog[open] video")
    page.locator("#video").evaluate(
        "video => video.videoWidth || new Promise(then => video.onloadeddata = then)"
    )
    page.click("#take-photo")
    page.wait_for_selector("#camera-dialog", state="hidden")
    expecting(page.locator("#reading")).not_to_have_text("31")
    page.set_input_files("#file", {"name": "x.png", "mimeType": "image/png", "buffer": b"no"})
    expecting(page.locator("#error")).to_contain_text("x.png cannot be opened: the picture cannot")
    assert {"422" in each for each in page.complaints} == {True}  # the service tried it, too
    page.complaints.clear()


@needs_browser
def test_boxes_of_a_photo_that_was_read_upside_down_are_at_its_digits(reader, visit):
    page = visit(reader)
    boxes = []
    for upside_down in (False, True):
        page.set_input_files("#file", photo("243724", upside_down))
        reads(page, "243724")
        positions = "all => all.map(({ x, width }) => [x, width].map((side) => side.baseVal.value))"
        boxes.append(np.array(page.locator("#boxes rect").evaluate_all(positions)))
        page.keyboard.press("c")
        reads(page, "")
    (upright, width), (rotated, rotated_width) = (sides.T for sides in boxes)
    assert (np.diff(upright) > 0).all()
    assert (np.diff(rotated) < 0).all()
    # Mirrored: the centers of a digit in both are at equal distances from the area's center.
    sums = upright + width / 2 + rotated + rotated_width / 2
    assert np.ptp(sums) < 0.02 * sums.mean()


@needs_browser
@pytest.mark.parametrize("digits", [[], None])
def test_the_page_says_that_a_picture_was_not_read_in_time(reader, visit, digits):
    def shorten(route):
        response = route.fetch()
        answer = response.json() | {"complete": False}
        answer |= {} if digits is None else {"digits": [], "text": ""}
        route.fulfill(response=response, json=answer)

    page = visit(reader)
    page.route("**/v1/read?*", shorten)
    page.set_input_files("#file", photo("243724"))
    expecting(page.locator("#error")).to_contain_text("Not read in time")
    if digits is None:
        reads(page, "243724")
    else:
        expecting(page.locator("#confidence")).to_have_text("Not read.")
    page.unroute("**/v1/read?*")
    page.set_input_files("#file", photo("243724"))
    reads(page, "243724")
    expecting(page.locator("#error")).to_be_hidden()


@needs_browser
def test_the_explanation_shows_evidence_and_the_nearest_training_images(reader, visit):
    page = visit(reader)
    draw(page, "3")
    reads(page, "3")
    expecting(page.locator("#evidence-text")).to_contain_text("Evidence for 3")
    expecting(page.locator("#neighbours b")).to_have_text(["3"] * 6)
    shown = page.locator("#evidence canvas").evaluate(
        "canvas => [...canvas.getContext('2d').getImageData(0, 0, 28, 28).data]"
    )
    opacity = np.array(shown).reshape(28, 28, 4)[..., 3]
    assert opacity.max() > 200
    assert opacity[0, 0] == 0


PASTE = """text => {
  const clipboardData = new DataTransfer();
  clipboardData.setData("text/plain", text);
  document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
}"""
DARK = """canvas => canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height)
  .data.filter((value, i) => i % 4 === 3 && value > 128).length"""


@needs_browser
def test_a_tap_leaves_a_dot_and_a_paste_without_picture_is_named(reader, visit):
    page = visit(reader)
    box = page.locator("#drawing-area").bounding_box()
    page.mouse.click(box["x"] + 100, box["y"] + 100)
    assert page.locator("#ink").evaluate(DARK) > 100
    page.evaluate(PASTE, "42")
    expecting(page.locator("#error")).to_contain_text("What was pasted is not a picture")
    expecting(page.locator("#answering")).to_have_text("packaged reader, version 0")


@needs_browser
def test_the_box_of_a_digit_can_be_clicked_and_a_document_is_opened(reader, visit, tmp_path):
    page = visit(reader)
    page.set_input_files("#file", photo("2046"))
    reads(page, "2046")
    page.locator("#boxes path").nth(2).click()
    expecting(page.locator("#confidence")).to_contain_text("Digit 3 of 4: 4")
    reads(page, "2046")
    picture = Image.open(io.BytesIO(photo("31")["buffer"]))
    picture.convert("RGB").save(tmp_path / "a.pdf")
    page.set_input_files("#file", tmp_path / "a.pdf")
    reads(page, "31")
