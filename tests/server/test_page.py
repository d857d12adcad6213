"""The page: its files, keyboard, theme, accessibility and errors."""

import re
from importlib import resources
from pathlib import Path

import pytest
from browsing import DESKTOP, PHONE, needs_browser
from drawing_on_page import draw, expecting, photo, reads

WEB = resources.files("tenfold.server.web") / "static"
SHARED = resources.files("tenfold.page") / "modules"


def test_the_page_is_small():
    files = [*WEB.iterdir(), *SHARED.iterdir()]
    assert sum(len(file.read_bytes()) for file in files) < 165_000
    assert {Path(file.name).suffix for file in files} == {".html", ".css", ".js", ".svg"}


def test_the_page_refers_to_no_other_host_and_has_nothing_inline():
    for file in (*WEB.iterdir(), *SHARED.iterdir()):
        text = file.read_text().replace("http://www.w3.org/2000/svg", "")
        assert "//" not in re.sub(r"^\s*//.*|\s// .*", "", text, flags=re.M), file.name
    page = (WEB / "index.html").read_text()
    assert re.findall(r"<script(?![^>]* src=)|<style|\sstyle=|\son[a-z]+=", page) == []


@needs_browser
def test_everything_works_by_keyboard(reader, visit):
    page = visit(reader)
    page.keyboard.press("g")
    for key in [*["ArrowUp"] * 4, " ", *["ArrowDown"] * 9, " "]:
        page.keyboard.press(key)
    reads(page, "1")
    expecting(page.locator("#cursor-status")).to_have_text("Column 12, row 13, pen up")
    expecting(page.locator("#live")).to_contain_text("1, confidence")
    page.keyboard.press("1")
    expecting(page.locator("#saved")).to_contain_text("Saved as another 1.")
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
        raise AssertionError(f"Tab does not cycle: {seen}")
    assert {"drawing-area", "undo", "pen", "choose", "camera", "theme", "help-open"} <= set(seen)
    page.keyboard.press("?")
    expecting(page.locator("#help")).to_be_visible()
    page.locator("#shortcuts").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    page.keyboard.press("Control+z")
    reads(page, "")  # the stroke was undone; c is not a shortcut any more


@needs_browser
def test_the_theme_is_the_systems_by_default(reader, visit):
    page = visit(reader, color_scheme="dark")

    def background():
        return page.evaluate("getComputedStyle(document.body).backgroundColor")

    assert background() == "rgb(20, 22, 26)"
    page.click("#theme")
    assert background() == "rgb(255, 255, 255)"
    page.reload()
    assert background() == "rgb(255, 255, 255)"


@needs_browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_violation(trained, visit, theme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = visit(trained, color_scheme=theme, reduced_motion="reduce")
    draw(page, "3")
    expecting(page.locator("#neighbours li")).to_have_count(6)
    for view in ("draw", "run", "train", "samples", "model"):
        page.evaluate(f"location.hash = {view!r}")
        page.wait_for_selector(f"#{view}:visible")
        if view == "run":
            page.locator("#matrix button").first.click()
            page.wait_for_selector("#cell-images li")
        for size in (DESKTOP, PHONE):
            page.set_viewport_size(size)
            report = axe.run(page)
            assert report.violations_count == 0, report.generate_report()
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (view, size)


@needs_browser
def test_single_digits_are_read_in_the_page_without_a_request(reader, visit):
    page = visit(reader)
    page.wait_for_load_state("networkidle")
    draw(page, "3")
    reads(page, "3")
    expecting(page.locator("#confidence")).to_contain_text("3, confidence")
    assert [address for address in page.requests if "/v1/read" in address] == []


@needs_browser
def test_a_service_that_does_not_respond_is_reported_in_one_line(reader, visit):
    page = visit(reader)
    page.route("**/v1/read*", lambda route: route.abort())
    draw(page, "1", 0, (0.2, 0.2, 0.1, 0.6))
    draw(page, "7", 0, (0.6, 0.2, 0.2, 0.6))
    expecting(page.locator("#error")).to_contain_text("The service does not respond.")
    reads(page, "17")  # the page's own reading
    page.unroute("**/v1/read*")
    draw(page, "1", 0, (0.45, 0.2, 0.1, 0.6))
    reads(page, "117")
    expecting(page.locator("#error")).to_be_hidden()
    assert {"ERR_FAILED" in each for each in page.complaints} == {True}
    page.complaints.clear()


@needs_browser
def test_a_busy_service_is_asked_again(reader, visit):
    page = visit(reader)
    page.route("**/v1/read*", lambda route: route.fulfill(status=503), times=1)
    page.set_input_files("#file", photo("31"))
    expecting(page.locator("#error")).to_contain_text("status 503")
    reads(page, "31")
    expecting(page.locator("#error")).to_be_hidden()
