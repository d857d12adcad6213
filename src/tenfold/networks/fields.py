"""Declarations of fields: type, range, default and help text, each written once.

A keyword argument of a network and an attribute of a recipe are declared in their annotation::

    epochs: Annotated[int, Field("Passes over the training images.", Interval(1))] = 5

`declared` collects them. Options of the command line, names for ``--vary``, range checks, parsing
and the reference in the documentation are generated from the result. Modules with declarations
do without ``from __future__ import annotations``, which would turn the annotations into text.
"""

import inspect
import re
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from tenfold.core.errors import InputError


class Layers(IntEnum):
    """How many values a field takes."""

    NO = 0  # one value
    OPTIONAL = 1  # one value, or a list with one value per layer
    REQUIRED = 2  # a list with one value per layer


@dataclass(frozen=True)
class Interval:
    """A range of numbers; None as ``high`` is no limit.

    Example:
        >>> 1.0 in Interval(0, 1, closed="left"), str(Interval(0, 1, closed="left"))
        (False, 'from 0 to under 1')
        >>> str(Interval(1)), str(Interval(0, 1000, closed="neither"))
        ('from 1', 'above 0 and under 1000')
    """

    low: float
    high: float | None = None
    closed: Literal["both", "left", "neither"] = "both"

    def __contains__(self, value: float) -> bool:
        above = value > self.low if self.closed == "neither" else value >= self.low
        if self.high is None:
            return above
        return above and (value <= self.high if self.closed == "both" else value < self.high)

    def __str__(self) -> str:
        start = f"above {self.low}" if self.closed == "neither" else f"from {self.low}"
        if self.high is None:
            return start
        end = {"both": "to", "left": "to under", "neither": "and under"}[self.closed]
        return f"{start} {end} {self.high}"


@dataclass(frozen=True)
class Field:
    """One field of a recipe: an argument of a network, or a setting of training or augmentation.

    An annotation gives the first attributes; `declared` adds the others.

    Attributes:
        help: one line for the command line and the reference.
        interval: the allowed numbers, or None for any.
        choices: the allowed names; empty for any.
        aliases: short forms of values.
        synonyms: other usual names of the field, which the command line takes too.
        varied: whether a study can vary it.
        name: of the attribute or keyword argument.
        kind: ``int``, ``float``, ``bool`` or ``str``; of one layer.
        layers: whether it takes one value per layer.
        default: its value where none is given.
    """

    help: str
    interval: Interval | None = None
    choices: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    synonyms: tuple[str, ...] = ()
    varied: bool = True
    name: str = ""
    kind: type = str
    layers: Layers = Layers.NO
    default: Any = None

    def __repr__(self) -> str:
        return f"Field({self.help!r})"

    @property
    def option(self) -> str:
        """The option of the command line, such as ``--batch-size``."""
        return "--" + self.name.replace("_", "-")

    @property
    def expected(self) -> str:
        """The allowed values in words.

        Example:
            >>> Field("Step.", Interval(1), kind=int).expected
            'a whole number from 1'
        """
        if self.choices:
            return " or ".join(filter(None, [", ".join(self.choices[:-1]), self.choices[-1]]))
        if self.kind is bool:
            text = "true or false"
        elif self.kind is str:
            text = "names" if self.layers else "a name"
        else:
            whole = "whole " if self.kind is int else ""
            text = f"{whole}numbers" if self.layers else f"a {whole}number"
        text += f" {self.interval}" if self.interval else ""
        return text + (", layers joined by + as in 128+64" if self.layers else "")

    def to_option(self, value: Any) -> list[str]:
        """The arguments of the command line that give a value.

        Example:
            >>> Field("Epochs.", name="batch_size", kind=int).to_option(64)
            ['--batch-size', '64']
        """
        if self.kind is bool:
            return [self.option if value else f"--no-{self.option[2:]}"]
        return [self.option, to_text(value)]

    def check(self, value: Any, label: str | None = None) -> None:
        """Refuse a value that is not allowed.

        Raises:
            InputError: it is of another type or out of range.

        Example:
            >>> Field("Epochs.", Interval(1), name="epochs", kind=int).check(0)
            Traceback (most recent call last):
            tenfold.core.errors.InputError: epochs: 0; give a whole number from 1
            >>> Field("Epochs.", Interval(1), name="epochs", kind=int).check(True)
            Traceback (most recent call last):
            tenfold.core.errors.InputError: epochs: True; give a whole number from 1
        """
        if value is None and self.default is None:
            return
        if self.layers and isinstance(value, (list, tuple)):
            valid = all(map(self._allows, value))
        else:
            valid = self.layers < Layers.REQUIRED and self._allows(value)
        if not valid:
            unknown = " is unknown" if self.choices else ""
            raise InputError(f"{label or self.name}: {value!r}{unknown}; give {self.expected}")

    def _allows(self, value: Any) -> bool:
        if self.kind is str:
            return not self.choices or value in self.choices
        allowed: Any = (int, float) if self.kind is float else self.kind
        if isinstance(value, bool) and self.kind is not bool:
            return False
        return isinstance(value, allowed) and (self.interval is None or value in self.interval)

    def per_layer(self, value: Any, layers: int) -> list[Any]:
        """Check a value and repeat it for every layer, unless it is a list already.

        Raises:
            InputError: the value is not allowed, or the list is of another length.

        Example:
            >>> Field("Windows.", name="kernels", kind=int, layers=Layers.OPTIONAL).per_layer(3, 2)
            [3, 3]
        """
        self.check(value)
        if not isinstance(value, (list, tuple)):
            return [value] * layers
        if len(value) != layers:
            raise InputError(
                f"{self.name}: {len(value)} values for {layers} layer{'s' * (layers != 1)}; "
                "give one, or one for each"
            )
        return list(value)

    def parse(self, text: str) -> Any:
        """Read one value from text; ``+`` or ``,`` joins its layers, and ``none`` is no layer.

        Raises:
            InputError: the text is not a value of this kind; its range is not checked.

        Example:
            >>> hidden = Field("Units.", name="hidden", kind=int, layers=Layers.REQUIRED)
            >>> hidden.parse("128+64"), hidden.parse("128,64"), hidden.parse("none")
            ([128, 64], [128, 64], [])
        """
        if not self.layers:
            return self._parse_one(text.strip(), text)
        if self.layers is Layers.REQUIRED and text.strip() == "none":
            return []
        values = [self._parse_one(part.strip(), text) for part in re.split("[+,]", text)]
        return values if self.layers is Layers.REQUIRED or len(values) > 1 else values[0]

    def _parse_one(self, part: str, text: str) -> Any:
        try:
            if self.kind is bool:
                return {"true": True, "false": False}[part.lower()]
            if part:
                return self.kind(part)
        except (ValueError, KeyError):
            pass
        raise InputError(f"{self.name}: {text!r} cannot be read; give {self.expected}")


def to_text(value: Any) -> str:
    """Write a value as `Field.parse` reads it.

    Example:
        >>> to_text([128, 64]), to_text(True), to_text([]), to_text(0.001)
        ('128+64', 'true', 'none', '0.001')
    """
    if isinstance(value, Mapping):
        return ",".join(f"{name}={to_text(one)}" for name, one in value.items())
    if isinstance(value, (list, tuple)):
        return "+".join(map(to_text, value)) or "none"
    return str(value).lower() if isinstance(value, bool) else str(value).removesuffix(".0")


def declared(owner: Callable[..., Any]) -> Mapping[str, Field]:
    """Collect the fields that a dataclass or function declares, by name, in their order.

    Example:
        >>> def network(*, units: Annotated[int, Field("Units.", Interval(1))] = 8): ...
        >>> field = declared(network)["units"]
        >>> field.name, field.kind, field.default
        ('units', <class 'int'>, 8)
    """
    return _declared(owner)


@cache
def _declared(owner: Callable[..., Any]) -> Mapping[str, Field]:
    fields = {}
    for name, parameter in inspect.signature(owner).parameters.items():
        if get_origin(parameter.annotation) is Annotated:
            annotation, declaration = get_args(parameter.annotation)
            kind, layers = _type(annotation)
            fields[name] = replace(
                declaration, name=name, kind=kind, layers=layers, default=parameter.default
            )
    return fields


def _type(annotation: Any) -> tuple[type, Layers]:
    """The type of one value, and whether there is one per layer."""
    is_union = get_origin(annotation) in (types.UnionType, Union)
    members = get_args(annotation) if is_union else (annotation,)
    single = [kind for kind in members if kind in (bool, int, float, str)]
    lists = [get_args(kind)[0] for kind in members if get_origin(kind) is Sequence]
    if not lists:
        return single[0], Layers.NO
    return lists[0], Layers.OPTIONAL if single else Layers.REQUIRED
