"""Options of the command line for the fields of a recipe, generated from their declarations."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Annotated, Any

import typer

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
NO_CHANGES: Mapping[str, Any] = MappingProxyType({})


def refuse_with_resume(what: str, *others: Any) -> None:
    """Refuse other arguments beside ``--resume``.

    Args:
        what: is resumed: a run or a study.
        *others: the values of the other arguments; None if not given.
    """
    if any(value is not None for value in others):
        raise InputError(f"--resume takes everything from the {what}; give nothing else with it")


def with_recipe_options(command: Callable[..., None]) -> Callable[..., None]:
    """Replace the parameter ``changes`` of a command by one option per field of a recipe.

    The command receives the given options as a mapping from field to value.
    """
    signature = inspect.signature(command, eval_str=True)
    options = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_option(f))
        for name, f in FIELDS.items()
    ]
    parameters = []
    for parameter in signature.parameters.values():
        as_keyword = parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        parameters += options if parameter.name == "changes" else [as_keyword]

    @functools.wraps(command)
    def run(**values: Any) -> None:
        given = {name: values.pop(name) for name in FIELDS}
        changes = {name: value for name, value in given.items() if value is not None}
        command(changes=changes, **values)

    run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {}
    return run


def _option(field: Field) -> Any:
    kind: Any = str if field.layers and field.kind is not bool else field.kind
    option = f"{field.option}/--no-{field.option[2:]}" if kind is bool else field.option
    return Annotated[kind | None, typer.Option(option, help=_help(field))]


def _help(field: Field) -> str:
    text = field.help.rstrip(".")
    if field.name in AUGMENTATION:
        text = f"Augmentation: {text[0].lower()}{text[1:]}"
    if field.choices:
        text += f": {field.expected}"
    elif field.layers and field.kind is not bool:
        text += ", as in 128+64" if field.layers is Layers.REQUIRED else ", or one per layer"
    return f"{text}."
