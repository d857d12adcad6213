"""Options of the command line for the fields of a recipe, generated from their declarations."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tenfold.cli.generated_options import with_options
from tenfold.core.errors import InputError
from tenfold.networks.fields import Field, Layers
from tenfold.networks.recipes import FIELDS
from tenfold.networks.recipes.options import AUGMENTATION

RecipeArgument = Annotated[
    str | None,
    typer.Argument(help="A recipe (see tenfold recipes), or my_network.py:build."),
]
DataOption = Annotated[
    str | None,
    typer.Option(help="A name, an IDX, .npz or .csv file, or a folder; by default mnist."),
]


def refuse_with_resume(what: str, *others: Any) -> None:
    """Refuse other arguments beside ``--resume``.

    Args:
        what: is resumed: a run or a study.
        *others: the values of the other arguments; None if not given.
    """
    if any(value is not None for value in others):
        raise InputError(f"--resume takes everything from the {what}; give nothing else with it")


def _option(field: Field) -> Any:
    if field.kind is bool:
        names = f"{field.option}/--no-{field.option[2:]}"
        return Annotated[bool | None, typer.Option(names, help=_help(field))]
    synonyms = [f"--{name}" for name in field.synonyms]
    # Text, which the field parses: its messages name the allowed values.
    kind = "TEXT" if field.layers else _KINDS[field.kind]
    option = typer.Option(field.option, *synonyms, help=_help(field), metavar=kind)
    return Annotated[str | None, option]


_KINDS = {int: "INTEGER", float: "FLOAT", str: "TEXT"}


def _help(field: Field) -> str:
    text = field.help.rstrip(".")
    if field.name in AUGMENTATION:
        text = f"Augmentation: {text[0].lower()}{text[1:]}"
    if field.choices:
        text += f": {field.expected}"
    elif field.layers and field.kind is not bool:
        text += ", as in 128+64" if field.layers is Layers.REQUIRED else ", or one per layer"
    return f"{text}."


with_recipe_options = with_options(
    "changes", {name: _option(field) for name, field in FIELDS.items()}
)
"""Replaces the parameter ``changes`` of a command by one option per field of a recipe."""
