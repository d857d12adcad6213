"""The code of Markdown pages: fenced blocks, and the command lines of ``tenfold`` in them."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

FENCED = re.compile(r"^([ ]*)```([^\s`]*)[^\n]*\n(.*?)^\1```$", re.M | re.S)
INDENTED = re.compile(r"(?<=\n\n)(?: {4}\S[^\n]*\n)+")
SPAN = re.compile(r"`(tenfold [^`]+)`")
SHELL = ("", "console", "bash")


class Block(NamedTuple):
    """A fenced block: the last line before it, its language, and its text without indentation."""

    before: str
    language: str
    text: str


def fenced_blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page."""
    text = page.read_text("utf-8")
    found = []
    for match in FENCED.finditer(text):
        before = text[: match.start()].rstrip().rpartition("\n")[2]
        found.append(Block(before, match[2], re.sub(f"^{match[1]}", "", match[3], flags=re.M)))
    return found


def shell_text(page: Path) -> str:
    """The text of all shell blocks of a page, fenced or indented."""
    rest = FENCED.sub("", page.read_text("utf-8"))
    fenced = [block.text for block in fenced_blocks(page) if block.language in SHELL]
    return "\n".join([*fenced, *(match[0] for match in INDENTED.finditer(rest))])


def commands(page: Path) -> Iterator[list[str]]:
    """The arguments of each call of ``tenfold`` in a page's shell blocks."""
    for line in shell_text(page).replace("\\\n", " ").splitlines():
        yield from _commands_of(line)


def mentioned_commands(page: Path) -> Iterator[list[str]]:
    """The arguments of each call of ``tenfold`` in running text."""
    for span in SPAN.findall(FENCED.sub("", page.read_text("utf-8"))):
        yield from _commands_of(" ".join(span.split()))


def _commands_of(line: str) -> Iterator[list[str]]:
    if not line.lstrip().startswith("tenfold "):
        return
    words = shlex.shlex(line, posix=True, punctuation_chars="|&;")
    words.whitespace_split = True
    arguments = list(words)
    ends = [i for i, word in enumerate(arguments) if set(word) <= set("|&;>")]
    yield arguments[1 : min(ends, default=None)]
