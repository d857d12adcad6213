"""Drawing on the page: strokes of digits by mouse, and photos of digits."""

import io
import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

# Per digit several ways to write it; per way its strokes, as points in the unit square.
STROKES = json.loads((Path(__file__).parent / "strokes.json").read_text())
CENTER = (0.36, 0.15, 0.28, 0.7)  # left, top, width and height, relative to the drawing area


def expecting(what):
    from playwright.sync_api import expect

    return expect(what)


def paths(page, digit, way, area):
    """The strokes of a digit as points of the browser window."""
    box = page.locator("#drawing-area").bounding_box()
    left, top, width, height = area
    for stroke in STROKES[digit][way]:
        points = [*stroke[:-1:2], stroke[-1]] if len(stroke) > 12 else stroke
        yield [
            (
                box["x"] + box["width"] * (left + width * x),
                box["y"] + box["height"] * (top + height * y),
            )
            for x, y in points
        ]


def draw(page, digit, way=0, area=CENTER):
    for points in paths(page, digit, way, area):
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in points[1:]:
            page.mouse.move(*point)
        page.mouse.up()


def reads(page, text):
    expecting(page.locator("#reading")).to_have_text(text)


def photo(text, upside_down=False):
    """A photo of digits: dark ink on paper that is lit from one side; PNG."""
    image = Image.new("L", (160 * len(text), 240), 255)
    pen = ImageDraw.Draw(image)
    for i, digit in enumerate(text):
        for stroke in STROKES[digit][0]:
            points = [(160 * i + 30 + 100 * x, 50 + 140 * y) for x, y in stroke]
            pen.line(points, fill=40, width=9, joint="curve")
    light = np.linspace(0.75, 1, image.width)
    file = io.BytesIO()
    pixels = (np.asarray(image) * light).astype(np.uint8)
    Image.fromarray(np.rot90(pixels, 2 * upside_down)).save(file, "PNG")
    return {"name": "photo.png", "mimeType": "image/png", "buffer": file.getvalue()}
