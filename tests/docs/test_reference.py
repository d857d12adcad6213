"""Reference pages that are generated from declarations."""

import inspect
import itertools
import re
from dataclasses import fields
from pathlib import Path

import pytest

import tenfold
from tenfold.data import reference as formats_reference
from tenfold.data.formats import all_formats
from tenfold.export.layers.activations import ACTIVATIONS
from tenfold.export.layers.registry import LAYERS, OPERATIONS
from tenfold.networks.recipes import FIELDS, reference
from tenfold.runs.record import FORMAT, DataRecord, Record
from tenfold.server import reference as http_reference
from tenfold.server.http.errors import STATUS

INTERNAL = {"tenfold.figures.data_uri", "tenfold.figures.warn_if_not_drawn"}
PAGES = Path(__file__).parents[2] / "docs" / "reference"


def test_the_reference_of_recipes_is_up_to_date():
    assert (PAGES / "recipes.md").read_text() == reference.markdown(), (
        "write it again: python -m tenfold.networks.recipes.reference > docs/reference/recipes.md"
    )
    assert all(
        f"| `{name}` | {field.help} |" in reference.markdown() for name, field in FIELDS.items()
    )


def test_the_reference_of_formats_is_up_to_date():
    assert (PAGES / "formats.md").read_text() == formats_reference.markdown(), (
        "write it again: python -m tenfold.data.reference > docs/reference/formats.md"
    )
    assert all(format.description in formats_reference.markdown() for format in all_formats())


def test_the_reference_of_the_http_api_is_up_to_date():
    page = http_reference.markdown()
    assert (PAGES / "http-api.md").read_text() == page, (
        "write it again: python -m tenfold.server.reference > docs/reference/http-api.md"
    )
    assert all(f"| `{code}` | {status} |" in page for code, status in STATUS.items())


def test_the_reference_of_the_run_folder_lists_everything_that_is_recorded():
    page = (PAGES / "run-folder.md").read_text()
    for record in (Record, DataRecord):
        missing = [field.name for field in fields(record) if f"`{field.name}`" not in page]
        assert not missing, f"add a row for {missing} of {record.__name__}"
    assert f"version of this list, {FORMAT};" in page


def test_the_reference_of_the_api_has_every_public_name():
    page = (PAGES / "api.md").read_text()
    names = [name for name in tenfold.__all__ if name != "__version__"]
    drawn = vars(tenfold.figures)
    figures = [name for name in tenfold.figures.__all__ if inspect.isfunction(drawn[name])]
    documented = set(re.findall(r"^\.\. auto\w+:: ([\w.]+)$", page, re.M))
    assert {*names, *(f"tenfold.figures.{name}" for name in figures)} - INTERNAL <= documented


def rows(table):
    """Rows of a Markdown table: the names that share a converter, and its summary."""
    return "".join(
        f"| {', '.join(f'`{name}`' for name, _ in items)} | {converter.__doc__.splitlines()[0]} |\n"
        for converter, items in itertools.groupby(table.items(), key=lambda item: item[1])
    )


@pytest.mark.parametrize("table", [LAYERS, OPERATIONS], ids=["layers", "operations"])
def test_the_reference_of_the_model_file_lists_everything_that_is_exported(table):
    page = (PAGES / "model-file.md").read_text()
    assert f"| --- | --- |\n{rows(table)}\n" in page, f"replace the table by:\n{rows(table)}"
    assert ", ".join(f"`{name}`" for name in sorted(ACTIVATIONS)) in page
