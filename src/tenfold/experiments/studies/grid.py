"""What a study varies: values by field, as a grid or as ranges to draw from at random.

Grid search trains every combination of the values. Random search draws combinations, and numbers
from ranges (Bergstra and Bengio, "Random search for hyper-parameter optimization", 2012).
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tenfold.core.errors import InputError
from tenfold.networks.fields import Field, Layers, to_text
from tenfold.networks.recipes import FIELDS

VARIED = {name: field for name, field in FIELDS.items() if field.varied}
"""The fields that a study can vary."""

_HELP = "tenfold study --help lists the fields of a recipe"

_MOST_ATTEMPTS = 100
"""Draws per setting, before the ranges count as too small for that many different settings."""

_LONGEST_FOLDER = 120
"""Characters of a folder's name."""


@dataclass(frozen=True)
class LogUniform:
    """Numbers between two ends, uniform in their logarithm.

    Attributes:
        low: the smallest, above 0.
        high: the largest.
        whole: only whole numbers.
        layers: a drawn number is the only layer of a list.

    Example:
        >>> value = LogUniform(1e-4, 1e-2).draw(np.random.default_rng(0))
        >>> value, 1e-4 <= value <= 1e-2
        (0.00188, True)
    """

    low: float
    high: float
    whole: bool = False
    layers: bool = False

    def draw(self, generator: np.random.Generator) -> Any:
        """One number."""
        return self.fit(math.exp(generator.uniform(math.log(self.low), math.log(self.high))))

    def fit(self, value: float) -> Any:
        """A number of the range as the field takes it: whole, or of three significant digits."""
        number = round(value) if self.whole else float(f"{value:.3g}")
        clipped = min(max(number, self.low), self.high)
        return [clipped] if self.layers else clipped

    def __str__(self) -> str:
        return f"{self.low}..{self.high}"


Axes = Mapping[str, list[Any] | LogUniform]


def read_options(options: Sequence[str]) -> dict[str, str]:
    """Split the ``--vary NAME=V1,V2`` options of a command line by name.

    Raises:
        InputError: there is no ``=``, or a name comes twice.

    Example:
        >>> read_options(["hidden=64,128+64", "epochs=2"])
        {'hidden': '64,128+64', 'epochs': '2'}
    """
    texts: dict[str, str] = {}
    for option in options:
        name, equals, values = (part.strip() for part in option.partition("="))
        if not equals:
            raise InputError(f"--vary {option}: give a name and values, as in hidden=64,128")
        if name in texts:
            raise InputError(f"--vary {name}: given twice; give all its values at once")
        texts[name] = values
    return texts


def parse(vary: Mapping[str, Any]) -> dict[str, list[Any] | LogUniform]:
    """Read the values of each varied field.

    Args:
        vary: by name, a sequence of values; or text as on the command line, where ``,`` separates
            values and ``+`` joins the layers of one, or a range such as ``1e-4..1e-2``.

    Raises:
        InputError: there is nothing to vary, a name is unknown, values are missing or repeated, or
            one cannot be read.

    Example:
        >>> parse({"hidden": "64,128+64", "batch_norm": [True, False]})
        {'hidden': [[64], [128, 64]], 'batch_norm': [True, False]}
        >>> parse({"learning_rate": "1e-4..1e-2"})
        {'learning_rate': LogUniform(low=0.0001, high=0.01, whole=False, layers=False)}
    """
    if not isinstance(vary, Mapping) or not vary:
        raise InputError(f"vary: nothing to vary; give NAME=V1,V2, as in hidden=64,128; {_HELP}")
    return {name: _axis(name, values) for name, values in vary.items()}


def _axis(name: str, values: Any) -> list[Any] | LogUniform:
    if name not in VARIED:
        raise InputError(_unknown(name))
    field = VARIED[name]
    if isinstance(values, str):
        texts = [part.strip() for part in values.split(",")]
    elif isinstance(values, Sequence):
        texts = [to_text(value) for value in values]
    else:
        raise InputError(f"{name}: got {type(values).__name__}; give a list of values")
    if not any(texts):
        raise InputError(f"{name}: no values; give some, as in {name}=V1,V2")
    if len(texts) == 1 and ".." in texts[0] and field.kind in (int, float):
        return _range(field, texts[0])
    parsed = [field.parse(text) for text in texts]
    repeated = [to_text(value) for i, value in enumerate(parsed) if value in parsed[:i]]
    if repeated:
        raise InputError(f"{name}: {repeated[0]} is given twice; give each value once")
    return parsed


def _unknown(name: Any) -> str:
    if name == "seed":
        return "seed: not varied; seeds is the number of seeds that each setting is trained from"
    near = difflib.get_close_matches(str(name).replace("-", "_"), VARIED, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"vary: {name!r} is unknown; {hint}{_HELP}"


def _range(field: Field, text: str) -> LogUniform:
    ends = []
    for end in text.split("..", 1):
        value = field.parse(end)
        ends.append(value[0] if field.layers is Layers.REQUIRED and value else value)
    low, high = ends
    if any(isinstance(end, list) for end in ends) or not 0 < low < high < math.inf:
        raise InputError(
            f"{field.name}: {text!r}; give a range from above 0 to more, as 1e-4..1e-2"
        )
    return LogUniform(low, high, field.kind is int, field.layers is Layers.REQUIRED)


def count(axes: Axes, draws: int | None) -> int:
    """Number of settings of a grid search, or of a random search with ``draws``.

    Raises:
        InputError: a range without draws, or more draws than the grid has settings.
    """
    ranges = [name for name, axis in axes.items() if isinstance(axis, LogUniform)]
    if draws is None:
        if ranges:
            raise InputError(
                f"{ranges[0]}: {axes[ranges[0]]} is a range; give draws, the number of settings"
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
    """Yield the values of each setting: all of the grid, the last name fastest, or draws.

    Args:
        axes: what ``parse`` returned.
        draws: number of settings of a random search; None for the whole grid.
        seed: of the draws. They are all different, and those of a grid keep its order.

    Raises:
        InputError: the ranges hold too few different settings.

    Example:
        >>> axes = parse({"hidden": "64,128", "epochs": "2,5"})
        >>> [(v["hidden"], v["epochs"]) for v in combinations(axes, None, seed=0)]
        [([64], 2), ([64], 5), ([128], 2), ([128], 5)]
    """
    generator = np.random.default_rng(seed)
    if draws is not None and any(isinstance(axis, LogUniform) for axis in axes.values()):
        yield from _drawn(axes, draws, generator)
        return
    size = _grid_size(axes)
    chosen = np.sort(generator.choice(size, draws, replace=False)) if draws else range(size)
    for index in chosen:
        yield _at(axes, int(index))


def _at(axes: Axes, index: int) -> dict[str, Any]:
    """The setting at an index of the grid."""
    values: dict[str, Any] = {}
    for name, axis in reversed(list(axes.items())):
        assert isinstance(axis, list)  # noqa: S101 - a grid has no ranges
        index, i = divmod(index, len(axis))
        values[name] = axis[i]
    return dict(reversed(list(values.items())))


def _drawn(axes: Axes, draws: int, generator: np.random.Generator) -> Iterator[dict[str, Any]]:
    seen: set[str] = set()
    for _ in range(_MOST_ATTEMPTS * draws):
        values = {
            name: axis.draw(generator)
            if isinstance(axis, LogUniform)
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
    """The name of a setting: its values of the fields that take several.

    Example:
        >>> axes = parse({"hidden": "64,128+64", "epochs": "2"})
        >>> name_of({"hidden": [128, 64], "epochs": 2}, axes)
        'hidden=128+64'
    """
    several = [n for n, axis in axes.items() if isinstance(axis, LogUniform) or len(axis) > 1]
    return " ".join(f"{name}={to_text(values[name])}" for name in several or axes)


def folder_of(name: str, number: int) -> str:
    """The folder of a setting: its name if a folder can have it, else shortened and numbered.

    Example:
        >>> folder_of("hidden=128+64 activation=relu", 3)
        'hidden=128+64,activation=relu'
        >>> folder_of("network=a/b.py:build", 3)
        'network=a_b.py_build-3'
    """
    plain = name.replace(" ", ",")
    clean = re.sub(r"[^\w.+=,-]", "_", plain)[:_LONGEST_FOLDER]
    return clean if clean == plain else f"{clean}-{number}"
