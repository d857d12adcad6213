"""The 28x28 image in JavaScript equals that of Python, from masks and from drawings."""

import base64
import io

import numpy as np
import pytest
from browsing import needs_browser
from drawing_on_page import STROKES
from PIL import Image, ImageDraw

from tenfold.handwriting import detect_digits
from tenfold.handwriting.mnist_crop import crop_digit, crop_to_ink
from tenfold.page.document import bundle

CROP = """({ masks }) => masks.map(({ width, height, ink }) =>
  [...digit_image_module.digitImage({ width, height, data: Uint8Array.from(ink) })])"""
DRAW = """async ({ strokes, pen }) => {
  const context = new OffscreenCanvas(300, 420).getContext("2d", { willReadFrequently: true });
  Object.assign(context, { lineWidth: pen, lineCap: "round", lineJoin: "round" });
  for (const points of strokes) {
    context.beginPath();
    for (const [x, y] of points) context.lineTo(60 + 180 * x, 60 + 300 * y);
    context.stroke();
  }
  const [digit] = components_module.findDigits(components_module.inkOf(context));
  context.globalCompositeOperation = "destination-over";
  context.fillStyle = "#fff";
  context.fillRect(0, 0, 300, 420);
  const bytes = new Uint8Array(await (await context.canvas.convertToBlob()).arrayBuffer());
  return { image: [...digit_image_module.digitImage(digit.ink)],
    png: btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")) };
}"""


@pytest.fixture(scope="module")
def page(browser):
    page = browser.new_page()
    page.add_script_tag(content=bundle("components"))
    yield page
    page.close()


def mask(strokes, height, pen):
    width = 0.7 * height
    image = Image.new("L", (int(width) + 4 * pen, height + 4 * pen))
    for stroke in strokes:
        points = [(2 * pen + width * x, 2 * pen + height * y) for x, y in stroke]
        ImageDraw.Draw(image).line(points, fill=255, width=pen, joint="curve")
    return np.ascontiguousarray(crop_to_ink(np.asarray(image) > 127))


@needs_browser
def test_crops_of_masks_are_equal_pixel_by_pixel(page):
    """All but a few: skeletons, from which the stroke width is measured, may differ by pixels."""
    generator = np.random.default_rng(0)
    masks = []
    for ways in STROKES.values():
        for strokes in ways:
            height = int(generator.integers(40, 350))
            masks.append(mask(strokes, height, max(2, int(height * generator.uniform(0.03, 0.15)))))
    given = [
        {"width": ink.shape[1], "height": ink.shape[0], "ink": ink.astype(int).ravel().tolist()}
        for ink in masks
    ]
    ours = np.array(page.evaluate(CROP, {"masks": given})).reshape(-1, 28, 28)
    expected = np.stack([crop_digit(ink) for ink in masks]).astype(int)
    differences = np.abs(ours - expected).max(axis=(1, 2))
    assert len(masks) >= 20
    assert (differences == 0).mean() >= 0.9
    assert np.abs(ours - expected).mean() < 0.1  # of 255 grey levels


@needs_browser
def test_drawings_are_cropped_as_read_crops_them(page):
    """The picture of a drawing goes through binarization and segmentation in Python."""
    distances = []
    for ways in STROKES.values():
        drawn = page.evaluate(DRAW, {"strokes": ways[0], "pen": 26})
        picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(drawn["png"]))).convert("RGB"))
        (crop,) = detect_digits(picture).crops
        distances.append(np.abs(np.array(drawn["image"]).reshape(28, 28) - crop.astype(int)).mean())
    assert np.median(distances) < 1.0  # of 255 grey levels
    assert max(distances) < 25.0  # the image shifted by one pixel, by rounding its center
