"""The pages of the documentation site, before Sphinx renders them."""

import runpy
from pathlib import Path

import pytest

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
