"""All that the page shows of a drawing agrees with itself and with Python, for 500 drawings."""

import base64

import numpy as np
import pytest
from browsing import needs_browser
from drawing_on_page import STROKES

import tenfold
from tenfold import networks
from tenfold.handwriting.mnist_crop import crop_digit, crop_to_ink
from tenfold.page.document import Model, write_page

DRAWINGS, SCALE = 500, 500  # steps of a link per width of the drawing area
THRESHOLD = 0.15
AT_ONCE = """
  window.requestAnimationFrame = (action) => queueMicrotask(() => action(performance.now()));
  history.replaceState = () => {};
  const { prototype } = OffscreenCanvasRenderingContext2D, original = prototype.getImageData;
  prototype.getImageData = function (...sides) {
    return window.raster = original.apply(this, sides);
  };
"""
SHOW = """async (states) => {
  const element = (selector) => document.querySelector(selector);
  const said = (selector) => element(selector).textContent;
  const bars = (selector) => Array.from(document.querySelectorAll(selector), (bar) =>
    [".name", ".value"].map((part) => bar.querySelector(part).textContent));
  const text = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  const image = (selector) => {
    const { data } = element(selector).getContext("2d").getImageData(0, 0, 28, 28);
    return text(data.filter((_, i) => i % 4 === 0));
  };
  const shown = [];
  for (const state of states) {
    location.hash = state;
    await new Promise((then) => addEventListener("hashchange", then, { once: true }));
    const { width, height, data } = window.raster, ink = new Uint8Array(width * height / 8 + 1);
    for (let i = 0; i < width * height; i++) ink[i >> 3] |= (data[4 * i + 3] > 127) << (7 - i % 8);
    shown.push({
      width, height, ink: text(ink), image: image(".seen canvas"), stage: image("#stage"),
      digits: Math.max(1, document.querySelectorAll("#digits li").length),
      reading: said(".reading"), confidence: said(".confidence"),
      stageAnswer: said("#stage-answer"), top: bars(".top li"), all: bars("details .bars li"),
    });
  }
  return shown;
}"""


def drawings():
    """Links to digits of random size, width, slant, jitter and pen."""
    rng = np.random.default_rng(3)
    ways = [strokes for digit in STROKES.values() for strokes in digit]
    for number in range(DRAWINGS):
        height, slant, pen = rng.uniform(0.15, 0.55), rng.uniform(-0.2, 0.25), rng.uniform(8, 26)
        width = height * rng.uniform(0.45, 0.9)
        strokes = []
        for stroke in ways[number % len(ways)]:
            x, y = np.array(stroke).T + rng.normal(0, 0.012, (2, len(stroke)))
            points = np.stack([width * (x - 0.5 + slant * (0.5 - y)), height * (y - 0.5)], axis=1)
            steps = np.diff(np.round(SCALE * points).astype(int), axis=0, prepend=[[0, 0]])
            strokes.append(".".join(map(str, [round(pen), *steps.ravel()])))
        yield "#d=" + "_".join(strokes)


@pytest.fixture(scope="module")
def shown(write_model, browser, tmp_path_factory):
    """What the page shows of each drawing, and the model in it."""
    threshold = {"value": THRESHOLD, "error_rate": 0.01}
    model = write_model(networks.dense((28, 28), 10, hidden=[32]), threshold=threshold)
    path = tmp_path_factory.mktemp("pages") / "page.html"
    write_page([Model("dense", model)], path)
    context = browser.new_context(reduced_motion="reduce")
    context.add_init_script(AT_ONCE)
    page = context.new_page()
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-ready]")
    page.add_style_tag(content="main > section + section { display: none }")
    yield page.evaluate(SHOW, list(drawings())), model
    context.close()


def images(shown, part):
    return np.stack([np.frombuffer(base64.b64decode(each[part]), np.uint8) for each in shown])


def probability(text):
    """The bounds of a probability that is shown in percent."""
    value = float(text.strip("<> %")) / 100
    low, high = (0 if "<" in text else value - 5.01e-4), (1 if ">" in text else value + 5.01e-4)
    return low, high


@needs_browser
def test_what_is_shown_is_what_was_judged(shown):
    """Headline, bars, sentence and stage are of the 28x28 image shown, as ``predict`` judges it."""
    shown, model = shown
    seen, predictor = images(shown, "image"), tenfold.Predictor(model)
    assert len(np.unique(seen, axis=0)) > 0.9 * DRAWINGS
    assert (images(shown, "stage") == seen).all()
    accepted = 0
    for each, expected in zip(
        shown, predictor(seen.reshape(-1, 28, 28), pixels="byte"), strict=True
    ):
        best = expected.argmax()
        text = str(best) if expected[best] >= THRESHOLD else "?"
        accepted += text != "?"
        assert each["reading"] == text * each["digits"] or each["digits"] > 1
        sentence = f"{best}, confidence" if text != "?" else f"Most probable: {best},"
        assert sentence in each["confidence"]
        assert each["confidence"] == each["stageAnswer"]
        assert [name for name, _ in each["all"]] == list(predictor.class_names)
        for name, value in [*each["top"], *each["all"]]:
            low, high = probability(value)
            assert low <= expected[int(name)] <= high
        assert each["top"][0][0] == str(best)
        assert each["top"][0][1] in each["confidence"].replace("over", ">").replace("under", "<")
    assert 0.1 * DRAWINGS < accepted < 0.9 * DRAWINGS


@needs_browser
def test_images_of_drawings_equal_those_of_python(shown):
    """Equal but for skeletons that differ by a pixel, from which the stroke width is measured."""
    single = [each for each in shown[0] if each["digits"] == 1]
    assert len(single) > 0.95 * DRAWINGS
    distances = []
    for each, image in zip(single, images(single, "image"), strict=True):
        bits = np.unpackbits(np.frombuffer(base64.b64decode(each["ink"]), np.uint8))
        mask = bits[: each["width"] * each["height"]].reshape(each["height"], each["width"])
        crop = crop_digit(np.ascontiguousarray(crop_to_ink(mask.astype(bool))))
        distances.append(np.abs(image.reshape(28, 28).astype(int) - crop).mean())
    assert np.mean(np.array(distances) == 0) > 0.9
    assert np.quantile(distances, 0.99) < 2.0  # of 255 grey levels
    assert max(distances) < 25.0  # the image shifted by one pixel, by rounding its center
