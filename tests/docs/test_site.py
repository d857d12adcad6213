"""The pages of the documentation site: as Markdown, and some of them in a browser."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from browsing import DESKTOP, PHONE, needs_browser, watched_page

from tenfold.cli.app import app
from tenfold.lessons import all_lessons

ROOT = Path(__file__).parents[2]
STAGE = runpy.run_path(str(ROOT / "scripts/stage_docs.py"))


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    target = tmp_path_factory.mktemp("site")
    STAGE["main"](target)  # a broken link ends it
    return target


def test_every_page_lesson_and_command_is_in_the_site(site):
    import typer

    pages = {str(path.relative_to(site)) for path in site.rglob("*.md")}
    assert {f"lessons/{lesson.path.name}" for lesson in all_lessons()} <= pages
    assert {"results.md", "changelog.md", "architecture.md", "start.md"} <= pages
    text = (site / "reference/cli.md").read_text()
    commands = typer.main.get_command(app).commands
    assert all(f"\n## tenfold {name}\n" in text for name in commands)
    assert "| `-o, --out" in text


def test_links_follow_their_pages(site):
    assert "[Results](results.md)" in (site / "index.md").read_text()
    assert "[the results](../results.md)" in (site / "how-to/read-a-form.md").read_text()
    text = (site / "lessons/09-ship-it.md").read_text()
    assert "[deployment guide](../deployment.md)" in text
    assert "[CITATION.cff]" not in (site / "results.md").read_text()


def test_links_to_nothing_are_refused_and_code_is_left_alone():
    places = STAGE["staged"]()
    rewrite = STAGE["rewrite"]
    with pytest.raises(SystemExit, match=r"docs/start\.md: broken link to nothing\.md"):
        rewrite("[a](nothing.md)", "docs/start.md", places)
    code = "```\n[a](nothing.md)\n```\n"
    assert rewrite(code, "docs/start.md", places) == code
    assert rewrite("[a](../LICENSE)", "docs/start.md", places) == "a"
    assert rewrite("[a](https://b.c/d.md)", "docs/start.md", places) == "[a](https://b.c/d.md)"


SHOWN = (
    "index",
    "start",
    "lessons/01-look-at-the-data",
    "how-to/compare-two-models",
    "reference/run-folder",
)


@pytest.fixture(scope="module")
def html(site, tmp_path_factory):
    """Five pages of the site as HTML; of the lesson, the cells that look at the data are run."""
    pytest.importorskip("furo")
    for page in site.rglob("*.md"):
        if page.relative_to(site).with_suffix("").as_posix() not in SHOWN:
            page.unlink()
    lesson = site / f"{SHOWN[2]}.md"
    text = lesson.read_text("utf-8")
    lesson.write_text(text[: text.index("## A classifier without learning")], "utf-8")
    target = tmp_path_factory.mktemp("html")
    command = [sys.executable, "-m", "sphinx", "-q", "-b", "html", str(site), str(target)]
    result = subprocess.run(command, capture_output=True, text=True, env=os.environ, check=False)
    assert result.returncode == 0, result.stderr
    assert "<svg" in (target / f"{SHOWN[2]}.html").read_text()
    return target


@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_accessible_and_request_nothing_from_elsewhere(browser, html, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    context = browser.new_context(viewport=DESKTOP, color_scheme=scheme)
    for name in SHOWN:
        page = watched_page(context, (html / f"{name}.html").as_uri())
        assert [url for url in page.requests if not url.startswith(("file:", "data:"))] == []
        assert page.complaints == []
        violations = axe.run(page).response["violations"]
        found = [(v["id"], [node["html"] for node in v["nodes"]]) for v in violations]
        assert found == [], name
        page.close()
    context.close()


@needs_browser
def test_search_works_without_a_server(browser, html):
    context = browser.new_context(viewport=PHONE)
    page = watched_page(context, f"{(html / 'search.html').as_uri()}?q=checksums")
    page.wait_for_selector("#search-results li a")
    assert "reference/run-folder.html" in page.inner_html("#search-results")
    assert [url for url in page.requests if not url.startswith(("file:", "data:"))] == []
    context.close()
