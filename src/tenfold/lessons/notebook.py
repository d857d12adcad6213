"""The lessons: their titles, their cells, and each as a Jupyter notebook."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tenfold.core.errors import InputError

FOLDER = Path(__file__).parent
_HEADER = re.compile(r"\A---\n.*?^---\n", re.M | re.S)
_CODE = re.compile(r"^```\{code-cell\}[^\n]*\n(.*?)^```$", re.M | re.S)
_RELATIVE_LINK = re.compile(r"\[([^\]]+)\]\((?!\w+:)[^)]+\)")
_TAGS = re.compile(r"\A:tags: \[(.*)\]\n+")


@dataclass(frozen=True)
class Cell:
    """A cell of a notebook.

    Attributes:
        kind: ``markdown`` or ``code``.
        source: its text.
        tags: of a code cell; a solution has ``hide-cell``.
    """

    kind: str
    source: str
    tags: tuple[str, ...] = ()

    def to_json(self, number: int) -> dict[str, Any]:
        """The cell in Jupyter's format; solutions are collapsed."""
        metadata: dict[str, Any] = {"tags": list(self.tags)} if self.tags else {}
        if "hide-cell" in self.tags:
            metadata["jupyter"] = {"source_hidden": True}
        source = self.source
        if self.kind == "markdown":
            source = _RELATIVE_LINK.sub(r"\1", source)  # a notebook may lie anywhere
        cell = {
            "cell_type": self.kind,
            "id": f"cell-{number}",
            "metadata": metadata,
            "source": source.splitlines(keepends=True),
        }
        return cell if self.kind == "markdown" else {**cell, "execution_count": None, "outputs": []}


@dataclass(frozen=True)
class Lesson:
    """A lesson.

    Attributes:
        number: from 1.
        path: its file.
        text: its MyST Markdown.

    Example:
        >>> lesson(1).title
        'Look at the data'
    """

    number: int
    path: Path
    text: str

    @property
    def title(self) -> str:
        """The first heading, without the number."""
        heading = re.search(r"^# (?:\d+\. )?(.+)$", self.text, re.M)
        return heading[1] if heading else self.path.stem

    def cells(self) -> list[Cell]:
        """The cells in their order."""
        parts = _CODE.split(_HEADER.sub("", self.text))
        cells = []
        for i, part in enumerate(parts):
            is_code = i % 2 == 1
            found = _TAGS.match(part) if is_code else None
            tags = tuple(tag.strip() for tag in found[1].split(",")) if found else ()
            source = _TAGS.sub("", part).strip("\n") if is_code else part.strip()
            if source:
                cells.append(Cell("code" if is_code else "markdown", source, tags))
        return cells

    def to_notebook(self) -> dict[str, Any]:
        """The lesson in Jupyter's format 4.5, without outputs."""
        return {
            "cells": [cell.to_json(i) for i, cell in enumerate(self.cells())],
            "metadata": {
                "kernelspec": {
                    "display_name": "Python 3",
                    "language": "python",
                    "name": "python3",
                },
                "language_info": {"name": "python"},
            },
            "nbformat": 4,
            "nbformat_minor": 5,
        }


def all_lessons() -> list[Lesson]:
    """Return the lessons in their order."""
    paths = sorted(FOLDER.glob("[0-9][0-9]-*.md"))
    return [Lesson(int(path.name[:2]), path, path.read_text("utf-8")) for path in paths]


def lesson(number: int) -> Lesson:
    """Return a lesson by its number.

    Raises:
        InputError: there is no such lesson.
    """
    lessons = {lesson.number: lesson for lesson in all_lessons()}
    if number not in lessons:
        raise InputError(f"lesson: {number}; there are {min(lessons)} to {max(lessons)}")
    return lessons[number]
