"""Each how-to of `docs/how-to/`, followed to the letter in a copy of the package, works.

A how-to is Markdown. The line before a code block says what to do with it:

    In `FILE`, add after the line `LINE`:     insert the block after the only line LINE of FILE
    In `FILE`, add before the line `LINE`:    insert it before that line
    In `FILE`, add at the end:                append it
    Create `FILE`:                            write a new file
    Check it with:                            run it, `python` code or `console` commands

Other code blocks are illustrations. Blocks may be indented inside list items.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from code_blocks import fenced_blocks

ROOT = Path(__file__).parents[2]
HOW_TOS = sorted((ROOT / "docs" / "how-to").glob("add-*.md"))
MOST_FILES = {"add-an-augmentation": 2, "add-an-endpoint": 2}  # of the package; 1 for the others

EDIT = re.compile(r"In `(.+?)`, add (?:at the end|(after|before) the line `(.+)`):$")
NEW_FILE = re.compile(r"Create `(.+?)`:$")


def apply(before, text, root):
    """Do what the line before a block says; return the edited file, or None."""
    if match := NEW_FILE.search(before):
        path = root / match[1]
        assert not path.exists()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return match[1]
    if not (match := EDIT.search(before)):
        return None
    name, mode, line = match.groups()
    path = root / name
    lines = path.read_text().splitlines(keepends=True)
    place = len(lines)
    if mode:
        places = [i for i, other in enumerate(lines) if other.strip() == line.strip()]
        assert len(places) == 1, f"{name} has {len(places)} lines {line!r}"
        place = places[0] + (mode == "after")
    path.write_text("".join([*lines[:place], text, *lines[place:]]))
    return name


def check(how_to, root, folder):
    """Run the checks of a how-to in a folder, with the package below root; return what failed."""
    environment = os.environ | {"PYTHONPATH": str(root / "src"), "KERAS_BACKEND": "jax"}
    for before, language, text in fenced_blocks(how_to):
        if not before.endswith("Check it with:"):
            continue
        commands = [["-c", text]]
        if language == "console":
            commands = [["-m", *shlex.split(line)] for line in text.splitlines()]
        for command in commands:
            result = subprocess.run(
                [sys.executable, *command],
                capture_output=True,
                text=True,
                cwd=folder,
                env=environment,
            )
            if result.returncode:
                return f"{command}: {result.stdout}{result.stderr}"
    return ""


@pytest.mark.parametrize("how_to", HOW_TOS, ids=lambda path: path.stem)
def test_a_how_to_works_as_written(how_to, tmp_path):
    assert check(how_to, ROOT, tmp_path), "the check passes without the edits"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=ignored)
    edited = {apply(before, text, tmp_path) for before, _, text in fenced_blocks(how_to)} - {None}
    files = {name for name in edited if name.startswith("src/")}
    assert 1 <= len(files) <= MOST_FILES.get(how_to.stem, 1), files
    assert check(how_to, tmp_path, tmp_path) == ""
