"""Operations of JAX as nodes of an ONNX graph, one converter each, by the name of the primitive."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tenfold.export.graph import Graph
from tenfold.export.layers.values import (
    BATCH,
    Shape,
    Unsupported,
    Value,
    reshaped,
    transposed,
)

Converter = Callable[..., Value | list[Value]]
PRIMITIVES: dict[str, Converter] = {}


def register(*names: str) -> Callable[[Converter], Converter]:
    """Register a converter for primitives of JAX, by name."""

    def add(converter: Converter) -> Converter:
        PRIMITIVES.update(dict.fromkeys(names, converter))
        return converter

    return add


def _elementwise(kind: str, **attributes: Any) -> Converter:
    def convert(g: Graph, params: Any, shapes: list[Shape], *inputs: Value) -> Value:
        return _same(
            g, g.op(kind, *(value.name() for value in inputs), **attributes), shapes, inputs
        )

    return convert


def _composed(build: Callable[..., str]) -> Converter:
    def convert(g: Graph, params: Any, shapes: list[Shape], *inputs: Value) -> Value:
        return _same(g, build(g, *(value.name() for value in inputs)), shapes, inputs)

    return convert


def _same(g: Graph, name: str, shapes: list[Shape], inputs: Sequence[Value]) -> Value:
    """The result of an elementwise node."""
    physical = np.broadcast_shapes(*(value.physical for value in inputs))
    return Value(g, name=name, shape=shapes[0], physical=physical)


PRIMITIVES.update(
    {
        name: _elementwise(kind)
        for name, kind in {
            "add": "Add", "add_any": "Add", "sub": "Sub", "mul": "Mul", "div": "Div",
            "max": "Max", "min": "Min", "pow": "Pow", "neg": "Neg", "abs": "Abs", "sign": "Sign",
            "exp": "Exp", "log": "Log", "sqrt": "Sqrt", "tanh": "Tanh", "logistic": "Sigmoid",
            "sin": "Sin", "cos": "Cos", "tan": "Tan", "sinh": "Sinh", "cosh": "Cosh",
            "asin": "Asin", "acos": "Acos", "atan": "Atan", "erf": "Erf", "floor": "Floor",
            "ceil": "Ceil", "round": "Round", "not": "Not", "and": "And", "or": "Or", "xor": "Xor",
            "eq": "Equal", "lt": "Less", "le": "LessOrEqual", "gt": "Greater",
            "ge": "GreaterOrEqual", "stop_gradient": "Identity", "copy": "Identity",
            "copy_p": "Identity", "name": "Identity", "optimization_barrier": "Identity",
        }.items()
    }
)  # fmt: skip
PRIMITIVES.update(
    {
        "is_finite": _composed(
            lambda g, x: g.op("Not", g.op("Or", g.op("IsInf", x), g.op("IsNaN", x)))
        ),
        "ne": _composed(lambda g, a, b: g.op("Not", g.op("Equal", a, b))),
        "square": _composed(lambda g, x: g.op("Mul", x, x)),
        "rsqrt": _composed(lambda g, x: g.op("Reciprocal", g.op("Sqrt", x))),
        "log1p": _composed(lambda g, x: g.op("Log", g.op("Add", x, 1.0))),
        "expm1": _composed(lambda g, x: g.op("Sub", g.op("Exp", x), 1.0)),
        "exp2": _composed(lambda g, x: g.op("Pow", 2.0, x)),
        "erfc": _composed(lambda g, x: g.op("Sub", 1.0, g.op("Erf", x))),
        "clamp": _composed(lambda g, low, x, high: g.op("Min", g.op("Max", x, low), high)),
        "select_n": _composed(lambda g, which, no, yes: g.op("Where", which, yes, no)),
    }
)


@register("integer_pow")
def _integer_pow(g: Graph, params: Any, shapes: list[Shape], x: Value) -> Value:
    return _same(g, g.op("Pow", x.name(), float(params["y"])), shapes, [x])


def _type(dtype: Any) -> int:
    from onnx import helper

    return int(helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))


@register("convert_element_type")
def _cast(g: Graph, params: Any, shapes: list[Shape], x: Value) -> Value:
    return _same(g, g.op("Cast", x.name(), to=_type(params["new_dtype"])), shapes, [x])


@register("reshape", "squeeze", "expand_dims")
def _reshape(g: Graph, params: Any, shapes: list[Shape], x: Value) -> Value:
    return Value(g, name=reshaped(g, x.full(), shapes[0]), shape=shapes[0])


@register("broadcast_in_dim")
def _broadcast(g: Graph, params: Any, shapes: list[Shape], x: Value, *_: Value) -> Value:
    name, physical = x.name(), [1] * len(shapes[0])
    for axis, size in zip(params["broadcast_dimensions"], x.physical, strict=True):
        physical[axis] = size
    return Value(g, name=reshaped(g, name, physical), shape=shapes[0], physical=tuple(physical))


@register("transpose")
def _transpose(g: Graph, params: Any, shapes: list[Shape], x: Value) -> Value:
    order = params["permutation"]
    physical = tuple(x.physical[axis] for axis in order)
    return Value(g, name=transposed(g, x.name(), order), shape=shapes[0], physical=physical)


@register("concatenate")
def _concatenate(g: Graph, params: Any, shapes: list[Shape], *inputs: Value) -> Value:
    names = [value.full() for value in inputs]
    return Value(g, name=g.op("Concat", *names, axis=params["dimension"]), shape=shapes[0])


def _sliced(
    g: Graph, name: str, starts: Sequence[int], ends: Sequence[int], steps: Sequence[int]
) -> str:
    bounds = (starts, ends, range(len(starts)), steps)
    return g.op("Slice", name, *(np.array(list(numbers), np.int64) for numbers in bounds))


def _open(limit: int) -> int:
    """An end of a slice; the whole batch axis stays open."""
    return np.iinfo(np.int64).max if limit and limit % BATCH == 0 else limit


@register("slice")
def _slice(g: Graph, params: Any, shapes: list[Shape], x: Value) -> Value:
    starts, ends = params["start_indices"], [_open(end) for end in params["limit_indices"]]
    steps = params["strides"] or [1] * len(starts)
    return Value(g, name=_sliced(g, x.full(), starts, ends, steps), shape=shapes[0])


@register("dynamic_slice")
def _dynamic_slice(g: Graph, params: Any, shapes: list[Shape], x: Value, *at: Value) -> Value:
    starts = [int(index.constant) for index in at]
    sizes = params["slice_sizes"]
    starts = [
        max(0, min(start, whole - size))
        for start, size, whole in zip(starts, sizes, x.shape, strict=True)
    ]
    ends = [_open(start + size) for start, size in zip(starts, sizes, strict=True)]
    return Value(g, name=_sliced(g, x.full(), starts, ends, [1] * len(starts)), shape=shapes[0])


@register("split")
def _split(g: Graph, params: Any, shapes: list[Shape], x: Value) -> list[Value]:
    name, axis, made, start = x.full(), params["axis"], [], 0
    for size, shape in zip(params["sizes"], shapes, strict=True):
        bounds = [np.array([number], np.int64) for number in (start, start + size, axis)]
        made.append(Value(g, name=g.op("Slice", name, *bounds), shape=shape))
        start += size
    return made


@register("rev")
def _reverse(g: Graph, params: Any, shapes: list[Shape], x: Value) -> Value:
    axes = list(params["dimensions"])
    lowest = np.iinfo(np.int64).min
    bounds = ([-1] * len(axes), [lowest] * len(axes), axes, [-1] * len(axes))
    name = g.op("Slice", x.full(), *(np.array(numbers, np.int64) for numbers in bounds))
    return Value(g, name=name, shape=shapes[0])


@register("pad")
def _pad(g: Graph, params: Any, shapes: list[Shape], x: Value, value: Value) -> Value:
    low, high, between = zip(*params["padding_config"], strict=True)
    if any(between):
        raise Unsupported("padding between elements")
    pads = np.array([*low, *high], np.int64)
    return Value(g, name=g.op("Pad", x.full(), pads, value.name()), shape=shapes[0])


@register("gather")
def _gather(g: Graph, params: Any, shapes: list[Shape], x: Value, indices: Value) -> Value:
    """Rows of a table by number."""
    numbers = params["dimension_numbers"]
    sizes = params["slice_sizes"]
    along = numbers.start_index_map
    if (
        len(along) != 1
        or numbers.collapsed_slice_dims != along
        or getattr(numbers, "operand_batching_dims", ())
        or any(n != x.shape[i] for i, n in enumerate(sizes) if i != along[0])
        or indices.shape[-1] != 1
    ):
        raise Unsupported("the operation gather")
    axis, lead = along[0], len(indices.shape) - 1
    expected = (*range(axis), *range(axis + lead, axis + lead + len(x.shape) - 1 - axis))
    if tuple(numbers.offset_dims) != expected:
        raise Unsupported("the operation gather")
    squeezed = reshaped(g, indices.full(), indices.shape[:-1])
    return Value(g, name=g.op("Gather", x.full(), squeezed, axis=axis), shape=shapes[0])


def _reduction(kind: str, axes_as_input: bool = False) -> Converter:
    def convert(g: Graph, params: Any, shapes: list[Shape], x: Value) -> Value:
        axes = [int(axis) for axis in params["axes"]]
        if axes_as_input:
            name = g.op(kind, x.full(), np.array(axes, np.int64), keepdims=0)
        else:
            name = g.op(kind, x.full(), axes=axes, keepdims=0)
        return Value(g, name=name, shape=shapes[0])

    return convert


PRIMITIVES.update(
    reduce_sum=_reduction("ReduceSum", axes_as_input=True),
    reduce_max=_reduction("ReduceMax"),
    reduce_min=_reduction("ReduceMin"),
    reduce_prod=_reduction("ReduceProd"),
)


@register("argmax")
def _argmax(g: Graph, params: Any, shapes: list[Shape], x: Value) -> Value:
    (axis,) = params["axes"]
    name = g.op("ArgMax", x.full(), axis=int(axis), keepdims=0)
    name = g.op("Cast", name, to=_type(params["index_dtype"]))
    return Value(g, name=name, shape=shapes[0])


@register("cumsum")
def _cumsum(g: Graph, params: Any, shapes: list[Shape], x: Value) -> Value:
    axis, reverse = np.array(params["axis"], np.int64), int(params["reverse"])
    return Value(g, name=g.op("CumSum", x.full(), axis, reverse=reverse), shape=shapes[0])
