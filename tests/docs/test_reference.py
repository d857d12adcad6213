"""Reference pages that are generated from declarations."""

from pathlib import Path

from tenfold.networks.recipes import FIELDS, reference

PAGES = Path(__file__).parents[2] / "docs" / "reference"


def test_the_reference_of_recipes_is_up_to_date():
    assert (PAGES / "recipes.md").read_text() == reference.markdown(), (
        "write it again: python -m tenfold.networks.recipes.reference > docs/reference/recipes.md"
    )
    assert all(
        f"| `{name}` | {field.help} |" in reference.markdown() for name, field in FIELDS.items()
    )
