"""A report in a browser: script, keyboard, evidence, colour schemes."""

import numpy as np
import pytest
from browsing import DESKTOP, needs_browser, watched_page


@pytest.fixture
def open_page(browser):
    """Opens a file, and holds what the page complained of and what it asked the network for."""
    contexts = []

    def open_file(path, **settings):
        contexts.append(browser.new_context(**{"viewport": DESKTOP, **settings}))
        return watched_page(contexts[-1], path.as_uri())

    yield open_file
    for context in contexts:
        context.close()


@pytest.fixture
def page(path, open_page):
    return open_page(path)


@needs_browser
def test_it_asks_for_nothing_and_complains_of_nothing(page, path):
    page.check("#evidence")
    page.click("td.diagonal [data-cell]")
    assert page.requests[0] == path.as_uri()
    assert [url for url in page.requests[1:] if not url.startswith("data:")] == []
    assert page.complaints == []


@needs_browser
def test_a_cell_opens_the_images_behind_it(page, run):
    evaluation, _ = run.saved_evaluation()
    matrix = evaluation.confusion_matrix()
    np.fill_diagonal(matrix, 0)
    true, predicted = np.unravel_index(matrix.argmax(), matrix.shape)
    assert page.is_hidden("#cell")
    page.click(f'[data-cell="{true}-{predicted}"]')
    n = int(matrix.max())
    title = page.inner_text("#cell-title")
    assert title.startswith(
        f"True {run.class_names[true]}, predicted {run.class_names[predicted]}: "
    )
    assert title.endswith(f"{min(8, n)} of {n} shown")
    assert page.locator("#cell .tile").count() == min(8, n)
    loaded = "all => all.every(image => image.naturalWidth === 28 && image.alt)"
    assert page.locator("#cell img").evaluate_all(loaded)


@needs_browser
def test_the_keyboard_moves_through_cells_opens_them_and_shows_evidence(page):
    cells = page.locator('[data-cell][tabindex="0"]')
    assert cells.count() == 1
    page.focus('[data-cell="1-1"]')
    before = page.evaluate("document.activeElement.dataset.cell")
    page.keyboard.press("ArrowDown")
    after = page.evaluate("document.activeElement.dataset.cell")
    assert after != before
    assert after.split("-")[1] == "1"
    page.keyboard.press("Enter")
    assert page.is_visible("#cell")
    page.focus("#mistakes .image >> nth=0")
    page.keyboard.press("Space")
    assert page.locator("#mistakes .image canvas").count() == 1
    assert page.get_attribute("#mistakes .image >> nth=0", "aria-pressed") == "true"
    page.keyboard.press("Enter")
    assert page.locator("#mistakes .image canvas").count() == 0


@needs_browser
def test_evidence_is_drawn_on_every_image_where_it_lies(page, run):
    _, examples = run.saved_evaluation()
    page.check("#evidence")
    assert page.locator(".image canvas").count() == page.locator(".tile").count()
    index = int(page.get_attribute("#mistakes .tile >> nth=0", "data-index"))
    evidence = examples.evidence[examples.indices.tolist().index(index)]
    row, column = np.unravel_index(np.abs(evidence).argmax(), evidence.shape)
    x, y = ((0.125 * (k + 1)) * 224 for k in (column, row))
    pixel = page.evaluate(
        "([x, y]) => [...document.querySelector('#mistakes canvas').getContext('2d')"
        ".getImageData(x, y, 1, 1).data]",
        [x, y],
    )
    warm = pixel[0] > pixel[2]
    assert warm == (evidence[row, column] > 0)
    assert pixel[3] > 100


@needs_browser
def test_the_table_of_classes_sorts_by_click_and_key(page):
    recall = page.locator("#classes thead button >> nth=3")
    values = "rows => rows.map(row => Number(row.cells[3].dataset.value))"
    rows = page.locator("#classes tbody tr")
    recall.click()
    assert rows.evaluate_all(values) == sorted(rows.evaluate_all(values))
    assert page.locator("#classes th[aria-sort=ascending]").count() == 1
    recall.focus()
    page.keyboard.press("Enter")
    assert rows.evaluate_all(values) == sorted(rows.evaluate_all(values), reverse=True)
    assert "lowest recall" in rows.last.inner_text()


@needs_browser
def test_light_and_dark_differ(path, open_page):
    background = "getComputedStyle(document.body).backgroundColor"
    shades = {
        scheme: open_page(path, color_scheme=scheme).evaluate(background)
        for scheme in ("light", "dark")
    }
    assert shades == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 22, 26)"}


@needs_browser
def test_a_narrow_phone_scrolls_down_only(path, open_page):
    page = open_page(path, viewport={"width": 360, "height": 740})
    page.click("td.diagonal [data-cell]")
    assert page.evaluate("document.documentElement.scrollWidth") == 360


@needs_browser
def test_every_image_and_picture_has_words(page):
    page.click("td.diagonal [data-cell]")
    assert page.locator("img").count() > 50
    assert page.locator("img").evaluate_all("all => all.every(image => image.alt.trim())")
    assert page.locator("svg").count() == 4
    labels = "all => all.every(one => one.getAttribute('aria-label').trim())"
    assert page.locator("svg").evaluate_all(labels)
    assert page.get_attribute("html", "lang") == "en"
    assert page.locator("h1").count() == 1
    assert page.locator("main").count() == 1


@needs_browser
def test_the_galleries_are_there_without_a_script(path, open_page):
    page = open_page(path, java_script_enabled=False)
    assert page.locator("#mistakes img").count() > 0
    assert page.locator("#hits img").count() > 0
    assert page.is_hidden("#evidence")
