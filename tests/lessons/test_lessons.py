"""The lessons: as notebooks, and their code on a small part of the data."""

import json
import re

import jupytext
import pytest
from running import load_part, run_lesson

from tenfold.data import dataset_cache
from tenfold.lessons import all_lessons, lesson

LESSONS = all_lessons()
MOST_WORDS = 15 * 200  # a quarter of an hour, at 200 words a minute


@pytest.fixture
def little_data(monkeypatch, tmp_path):
    """Datasets of 15,000 training images: enough that 1,250 are held out for thresholds."""
    monkeypatch.setattr(dataset_cache, "load_arrays", load_part)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("number", [2])
def test_the_code_of_a_lesson_runs(number, little_data, capsys):
    run_lesson(number)
    assert capsys.readouterr().out


def test_lessons_are_numbered_from_1_without_gaps():
    assert [one.number for one in LESSONS] == list(range(1, len(LESSONS) + 1))
    assert len({one.title for one in LESSONS}) == len(LESSONS)


@pytest.mark.parametrize("one", LESSONS, ids=lambda one: one.path.stem)
def test_a_lesson_is_whole(one):
    """Title, exercises with collapsed solutions, the old tutorial's error; and short enough."""
    assert f"\n# {one.number}. {one.title}\n" in one.text
    exercises, _, last = one.text.partition("## Exercises")[2].partition("## What the old tutorial")
    assert last.startswith(" did wrong here, and why\n")
    assert len(re.findall(r"^\*\*\d\.\*\*", exercises, re.M)) >= 3
    assert exercises.count(":tags: [hide-cell]") >= 3
    prose = " ".join(cell.source for cell in one.cells() if cell.kind == "markdown")
    assert len(prose.split()) < MOST_WORDS
    for cell in one.cells():
        if cell.kind == "code":
            compile(cell.source, one.path.name, "exec")
    before_keras, imported, _ = one.text.partition("\nimport keras\n")
    assert "\nimport tenfold" in before_keras or not imported  # beside TensorFlow, too


@pytest.mark.parametrize("one", LESSONS, ids=lambda one: one.path.stem)
def test_the_cells_are_those_that_jupytext_reads(one):
    theirs = jupytext.reads(one.text, fmt="md:myst").cells
    ours = one.cells()
    assert [(c.kind, c.source, c.tags) for c in ours] == [
        (c.cell_type, c.source, tuple(c.metadata.get("tags", ()))) for c in theirs
    ]


def test_the_command_lists_and_writes_valid_notebooks(tenfold_main, tmp_path):
    import nbformat

    code, out, _ = tenfold_main("lessons")
    assert code == 0
    assert all(one.title in out for one in LESSONS)
    path = tmp_path / "mine.ipynb"
    code, out, _ = tenfold_main("lessons", 1, "-o", path)
    assert (code, path.name in out) == (0, True)
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    for theirs, ours in zip(notebook.cells, lesson(1).cells(), strict=True):
        assert theirs.cell_type == ours.kind
        assert theirs.source == ours.source or theirs.cell_type == "markdown"
        assert ".md)" not in theirs.source
    assert any(c.metadata.get("jupyter") == {"source_hidden": True} for c in notebook.cells)
    before = path.read_bytes()
    code, _, err = tenfold_main("lessons", 2, "-o", path)
    assert (code, "exists, perhaps with your work" in err) == (2, True)
    assert path.read_bytes() == before
    assert json.loads(before)["nbformat"] == 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["99"], "lesson: 99; there are 1 to "),
        (["1", "-o", "lesson.py"], "end the name with .ipynb"),
        (["-o", "lesson.ipynb"], "which lesson?"),
    ],
)
def test_what_cannot_be_written_is_said(arguments, message, tenfold_main):
    code, _, err = tenfold_main("lessons", *arguments)
    assert (code, message in err) == (2, True)
