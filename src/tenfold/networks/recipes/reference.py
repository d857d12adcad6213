"""The fields of recipes as Markdown, for `docs/reference/recipes.md`.

Write the page again after a change: ``python -m tenfold.networks.recipes.reference > PAGE``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tenfold.networks.fields import Field, Layers, declared, to_text
from tenfold.networks.recipes.options import AUGMENTATION, TRAINING
from tenfold.networks.registry import NETWORKS

_PAGE = """\
# Fields of a recipe

Every field has an option in `tenfold train` and `tenfold study`, and a name for `--vary`:
`--batch-size 64` is `batch_size` in Python, in `run.json` and in `--vary batch_size=64,128`. An
option changes that field of the named recipe.

## How values are written

- `+` joins the layers of one value: `--hidden 512+256` is two layers. A field with one value per
  layer also takes a single value for all layers. `none` is no layer: `--hidden none`.
- `,` separates the settings of a study: `--vary hidden=512,512+256` trains a network of one layer
  and one of two. An option gives one setting, so there `,` joins layers too:
  `tenfold train --hidden 512,256`.
- `..` is a range to draw from, uniform in the logarithm: `--vary learning_rate=1e-4..1e-2
  --draws 8`.
- Options that are true or false have two forms: `--batch-norm` and `--no-batch-norm`.
"""


def markdown() -> str:
    """The page of the documentation.

    Example:
        >>> "| `epochs` | Passes over the training images. |" in markdown()
        True
    """
    sections = [_PAGE]
    for name, network in NETWORKS.items():
        sections.append(_section(f"Arguments of `{name}` networks", declared(network).values()))
    sections.append(_section("Network and training", TRAINING.values()))
    sections.append(_section("Augmentation", AUGMENTATION.values()))
    return "\n".join(sections)


def _section(title: str, fields: Iterable[Field]) -> str:
    head = ["field", "meaning", "values", "per layer", "default"]
    rows = [head, ["---"] * len(head), *map(_row, fields)]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([f"## {title}", "", *lines, ""])


def _row(field: Field) -> list[str]:
    per_layer = {Layers.NO: "no", Layers.OPTIONAL: "yes", Layers.REQUIRED: "always"}
    unset = "none" if field.kind is str else "the optimizer's"
    default = unset if field.default is None else f"`{to_text(field.default)}`"
    return [f"`{field.name}`", field.help, _values(field), per_layer[field.layers], default]


def _values(field: Field) -> str:
    aliases: Mapping[str, str] = field.aliases
    text = field.expected.partition(", layers joined")[0]
    return text + "".join(f"; `{short}` is `{long}`" for short, long in aliases.items())


if __name__ == "__main__":
    print(markdown(), end="")  # noqa: T201
