"""`ReadOptions`: what users decide about reading files. Each option is declared here, once.

The command line, `load`, the record of a run and the reference take them from here.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, NamedTuple

from tenfold.core.errors import InputError


class Declared(NamedTuple):
    """A declared option: its name, default, line of help, and whether it is True or False."""

    name: str
    default: Any
    help: str
    is_flag: bool


def _option(default: Any, help: str) -> Any:
    return field(default=default, metadata={"help": help})


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """Options for reading files of any format.

    Attributes:
        resize: bring images of other sizes to 28x28.
        grey: make coloured images grey.
        label_column: the column of a table that holds the labels: its name, ``first``, ``last``,
            or its index from 0; None to recognize it.
        pixels: the values of black and white: ``binary``, ``unit``, ``signed``, ``byte``, ``word``
            or LOW..HIGH; None to recognize them.
        skip_unreadable: leave out image files that cannot be read; without it, they are an error.
        transpose: exchange the rows and columns of all images, as the files of EMNIST need it;
            None for no, where that is certain.
        multi_label: an image may have several labels or none; without it, rows of 0 and 1 decide
            it, if some image has several.

    Example:
        >>> ReadOptions(label_column="digit").given()
        {'label_column': 'digit'}
    """

    resize: bool = _option(False, "Bring other image sizes to 28x28.")
    grey: bool = _option(False, "Make coloured images grey.")
    label_column: str | int | None = _option(
        None, "Column of the labels in a table: its name, first, last, or its index from 0."
    )
    skip_unreadable: bool = _option(False, "Leave out image files that cannot be read.")
    transpose: bool | None = _option(
        None, "Exchange rows and columns, as the files of EMNIST need it."
    )
    multi_label: bool = _option(False, "An image may have several labels, or none.")
    pixels: str | None = _option(
        None, "Values of black and white: byte, unit, signed, word, or LOW..HIGH as in 0..16."
    )

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> ReadOptions:
        """Return the options of keyword arguments.

        Raises:
            InputError: there is no such option.

        Example:
            >>> ReadOptions.of({"resise": True})
            Traceback (most recent call last):
            tenfold.core.errors.InputError: resise: no such option; did you mean resize?
        """
        names = [option.name for option in fields(ReadOptions)]
        for name in values:
            if name not in names:
                close = difflib.get_close_matches(name, names, n=1)
                hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(names)}"
                raise InputError(f"{name}: no such option; {hint}")
        return ReadOptions(**values)

    def to_arguments(self) -> list[str]:
        """Return the arguments of the command line that give these options.

        Example:
            >>> ReadOptions(resize=True, label_column="last").to_arguments()
            ['--resize', '--label-column', 'last']
        """
        words = []
        for name, value in self.given().items():
            option = option_of(name) if value is not False else option_of(f"no_{name}")
            words += [option, *([] if isinstance(value, bool) else [str(value)])]
        return words

    def given(self) -> dict[str, Any]:
        """Return the options that differ from their defaults, as keyword arguments."""
        values = asdict(self)
        return {
            option.name: values[option.name]
            for option in fields(ReadOptions)
            if values[option.name] != option.default
        }


def declared() -> tuple[Declared, ...]:
    """Return the declared options."""
    return tuple(
        Declared(f.name, f.default, f.metadata["help"], "bool" in str(f.type))
        for f in fields(ReadOptions)
    )


def option_of(name: str) -> str:
    """Return the option of the command line for the name of an option."""
    return "--" + name.replace("_", "-")
