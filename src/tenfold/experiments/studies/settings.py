"""Settings: what a study varies, read as text, as a grid or as random draws."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tenfold.core.errors import InputError

KINDS: Mapping[str, type] = {
    "hidden": int,
    "activation": str,
    "dropout": float,
    "batch_norm": bool,
    "gaussian_noise": float,
    "filters": int,
    "kernels": int,
    "strides": int,
    "pooling": int,
    "padding": str,
    "network": str,
    "loss": str,
    "optimizer": str,
    "learning_rate": float,
    "schedule": str,
    "warmup": float,
    "weight_decay": float,
    "batch_size": int,
    "epochs": int,
    "shift": float,
    "rotation": float,
    "scale": float,
    "shear": float,
    "elastic": float,
    "thickness": float,
    "blur": float,
    "noise": float,
    "clutter": float,
    "flip": float,
}
"""All that can be varied: arguments of the networks, fields of Recipe and of Augmentation."""

_LISTS = ("hidden", "filters")
_PER_LAYER = ("activation", "dropout", "kernels", "strides", "pooling")
_WORDS = {int: "whole numbers", float: "numbers", bool: "true or false", str: "words"}
_DRAWS_A_SETTING = 100  # before ranges count as too small for so many different settings
_LONGEST_FOLDER = 120


@dataclass(frozen=True)
class Range:
    """Numbers from low to high, drawn so that their logarithms are uniform.

    Attributes:
        low: the smallest, above 0.
        high: the largest.
        whole: only whole numbers.
        layers: a drawn number is the only entry of a list.

    Example:
        >>> value = Range(1e-4, 1e-2).draw(np.random.default_rng(0))
        >>> value, 1e-4 <= value <= 1e-2
        (0.00188, True)
    """

    low: float
    high: float
    whole: bool = False
    layers: bool = False

    def draw(self, generator: np.random.Generator) -> Any:
        """One number, of three digits, or whole."""
        value = math.exp(generator.uniform(math.log(self.low), math.log(self.high)))
        number = round(value) if self.whole else float(f"{value:.3g}")
        inside = min(max(number, self.low), self.high)
        return [inside] if self.layers else inside

    def __str__(self) -> str:
        return f"{self.low}..{self.high}"


Axes = Mapping[str, list[Any] | Range]


def read_options(options: Sequence[str]) -> dict[str, str]:
    """The ``NAME=V1,V2`` of a command line, by name.

    Raises:
        InputError: no ``=`` or no values; a name comes twice.

    Example:
        >>> read_options(["hidden=64,128+64", "epochs=2"])
        {'hidden': '64,128+64', 'epochs': '2'}
    """
    found: dict[str, str] = {}
    for option in options:
        name, equals, values = (part.strip() for part in option.partition("="))
        if not equals:
            raise InputError(f"--vary {option}: give a name and values, as in hidden=64,128")
        if name in found:
            raise InputError(f"--vary {name}: given twice; give all its values at once")
        found[name] = values
    return found


def parse(vary: Mapping[str, Any]) -> dict[str, list[Any] | Range]:
    """What is varied, as values of a recipe.

    Args:
        vary: by name, a sequence of values; or text as on the command line, where a comma
            separates values and ``+`` the layers of one value, or a range as ``1e-4..1e-2``.

    Raises:
        InputError: nothing to vary, an unknown name, no values, one that cannot be read, or twice
            the same.

    Example:
        >>> parse({"hidden": "64,128+64", "batch_norm": [True, False]})
        {'hidden': [[64], [128, 64]], 'batch_norm': [True, False]}
        >>> parse({"learning_rate": "1e-4..1e-2"})
        {'learning_rate': Range(low=0.0001, high=0.01, whole=False, layers=False)}
    """
    if not isinstance(vary, Mapping) or not vary:
        raise InputError(f"vary: nothing to vary; give NAME=V1,V2, with NAME of {', '.join(KINDS)}")
    return {name: _axis(name, values) for name, values in vary.items()}


def _axis(name: str, values: Any) -> list[Any] | Range:
    if name not in KINDS:
        raise InputError(_unknown(name))
    if isinstance(values, str):
        texts = [part.strip() for part in values.split(",")]
    elif isinstance(values, Sequence):
        texts = [to_text(value) for value in values]
    else:
        raise InputError(f"{name}: got {type(values).__name__}; give a list of values")
    if not any(texts):
        raise InputError(f"{name}: no values; give some, as in {name}=V1,V2")
    if len(texts) == 1 and ".." in texts[0] and KINDS[name] in (int, float):
        return _range(name, texts[0])
    found = [_value(name, text) for text in texts]
    twice = [to_text(value) for i, value in enumerate(found) if value in found[:i]]
    if twice:
        raise InputError(f"{name}: {twice[0]} is given twice; give each value once")
    return found


def _unknown(name: Any) -> str:
    if name == "seed":
        return "seed: not varied; seeds says from how many each setting is trained"
    near = difflib.get_close_matches(str(name).replace("-", "_"), KINDS, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"vary: {name!r} is unknown; {hint}there are {', '.join(KINDS)}"


def _value(name: str, text: str) -> Any:
    if name in _LISTS and text == "none":
        return []
    if name not in _LISTS + _PER_LAYER:
        return _scalar(name, text, text)
    layers = [_scalar(name, part.strip(), text) for part in text.split("+")]
    return layers if name in _LISTS or len(layers) > 1 else layers[0]


def _scalar(name: str, part: str, text: str) -> Any:
    kind = KINDS[name]
    try:
        if kind is bool:
            return {"true": True, "false": False}[part.lower()]
        value = kind(part)
        if part and (kind is str or math.isfinite(value)):
            return value
    except (ValueError, KeyError):
        pass
    layers = ", the layers of one value joined by +, such as 128+64"
    form = _WORDS[kind] + (layers if name in _LISTS + _PER_LAYER else "")
    raise InputError(f"{name}: {text!r} cannot be read; give {form}")


def _range(name: str, text: str) -> Range:
    low, _, high = text.partition("..")
    smallest, largest = (_scalar(name, end.strip(), text) for end in (low, high))
    if not 0 < smallest < largest:
        raise InputError(f"{name}: {text!r}; give a range from above 0 to more, as 1e-4..1e-2")
    return Range(smallest, largest, whole=KINDS[name] is int, layers=name in _LISTS)


def to_text(value: Any) -> str:
    """A value as it is written on the command line.

    Example:
        >>> to_text([128, 64]), to_text(True), to_text([]), to_text(0.001)
        ('128+64', 'true', 'none', '0.001')
    """
    if isinstance(value, (list, tuple)):
        return "+".join(map(to_text, value)) or "none"
    return str(value).lower() if isinstance(value, bool) else str(value).removesuffix(".0")


def count(axes: Axes, draws: int | None) -> int:
    """How many settings there will be.

    Raises:
        InputError: a range without draws, or more draws than the grid has settings.
    """
    ranges = [name for name, axis in axes.items() if isinstance(axis, Range)]
    if draws is None:
        if ranges:
            raise InputError(
                f"{ranges[0]}: {axes[ranges[0]]} is a range; say with draws how many to draw"
            )
        return _grid_size(axes)
    if not isinstance(draws, int) or draws < 1:
        raise InputError(f"draws: {draws}; give a whole number from 1")
    if not ranges and draws > _grid_size(axes):
        raise InputError(
            f"draws: {draws} of a grid of {_grid_size(axes)} settings; give at most that, or none "
            "for the whole grid"
        )
    return draws


def _grid_size(axes: Axes) -> int:
    return math.prod(len(axis) for axis in axes.values() if isinstance(axis, list))


def combinations(axes: Axes, draws: int | None, seed: int) -> Iterator[dict[str, Any]]:
    """The values of each setting: the grid in its order, the last name fastest, or draws of it.

    Args:
        axes: what ``parse`` returned.
        draws: how many; None for the whole grid.
        seed: of the draws. None comes twice, and those of a grid keep its order.

    Raises:
        InputError: the ranges hold too few different settings.

    Example:
        >>> axes = parse({"hidden": "64,128", "epochs": "2,5"})
        >>> [(v["hidden"], v["epochs"]) for v in combinations(axes, None, seed=0)]
        [([64], 2), ([64], 5), ([128], 2), ([128], 5)]
    """
    generator = np.random.default_rng(seed)
    if draws is not None and any(isinstance(axis, Range) for axis in axes.values()):
        yield from _drawn(axes, draws, generator)
        return
    size = _grid_size(axes)
    chosen = np.sort(generator.choice(size, draws, replace=False)) if draws else range(size)
    for place in chosen:
        yield _at(axes, int(place))


def _at(axes: Axes, place: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, axis in reversed(list(axes.items())):
        assert isinstance(axis, list)  # noqa: S101 - grids alone are counted through
        place, i = divmod(place, len(axis))
        found[name] = axis[i]
    return dict(reversed(list(found.items())))


def _drawn(axes: Axes, draws: int, generator: np.random.Generator) -> Iterator[dict[str, Any]]:
    seen: set[str] = set()
    for _ in range(_DRAWS_A_SETTING * draws):
        values = {
            name: axis.draw(generator)
            if isinstance(axis, Range)
            else axis[int(generator.integers(len(axis)))]
            for name, axis in axes.items()
        }
        if repr(values) not in seen:
            seen.add(repr(values))
            yield values
        if len(seen) == draws:
            return
    raise InputError(f"draws: the ranges hold fewer than {draws} different settings; draw fewer")


def name_of(values: Mapping[str, Any], axes: Axes) -> str:
    """A setting in words: the values of all that takes several.

    Example:
        >>> axes = parse({"hidden": "64,128+64", "epochs": "2"})
        >>> name_of({"hidden": [128, 64], "epochs": 2}, axes)
        'hidden=128+64'
    """
    several = [n for n, axis in axes.items() if isinstance(axis, Range) or len(axis) > 1]
    return " ".join(f"{name}={to_text(values[name])}" for name in several or axes)


def folder_of(name: str, number: int) -> str:
    """The folder of a setting: its name, where that can be one, else cut and numbered.

    Example:
        >>> folder_of("hidden=128+64 activation=relu", 3)
        'hidden=128+64,activation=relu'
        >>> folder_of("network=a/b.py:build", 3)
        'network=a_b.py_build-3'
    """
    plain = name.replace(" ", ",")
    clean = re.sub(r"[^\w.+=,-]", "_", plain)[:_LONGEST_FOLDER]
    return clean if clean == plain else f"{clean}-{number}"
