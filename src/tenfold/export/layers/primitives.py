"""Operations of JAX as nodes of an ONNX graph, one converter each, by the name of the primitive.

The batch axis has the size ``BATCH`` while a layer is traced; nodes leave it open.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from tenfold.export.graph import INPUT, Array, Graph

BATCH = 1009
"""Size of the batch axis in traced shapes: a prime, and no multiple of it is another size."""

Shape = tuple[int, ...]


class Unsupported(Exception):
    """Why a layer cannot be translated."""


class Value:
    """A constant or a tensor of the graph, in the shape that JAX gave it.

    Args:
        graph: that holds it.
        name: of the tensor in the graph; empty for a constant.
        shape: in JAX.
        constant: returns the constant.
        physical: of the tensor, where axes are 1 that are not in ``shape``; None for ``shape``.
    """

    def __init__(
        self,
        graph: Graph,
        *,
        name: str = "",
        shape: Shape,
        constant: Callable[[], Any] | None = None,
        physical: Shape | None = None,
    ) -> None:
        self._graph, self._name, self.shape, self._constant = graph, name, shape, constant
        self.physical = shape if physical is None else physical

    @property
    def is_constant(self) -> bool:
        """Whether it depends on no input."""
        return self._constant is not None

    @property
    def constant(self) -> Any:
        """The array of a constant."""
        if self._constant is None:
            raise Unsupported("an argument that depends on the image")
        return self._constant()

    def name(self) -> str:
        """The name of a tensor that broadcasts to ``shape``."""
        if self._constant is None:
            return self._name
        array = np.asarray(self.constant)
        for axis, size in enumerate(array.shape):
            if size % BATCH == 0 and size:
                first = np.take(array, [0], axis=axis)
                same = (first == array) | (first != first)  # also NaN
                if not np.all(same):
                    raise Unsupported("a constant that differs between the images of a batch")
                array = first
        self.physical = array.shape
        return self._graph.constant(array)

    def full(self) -> str:
        """The name of a tensor of the whole ``shape``."""
        name = self.name()
        if self.physical == self.shape:
            return name
        return self._graph.op("Expand", name, dynamic(self._graph, self.shape))

    def element(self, position: int) -> Value:
        """An element along the first axis."""
        if self.is_constant:
            array = self.constant
            return Value(
                self._graph, constant=lambda: np.asarray(array)[position], shape=self.shape[1:]
            )
        name = self._graph.op("Gather", self.full(), np.array(position, np.int64), axis=0)
        return Value(self._graph, name=name, shape=self.shape[1:])

    @staticmethod
    def stack(graph: Graph, values: list[Value]) -> Value:
        """Values along a new first axis."""
        axis = np.array([0], np.int64)
        names = [graph.op("Unsqueeze", value.full(), axis) for value in values]
        return Value(
            graph, name=graph.op("Concat", *names, axis=0), shape=(len(values), *values[0].shape)
        )


Converter = Callable[..., Value | list[Value]]
PRIMITIVES: dict[str, Converter] = {}


def dynamic(graph: Graph, shape: Sequence[int]) -> str | Array:
    """A shape in which multiples of the traced batch stand for those of the real one."""
    if not any(size and size % BATCH == 0 for size in shape):
        return np.array(shape, np.int64)
    batch = graph.op("Shape", INPUT, start=0, end=1)
    parts = [
        graph.op("Mul", batch, np.array([size // BATCH], np.int64))
        if size and size % BATCH == 0
        else np.array([size], np.int64)
        for size in shape
    ]
    return graph.op("Concat", *parts, axis=0)


def reshaped(graph: Graph, name: str, shape: Sequence[int]) -> str:
    """Reshape, with at most one axis that the batch decides left open."""
    open_axes = [size for size in shape if size and size % BATCH == 0]
    if len(open_axes) > 1:
        return graph.op("Reshape", name, dynamic(graph, shape))
    sizes = [-1 if size and size % BATCH == 0 else size for size in shape]
    return graph.op("Reshape", name, np.array(sizes, np.int64))


def transposed(graph: Graph, name: str, order: Sequence[int]) -> str:
    """Permute axes, unless they are in this order already."""
    if list(order) == sorted(order):
        return name
    return graph.op("Transpose", name, perm=list(order))


def _register(*names: str) -> Callable[[Converter], Converter]:
    def register(converter: Converter) -> Converter:
        PRIMITIVES.update(dict.fromkeys(names, converter))
        return converter

    return register


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


@_register("integer_pow")
def _integer_pow(g: Graph, params: Any, shapes: list[Shape], x: Value) -> Value:
    return _same(g, g.op("Pow", x.name(), float(params["y"])), shapes, [x])


@_register("convert_element_type")
def _cast(g: Graph, params: Any, shapes: list[Shape], x: Value) -> Value:
    from onnx import helper

    kind = helper.np_dtype_to_tensor_dtype(np.dtype(params["new_dtype"]))
    return _same(g, g.op("Cast", x.name(), to=kind), shapes, [x])


@_register("reshape", "squeeze", "expand_dims")
def _reshape(g: Graph, params: Any, shapes: list[Shape], x: Value) -> Value:
    return Value(g, name=reshaped(g, x.full(), shapes[0]), shape=shapes[0])


@_register("broadcast_in_dim")
def _broadcast(g: Graph, params: Any, shapes: list[Shape], x: Value, *_: Value) -> Value:
    name, physical = x.name(), [1] * len(shapes[0])
    for axis, size in zip(params["broadcast_dimensions"], x.physical, strict=True):
        physical[axis] = size
    return Value(g, name=reshaped(g, name, physical), shape=shapes[0], physical=tuple(physical))


@_register("transpose")
def _transpose(g: Graph, params: Any, shapes: list[Shape], x: Value) -> Value:
    order = params["permutation"]
    physical = tuple(x.physical[axis] for axis in order)
    return Value(g, name=transposed(g, x.name(), order), shape=shapes[0], physical=physical)


@_register("concatenate")
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


@_register("slice")
def _slice(g: Graph, params: Any, shapes: list[Shape], x: Value) -> Value:
    starts, ends = params["start_indices"], [_open(end) for end in params["limit_indices"]]
    steps = params["strides"] or [1] * len(starts)
    return Value(g, name=_sliced(g, x.full(), starts, ends, steps), shape=shapes[0])


@_register("dynamic_slice")
def _dynamic_slice(g: Graph, params: Any, shapes: list[Shape], x: Value, *at: Value) -> Value:
    starts = [int(index.constant) for index in at]
    sizes = params["slice_sizes"]
    starts = [
        max(0, min(start, whole - size))
        for start, size, whole in zip(starts, sizes, x.shape, strict=True)
    ]
    ends = [_open(start + size) for start, size in zip(starts, sizes, strict=True)]
    return Value(g, name=_sliced(g, x.full(), starts, ends, [1] * len(starts)), shape=shapes[0])


@_register("split")
def _split(g: Graph, params: Any, shapes: list[Shape], x: Value) -> list[Value]:
    name, axis, made, start = x.full(), params["axis"], [], 0
    for size, shape in zip(params["sizes"], shapes, strict=True):
        bounds = [np.array([number], np.int64) for number in (start, start + size, axis)]
        made.append(Value(g, name=g.op("Slice", name, *bounds), shape=shape))
        start += size
    return made


@_register("rev")
def _reverse(g: Graph, params: Any, shapes: list[Shape], x: Value) -> Value:
    axes = list(params["dimensions"])
    lowest = np.iinfo(np.int64).min
    bounds = ([-1] * len(axes), [lowest] * len(axes), axes, [-1] * len(axes))
    name = g.op("Slice", x.full(), *(np.array(numbers, np.int64) for numbers in bounds))
    return Value(g, name=name, shape=shapes[0])


@_register("pad")
def _pad(g: Graph, params: Any, shapes: list[Shape], x: Value, value: Value) -> Value:
    low, high, between = zip(*params["padding_config"], strict=True)
    if any(between):
        raise Unsupported("padding between elements")
    pads = np.array([*low, *high], np.int64)
    return Value(g, name=g.op("Pad", x.full(), pads, value.name()), shape=shapes[0])


@_register("gather")
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


@_register("argmax")
def _argmax(g: Graph, params: Any, shapes: list[Shape], x: Value) -> Value:
    (axis,) = params["axes"]
    name = g.op("ArgMax", x.full(), axis=int(axis), keepdims=0)
    return _cast(
        g, {"new_dtype": params["index_dtype"]}, shapes, Value(g, name=name, shape=shapes[0])
    )


@_register("cumsum")
def _cumsum(g: Graph, params: Any, shapes: list[Shape], x: Value) -> Value:
    axis, reverse = np.array(params["axis"], np.int64), int(params["reverse"])
    return Value(g, name=g.op("CumSum", x.full(), axis, reverse=reverse), shape=shapes[0])


@_register("dot_general")
def _dot(g: Graph, params: Any, shapes: list[Shape], a: Value, b: Value) -> Value:
    """A product of matrices, one for each element of the batch axes."""
    (contract_a, contract_b), (batch_a, batch_b) = params["dimension_numbers"]
    names, sizes = [], [a.shape[i] for i in batch_a]
    for value, contract, batch, last in (
        (a, contract_a, batch_a, True),
        (b, contract_b, batch_b, False),
    ):
        free = [i for i in range(len(value.shape)) if i not in (*contract, *batch)]
        order = [*batch, *free, *contract] if last else [*batch, *contract, *free]
        name = transposed(g, value.full(), order)
        rows, columns = (prod(value.shape[i] for i in axes) for axes in (free, contract))
        shape = [value.shape[i] for i in batch]
        shape += [rows, columns] if last else [columns, rows]
        sizes.append(rows)
        if len(free) != 1 or len(contract) != 1:
            name = reshaped(g, name, shape)
        names.append(name)
    product = g.op("MatMul", *names)
    if tuple(sizes) != shapes[0]:
        product = reshaped(g, product, shapes[0])
    return Value(g, name=product, shape=shapes[0])


@_register("conv_general_dilated")
def _convolution(g: Graph, params: Any, shapes: list[Shape], x: Value, kernel: Value) -> Value:
    if params["batch_group_count"] != 1 or set(params["lhs_dilation"]) != {1}:
        raise Unsupported("a transposed convolution")
    numbers = params["dimension_numbers"]
    pads = [*(low for low, _ in params["padding"]), *(high for _, high in params["padding"])]
    name = g.op(
        "Conv",
        transposed(g, x.full(), numbers.lhs_spec),
        transposed(g, kernel.full(), numbers.rhs_spec),
        strides=list(params["window_strides"]),
        dilations=list(params["rhs_dilation"]),
        pads=pads,
        group=params["feature_group_count"],
    )
    name = transposed(g, name, np.argsort(numbers.out_spec).tolist())
    return Value(g, name=name, shape=shapes[0])


def _window(g: Graph, kind: str, params: Any, shapes: list[Shape], x: Value) -> Value:
    """A maximum or mean of windows of the axes that have one."""
    windows = list(params["window_dimensions"])
    axes = [i for i, size in enumerate(windows) if size > 1 or params["window_strides"][i] > 1]
    others = [i for i in range(len(windows)) if i not in axes]
    if set(params["base_dilation"]) != {1} or set(params["window_dilation"]) != {1}:
        raise Unsupported("a dilated pooling")
    if len(others) < 2:
        raise Unsupported("a pooling of all axes")
    order = [*others, *axes]
    lead, last = others[:-1], others[-1]
    name = transposed(g, x.full(), order)
    spatial = [x.shape[i] for i in axes]
    name = reshaped(g, name, (prod(x.shape[i] for i in lead), x.shape[last], *spatial))
    padding = [params["padding"][i] for i in axes]
    attributes: dict[str, Any] = {
        "kernel_shape": [windows[i] for i in axes],
        "strides": [params["window_strides"][i] for i in axes],
        "pads": [*(low for low, _ in padding), *(high for _, high in padding)],
    }
    if kind == "AveragePool":
        attributes["count_include_pad"] = 1
    name = g.op(kind, name, **attributes)
    sizes = [shapes[0][i] for i in axes]
    name = reshaped(g, name, (*(x.shape[i] for i in others), *sizes))
    return Value(g, name=transposed(g, name, np.argsort(order).tolist()), shape=shapes[0])


@_register("reduce_window_max")
def _max_window(g: Graph, params: Any, shapes: list[Shape], x: Value) -> Value:
    return _window(g, "MaxPool", params, shapes, x)


@_register("reduce_window_sum")
def _sum_window(g: Graph, params: Any, shapes: list[Shape], x: Value) -> Value:
    mean = _window(g, "AveragePool", params, shapes, x)
    count = float(prod(params["window_dimensions"]))
    return Value(g, name=g.op("Mul", mean.name(), count), shape=shapes[0])
