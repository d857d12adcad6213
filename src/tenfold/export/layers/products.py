"""Operations of JAX on whole axes as nodes: products of matrices, convolutions and windows."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from tenfold.export.graph import Graph
from tenfold.export.layers.primitives import register
from tenfold.export.layers.values import Shape, Unsupported, Value, reshaped, transposed


@register("dot_general")
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


@register("conv_general_dilated")
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


@register("reduce_window_max")
def _max_window(g: Graph, params: Any, shapes: list[Shape], x: Value) -> Value:
    return _window(g, "MaxPool", params, shapes, x)


@register("reduce_window_sum")
def _sum_window(g: Graph, params: Any, shapes: list[Shape], x: Value) -> Value:
    mean = _window(g, "AveragePool", params, shapes, x)
    count = float(prod(params["window_dimensions"]))
    return Value(g, name=g.op("Mul", mean.name(), count), shape=shapes[0])
