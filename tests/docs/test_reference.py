"""Reference pages that are generated from declarations."""

from pathlib import Path

from tenfold.data import reference as formats_reference
from tenfold.data.formats import all_formats
from tenfold.export import reference as model_file_reference
from tenfold.export.layers.registry import LAYERS, OPERATIONS
from tenfold.networks.recipes import FIELDS, reference

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


def test_the_reference_of_the_model_file_is_up_to_date():
    page = model_file_reference.markdown()
    assert (PAGES / "model-file.md").read_text() == page, (
        "write it again: python -m tenfold.export.reference > docs/reference/model-file.md"
    )
    assert all(f"`{name}`" in page for name in [*LAYERS, *OPERATIONS])
