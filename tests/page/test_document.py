"""The page as one file: size, first screen, link, two models, what is refused."""

import re

import numpy as np
import pytest
from browsing import DESKTOP, PHONE, needs_browser
from drawing_on_page import draw, expecting

from tenfold import InputError, networks
from tenfold.core.assets import READER
from tenfold.export.predictor import Predictor
from tenfold.page.document import Model, write_page


@pytest.fixture(scope="module")
def reader_page(tmp_path_factory, mnist):
    path = tmp_path_factory.mktemp("pages") / "reader.html"
    write_page([Model("reader", READER, mnist.validation)], path)
    return path


@pytest.fixture(scope="module")
def dense_page(dense_model, tmp_path_factory):
    path = tmp_path_factory.mktemp("pages") / "dense.html"
    write_page([Model("dense", dense_model)], path)
    return path


@pytest.fixture(scope="module")
def two_models(dense_model, tmp_path_factory):
    path = tmp_path_factory.mktemp("pages") / "two.html"
    write_page([Model("reader", READER), Model("<dense>", dense_model)], path)
    return path


def test_pages_of_the_reader_and_quick_are_small(reader_page, dense_model, mnist, tmp_path):
    assert reader_page.stat().st_size < 1_300_000
    size = write_page([Model("dense", dense_model, mnist.validation)], tmp_path / "dense.html")
    quick = 48_000  # bytes of its weights in base64
    assert size - 4 / 3 * dense_model.stat().st_size < 200_000 - quick


@needs_browser
def test_a_digit_draws_itself_and_others_are_read(reader_page, open_file):
    page = open_file(reader_page, reduced_motion="no-preference")
    reading = page.locator(".reading")
    expecting(reading).to_have_text("3")
    expecting(page.locator(".seen canvas").last).to_have_attribute(
        "aria-label", re.compile("Why 3")
    )
    draw(page, "4")  # in the place of the first digit
    expecting(reading).to_have_text("4")
    page.click("#clear")
    expecting(reading).to_have_text("")
    draw(page, "7")
    expecting(reading).to_have_text("7")
    for name, text in (("a messy 7", "7"), ("2026", "2026"), ("a smiley", "?")):
        page.get_by_role("button", name=name).click()
        expecting(reading).to_have_text(text)
    assert page.locator(".top li").count() == 3


@needs_browser
def test_a_chart_shows_the_answer_while_the_drawing_grew(reader_page, open_file):
    page = open_file(reader_page)
    chart, says = page.locator("#timeline-chart"), page.locator("#moment-says")
    expecting(chart).to_have_attribute("aria-label", re.compile("grew: .*3 from"))
    assert page.locator("#timeline-classes span").first.inner_text() == "3"
    best = page.locator(".top .value").first.inner_text()
    expecting(says).to_have_text(f"100 % drawn: 3, {best}")
    assert page.locator("#moment").input_value() == page.locator("#moment").get_attribute("max")
    page.locator("#moment").fill("0")
    expecting(says).to_have_text(re.compile(r"^\d % drawn"))
    page.click("#clear")
    expecting(chart).to_have_attribute("aria-label", "No drawing")
    expecting(page.locator("#moment")).to_be_disabled()


@needs_browser
def test_a_link_reproduces_the_drawing(reader_page, open_file):
    page = open_file(reader_page)
    page.get_by_role("button", name="2026").click()
    expecting(page.locator(".reading")).to_have_text("2026")
    expecting(page.locator("#digits li")).to_have_count(4)
    expecting(page).to_have_url(re.compile("#d=.{100}"))
    other = open_file(reader_page, state=page.evaluate("location.hash"))
    expecting(other.locator(".reading")).to_have_text("2026")


@needs_browser
def test_a_link_reproduces_the_knobs_from_any_section(dense_page, open_file):
    page = open_file(dense_page, permissions=["clipboard-read", "clipboard-write"])
    draw(page, "7")
    page.locator("#knob-rotate").fill("25")
    page.locator("#knob-noise").fill("10")
    page.locator("nav a", has_text="Play").click()
    expecting(page).to_have_url(re.compile("#play$"))
    page.click("#link")
    expecting(page.locator("#link")).to_have_text("Copied")
    link = page.evaluate("navigator.clipboard.readText()")
    other = open_file(dense_page, state="#" + link.partition("#")[2])
    expecting(other.locator("#knob-rotate")).to_have_value("25")
    expecting(other.locator(".reading")).to_have_text(page.locator(".reading").inner_text())
    values, others = (
        [float(text.rstrip(" %")) for text in one.locator(".top .value").all_inner_texts()]
        for one in (page, other)
    )
    np.testing.assert_allclose(others, values, atol=2)  # points are rounded in a link


@needs_browser
def test_damaged_links_are_refused_and_draw_nothing(dense_page, open_file):
    page = open_file(dense_page, state="#d=<script>")
    error, whole = page.locator("#error"), "d=24.-50.0.90.0"
    for state in (
        "x=1",
        "d=24.0.0.9",  # cut
        "d=24.9999999.0.1.0",
        "d=99999.0.0.1.0",
        f"{whole}&rotate=1e9",
        f"{whole}&rotate=7",  # between the settings of the knob
        f"{whole}&noise=",
        f"{whole}&constructor=1",
    ):
        expecting(error).to_contain_text("The link is damaged")
        assert page.locator(".reading").inner_text() == ""
        page.evaluate("location.hash = 'inside'")
        expecting(error).to_be_hidden()
        page.evaluate("state => { location.hash = state; }", state)
    expecting(error).to_contain_text("The link is damaged")
    page.evaluate("state => { location.hash = state; }", whole)
    expecting(error).to_be_hidden()
    expecting(page.locator(".reading")).not_to_have_text("")


@needs_browser
def test_a_small_change_fools_the_network_outside_the_page_too(dense_page, dense_model, open_file):
    page = open_file(dense_page)
    draw(page, "7")
    expecting(page.locator(".confidence")).to_contain_text("confidence")
    before = _stage(page)
    page.click("#fool")
    result = page.locator("#play-result")
    expecting(result).to_contain_text("look more like")
    after = _stage(page)
    changed = np.flatnonzero(before != after)
    images = [before, after]
    for pixel in changed:  # each is needed
        images.append(after.copy())
        images[-1].flat[pixel] = before.flat[pixel]
    old, new, *fewer = Predictor(dense_model)(np.stack(images), "byte").argmax(1)
    count = (
        "One changed pixel makes" if len(changed) == 1 else f"{len(changed)} changed pixels make"
    )
    expecting(result).to_contain_text(f"{count} it look more like a {new} than a {old}")
    assert old != new
    assert len(changed) == 1 or set(fewer) == {old}
    expecting(page.locator("#stage-answer")).to_contain_text(str(new))
    page.click("#reset")
    np.testing.assert_array_equal(_stage(page), before)


def _stage(page):
    """The image that the network sees, as the page shows it."""
    levels = page.evaluate("""() => {
        const copy = new OffscreenCanvas(28, 28).getContext("2d", { willReadFrequently: true });
        copy.drawImage(document.getElementById("stage"), 0, 0);
        return [...copy.getImageData(0, 0, 28, 28).data];
    }""")
    return np.array(levels, np.uint8).reshape(28, 28, 4)[..., 0]


@needs_browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_violation(two_models, open_file, theme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = open_file(two_models, color_scheme=theme)
    expecting(page.locator(".reading").first).to_have_text("3")
    expecting(page.locator(".answer h2")).to_have_text(["Model reader", "Model <dense>"])
    expecting(page.locator("#draw-title + p")).to_contain_text("networks reader and <dense> are")
    for size in (DESKTOP, PHONE):
        page.set_viewport_size(size)
        buttons = page.locator(".canvas-column .bar").first.locator("button").all()
        assert len({round(button.bounding_box()["y"]) for button in buttons}) == 1, size
        report = axe.run(page)
        assert report.violations_count == 0, report.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), size


def test_models_that_a_page_cannot_show_are_refused_by_name(write_model, tmp_path):
    model = Model(
        "colours", write_model(networks.dense((28, 28), 10, hidden=[]), image_shape=[8, 8])
    )
    with pytest.raises(InputError, match="its graph does not match its card"):
        write_page([model], tmp_path / "x.html")
    with pytest.raises(InputError, match="one or two models; received 3"):
        write_page([model] * 3, tmp_path / "x.html")
    assert list(tmp_path.iterdir()) == []


def test_the_command_writes_pages(tenfold_main, dense_model, tmp_path):
    page = tmp_path / "digits.html"
    code, out, _ = tenfold_main("export", dense_model, "reader", "--page", page)
    assert code == 0
    assert "model and reader inside" in out
    assert np.isclose(
        page.stat().st_size, float(out.split("(")[1].split()[0].replace(",", "")) * 1000, rtol=0.01
    )
    before = dense_model.read_bytes()
    code, _, error = tenfold_main("export", "reader", "--page", dense_model)
    assert (code, dense_model.read_bytes()) == (2, before)
    assert "ends in .html" in error
    code, _, error = tenfold_main("export", dense_model)
    assert code == 2
    assert "give --out digits.onnx, --page digits.html, or both" in error


@needs_browser
def test_maps_units_and_knobs_show_what_the_answer_depends_on(two_models, open_file):
    page = open_file(two_models)
    expecting(page.locator("#layers .layer")).to_have_count(4)  # of the reader's first network
    page.locator("#layers .maps button").first.click()
    expecting(page.locator("#detail h3")).to_have_text("Convolution 1, map 1")
    page.get_by_role("button", name="<dense>").click()
    expecting(page.locator("#layers .layer h3").first).to_contain_text("Dense layer 1")
    page.locator("#layers .units button").first.click()
    expecting(page.locator("#detail .pair canvas")).to_have_count(2)  # weights, times the drawing
    page.locator("#knob-rotate").fill("90")
    expecting(page.locator(".reading").first).not_to_have_text("3")
    expecting(page).to_have_url(re.compile("rotate=90"))
    expecting(page.locator(".flips").first).to_contain_text("It reads")
    page.click("#reset")
    expecting(page.locator(".reading").first).to_have_text("3")
    page.click("#spots")
    expecting(page.locator("#play-result")).to_contain_text("over")
