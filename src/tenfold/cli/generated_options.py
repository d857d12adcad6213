"""Options of the command line that are generated from declarations elsewhere."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Annotated, Any

import typer

from tenfold.core.read_options import declared, option_of

NOTHING: Mapping[str, Any] = MappingProxyType({})
"""The default of a parameter that `with_options` replaces: no option is given."""

Command = Callable[..., None]


def with_options(parameter: str, annotations: Mapping[str, Any]) -> Callable[[Command], Command]:
    """Replace a parameter of a command by options.

    The command receives those that are given as one mapping from name to value.

    Args:
        parameter: the name of the parameter; its default is ``NOTHING``.
        annotations: of the options, by name.
    """
    options = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
        for name, annotation in annotations.items()
    ]

    def replace(command: Command) -> Command:
        signature = inspect.signature(command, eval_str=True)
        parameters = []
        for other in signature.parameters.values():
            as_keyword = other.replace(kind=inspect.Parameter.KEYWORD_ONLY)
            parameters += options if other.name == parameter else [as_keyword]

        @functools.wraps(command)
        def run(**values: Any) -> None:
            taken = {name: values.pop(name) for name in annotations}
            given = {name: value for name, value in taken.items() if value is not None}
            command(**{parameter: given}, **values)

        run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {}
        return run

    return replace


def _read_option(name: str, default: Any, help: str, is_flag: bool) -> Any:
    kind: Any = bool if is_flag else str
    can_deny = f"/{option_of(f'no_{name}')}" if is_flag and default is None else ""
    return Annotated[kind | None, typer.Option(option_of(name) + can_deny, help=help)]


with_read_options = with_options(
    "reading", {option.name: _read_option(*option) for option in declared()}
)
"""Replaces the parameter ``reading`` of a command by the options of `ReadOptions`."""
