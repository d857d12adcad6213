"""Which range of pixels a network expects: found by following them through its forward pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jax.ad_checkpoint import checkpoint_name
from jax.extend import core

from tenfold.core.backend import keras
from tenfold.core.errors import InputError
from tenfold.data import Dataset
from tenfold.engine.arrays import ArrayData
from tenfold.engine.cpu.jaxpr import Read, evaluate
from tenfold.engine.inputs import InputAdapter, call_network
from tenfold.engine.pixel_range import RAW, SCALED, PixelRange
from tenfold.networks import is_own_network
from tenfold.networks.recipes import Recipe

PROBES = 32
"""Images that are followed through the network."""

LARGEST = 14.0
"""The largest ordinary spread of a network's inputs: bytes divided by their standard deviation."""

_CALLS = ("jit", "pjit", "closed_call", "custom_jvp_call", "custom_vjp_call", "remat", "checkpoint")
_LINEAR = ("reduce_sum", "reduce_window_sum", "dot_general", "conv_general_dilated", "cumsum")
_NAME = "tenfold value range "


def resolve_pixels(recipe: Recipe, model: keras.Model, dataset: Dataset | ArrayData) -> PixelRange:
    """The range of pixels that a recipe's network is fed.

    Args:
        recipe: of the network.
        model: the network, compiled.
        dataset: training images.

    Raises:
        InputError: it is to be found out, and the network does not tell.
    """
    if recipe.input_range != "auto":
        return PixelRange(recipe.input_range, "the recipe says so")
    if not is_own_network(recipe.network):
        return RAW
    return find_pixel_range(model, dataset, dataset.encoding)


def find_pixel_range(
    model: keras.Model, dataset: Dataset | ArrayData, labels: str = "index"
) -> PixelRange:
    """Find out which range of pixels a network expects.

    Some images follow the forward pass twice, as numbers up to 1 and up to 255, until they meet
    the first weights, through nested models, operators and Lambda layers. The range in which the
    operations before that give numbers of an ordinary size is the one the network was built for.
    A network without operations on pixels expects [0, 1].

    Args:
        model: compiled.
        dataset: training images.
        labels: their encoding, as for ``InputAdapter``.

    Raises:
        InputError: the operations on pixels fit both ranges or none.
    """
    adapter = InputAdapter(model, dataset.image_shape, len(dataset.class_names), labels=labels)
    adapter.build(model)
    probes = np.asarray(adapter.geometry(jnp.asarray(_probes(dataset.images))))
    weights, rest = (
        [jax.ShapeDtypeStruct(v.shape, v.dtype) for v in variables]
        for variables in (model.trainable_variables, model.non_trainable_variables)
    )
    with _marked_value_ranges(model):
        traced = jax.make_jaxpr(partial(call_network, model))(weights, rest, probes)
    search = _Search()
    unknown = [None] * (len(weights) + len(rest))
    pixels = _Pixels(probes, probes / np.float32(255))
    evaluate(traced.jaxpr, [_Constant(c) for c in traced.consts], [*unknown, pixels], search.apply)
    return search.result()


def _probes(images: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Float images ``[n, ...]`` from 0 to 255; random ones if the given have no contrast."""
    step = max(1, len(images) // PROBES)
    some = np.asarray(images[: step * PROBES : step], np.float32)
    if images.dtype != np.uint8:  # in any range
        low, high = some.min(), some.max()
        some = (some - low) * (255 / (high - low or 1))
    if len(some) == PROBES and np.ptp(some) > 200:
        return some
    shape = (PROBES, *images.shape[1:])
    return np.random.default_rng(0).integers(0, 256, shape).astype(np.float32)


@contextmanager
def _marked_value_ranges(model: keras.Model) -> Iterator[None]:
    """Mark the inputs of layers that state which range of values they take, while traced."""
    layers = [
        layer
        for layer in model._flatten_layers()
        if isinstance(getattr(layer, "value_range", None), (list, tuple))
    ]

    def marked(layer: Any, call: Any, x: Any, *args: Any, **named: Any) -> Any:
        if isinstance(x, jax.Array):
            x = checkpoint_name(x, f"{_NAME}{max(layer.value_range)}")
        return call(x, *args, **named)

    for layer in layers:
        layer.__dict__["call"] = partial(marked, layer, layer.call)
    try:
        yield
    finally:
        for layer in layers:
            del layer.__dict__["call"]


class _Constant:
    """A value that depends on neither pixels nor weights, computed when it is first needed."""

    def __init__(self, value: Any) -> None:
        self._value = value

    @cached_property
    def value(self) -> Any:
        return self._value() if callable(self._value) else self._value


@dataclass(frozen=True, eq=False)
class _Pixels:
    """A value that depends on pixels and constants only.

    Attributes:
        byte: computed from pixels up to 255.
        unit: computed from pixels up to 1.
        scaled: whether an operation other than a sum changed its scale.
        decided: whether the range is decided already, so that nothing more is learned from it.
    """

    byte: Any
    unit: Any
    scaled: bool = False
    decided: bool = False


class _Search:
    """Follows pixels through a forward pass, and collects what its operations tell."""

    def __init__(self) -> None:
        self.found: set[str] = set()
        self.doubt = ""

    def result(self) -> PixelRange:
        """The decision.

        Raises:
            InputError: there is none.
        """
        if len(self.found) == 1 and not self.doubt:
            return SCALED[next(iter(self.found))]
        if self.found == {"byte"}:  # a layer that is said to take bytes does not contradict that
            return SCALED["byte"]
        if not self.found and not self.doubt:
            return RAW
        reason = self.doubt or "its branches scale them differently"
        raise InputError(
            f"pixels: the model does not tell whether it takes 0 to 1 or 0 to 255 ({reason}); "
            "give pixels='unit' or pixels='byte' (train: --input-range)"
        )

    def apply(self, equation: Any, read: Read) -> list[Any]:
        """Values of the outputs of an equation: constant, of pixels, or None if of weights."""
        inputs = [
            _Constant(atom.val) if isinstance(atom, core.Literal) else read(atom)
            for atom in equation.invars
        ]
        pixels = [value for value in inputs if isinstance(value, _Pixels)]
        if None in inputs:
            for value in pixels:
                self._judge(value, at_weights=True)
            return [None] * len(equation.outvars)
        if not pixels:
            lazy = _Constant(lambda: _bind(equation, [value.value for value in inputs]))
            return [_Constant(lambda i=i: lazy.value[i]) for i in range(len(equation.outvars))]
        name = equation.primitive.name
        if name in _CALLS and (inner := _inner(equation)) is not None:
            jaxpr, consts = inner
            return evaluate(jaxpr, [_Constant(c) for c in consts], inputs, self.apply)
        if name == "name":
            return [self._stated(pixels[0], str(equation.params["name"]))]
        return [self._judge(output) for output in _outputs(equation, inputs, pixels)]

    def _judge(self, value: _Pixels, at_weights: bool = False) -> _Pixels:
        """Learn what a value tells; the value, marked as decided if it tells the range."""
        if value.decided or np.size(value.byte) == 0:
            return value
        byte, unit = (np.asarray(v, np.float64) for v in (value.byte, value.unit))
        if np.allclose(byte, unit, rtol=1e-3, atol=1e-4) and _spread(unit) > 0:
            return replace(value, decided=True)  # normalized by the image itself
        proportional = np.allclose(byte, 255 * unit, rtol=1e-3, atol=1e-2)
        size = _spread(unit)
        if proportional and (not value.scaled or 0.15 <= size < 1.5):
            return value
        fits = {"byte": _is_ordinary(byte, LARGEST), "unit": _is_ordinary(unit, np.inf)}
        if np.issubdtype(np.asarray(value.byte).dtype, np.integer):
            fits = dict.fromkeys(fits, True)
        if not any(fits.values()):
            fits["byte"] = 50 < _spread(byte) < 400 and byte.min() <= 0 < byte.max()
        if all(fits.values()):
            levels = {"byte": len(np.unique(byte)), "unit": len(np.unique(unit))}
            fits = {name: levels[name] > max(levels.values()) / 4 for name in fits}
        if sum(fits.values()) == 1:
            self.found |= {name for name, fit in fits.items() if fit}
            return replace(value, decided=True)
        if at_weights:
            number = "both" if all(fits.values()) else "neither"
            self.doubt = f"what it computes from them fits {number}"
        return value

    def _stated(self, value: _Pixels, name: str) -> _Pixels:
        """Learn from the range of values that a layer states; a default of 255 is a doubt."""
        if value.decided or value.scaled or not name.startswith(_NAME):
            return value
        if float(name.removeprefix(_NAME)) <= 1:
            self.found.add("unit")
            return replace(value, decided=True)
        self.doubt = "a layer has value_range up to 255, but none scales pixels"
        return value


def _is_ordinary(values: npt.NDArray[np.float64], largest: float) -> bool:
    spread = _spread(values)
    return 0.15 <= spread <= largest and float(np.median(np.abs(values))) <= 2 * spread


def _spread(values: npt.NDArray[np.float64]) -> float:
    """The median range over images of the elements that vary."""
    ranges = np.ptp(values, axis=0) if values.ndim else np.zeros(1)
    varying = ranges[ranges > 0]
    return float(np.median(varying)) if varying.size else 0.0


def _outputs(equation: Any, inputs: list[Any], pixels: list[_Pixels]) -> list[_Pixels]:
    """The outputs of an equation of pixels and constants."""
    byte, unit = (
        _bind(equation, [v.value if isinstance(v, _Constant) else getattr(v, name) for v in inputs])
        for name in ("byte", "unit")
    )
    scaled = any(v.scaled for v in pixels)
    if equation.primitive.name not in _LINEAR:
        old = max(_spread(np.asarray(v.unit, np.float64)) for v in pixels)
        news = [_spread(np.asarray(v, np.float64)) for v in unit]
        scaled = scaled or any(abs(new - old) > 1e-3 * old for new in news)
    decided = all(v.decided for v in pixels)
    return [_Pixels(b, u, scaled, decided) for b, u in zip(byte, unit, strict=True)]


def _bind(equation: Any, values: Sequence[Any]) -> list[Any]:
    params = equation.primitive.get_bind_params(equation.params)
    result = equation.primitive.bind(*values, **params)
    return list(result) if equation.primitive.multiple_results else [result]


def _inner(equation: Any) -> tuple[Any, Sequence[Any]] | None:
    """The jaxpr that an equation calls, with its constants."""
    for key in ("jaxpr", "call_jaxpr", "fun_jaxpr"):
        inner = equation.params.get(key)
        if inner is not None:
            return (inner.jaxpr, inner.consts) if hasattr(inner, "consts") else (inner, ())
    return None
