"""Collect the pages of the site in one folder: docs/, the lessons, and pages of the root.

Links between Markdown files are rewritten for their new places; links to other files of the
repository become plain text. A link to nothing is an error.

    python scripts/stage_docs.py docs/_build/source
"""

import os
import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = {
    "CHANGELOG.md": "changelog.md",
    "RESULTS.md": "results.md",
    "ARCHITECTURE.md": "architecture.md",
    "CONTRIBUTING.md": "contributing.md",
}
LESSONS = "src/tenfold/lessons"
LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)\s#]+)(#[^)\s]*)?\)")


def staged() -> dict[str, str]:
    """Files of the repository and their places in the site, both as relative paths."""
    docs = [p for p in (ROOT / "docs").rglob("*") if p.is_file() and "_build" not in p.parts]
    lessons = (ROOT / LESSONS).glob("*.md")
    return (
        {str(p.relative_to(ROOT)): str(p.relative_to(ROOT / "docs")) for p in docs}
        | {str(p.relative_to(ROOT)): f"lessons/{p.name}" for p in lessons}
        | PAGES
    )


def rewrite(text: str, file: str, places: dict[str, str]) -> str:
    """Links of a Markdown file, for its place in the site."""

    def replace(link: re.Match[str]) -> str:
        label, target, anchor = link[1], link[2], link[3] or ""
        if ":" in target:
            return link[0]
        path = os.path.normpath(Path(file).parent / target)
        if path in places:
            there = os.path.relpath(places[path], Path(places[file]).parent)
            return f"[{label}]({there}{anchor})"
        if not (ROOT / path).exists():
            sys.exit(f"{file}: broken link to {target}")
        return label

    parts = re.split(r"(^```.*?^```$)", text, flags=re.M | re.S)  # code has no links
    return "".join(part if i % 2 else LINK.sub(replace, part) for i, part in enumerate(parts))


def describe_commands() -> str:
    """The commands and their options, from their declarations."""
    import typer

    import tenfold.cli.app

    def section(name: str, command: typer.core.TyperCommand, level: str) -> str:
        context = typer.Context(command, info_name=name)
        if hasattr(command, "commands"):
            inner = "".join(
                section(f"{name} {sub}", one, level + "#") for sub, one in command.commands.items()
            )
            return f"{level} {name}\n\n{command.help or ''}\n\n{inner}"
        records = (parameter.get_help_record(context) for parameter in command.params)
        rows = "".join(f"| `{a}` | {b} |\n" for a, b in filter(None, records)).replace("||", "")
        table = f"| argument or option | meaning |\n| --- | --- |\n{rows}\n" if rows else ""
        return f"{level} {name}\n\n{command.help or ''}\n\n{table}"

    root = typer.main.get_command(tenfold.cli.app.app)
    commands = "".join(section(f"tenfold {n}", c, "##") for n, c in root.commands.items())
    return (
        "# Command line\n\nGenerated from the declarations of the commands. The exit code is 0, or "
        "2 for bad input, with one line on stderr that says what is allowed and what to do, or "
        f"130 after Ctrl-C.\n\n{commands}"
    )


def main(target: Path) -> None:
    """Write all pages to a folder, which is emptied first."""
    shutil.rmtree(target, ignore_errors=True)
    places = staged()
    for file, place in places.items():
        (target / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / file, target / place)
        if place.endswith(".md"):
            text = (ROOT / file).read_text("utf-8")
            (target / place).write_text(rewrite(text, file, places), "utf-8")
    (target / "reference/cli.md").write_text(describe_commands(), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
