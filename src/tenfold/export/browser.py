"""A model file as JSON for the page: its graph, and its weights as base64.

The page's network (``tenfold/page/modules/network.js``) computes the same as ONNX Runtime, for one
image at a time.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np

from tenfold.core.errors import InputError
from tenfold.export import model_card
from tenfold.export.graph import INPUT, OUTPUT

_NAMES = """
Abs Acos Add And Asin Atan AveragePool Cast Ceil Celu Clip Concat Conv Cos Cosh DequantizeLinear Div
Elu Equal Erf Exp Expand Floor Gather Gemm Greater GreaterOrEqual HardSigmoid Identity LeakyRelu
Less LessOrEqual Log LogSoftmax MatMul Max MaxPool Mean Min Mul Neg Not Or PRelu Pad Pow
QuantizeLinear Reciprocal ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum Relu Reshape Resize
Round Selu Shape Shrink Sigmoid Sign Sin Sinh Slice Softmax Softplus Softsign Sqrt Sub Sum Tan Tanh
Transpose Unsqueeze Where
"""
OPERATORS = frozenset(_NAMES.split())
"""What ``operators.js`` computes."""

_FLOAT, _UINT8, _INT8, _INT32, _INT64 = 1, 2, 3, 6, 7
_STORED = {_FLOAT: "<f4", _UINT8: "u1", _INT8: "i1", _INT32: "<i4"}
_CARD = ("class_names", "image_shape", "border", "numbers", "seeds", "threshold", "scores")


def to_browser(path: str | Path) -> dict[str, Any]:
    """Return a model file in the form that the page embeds.

    Args:
        path: the ONNX file that ``tenfold export`` wrote.

    Returns:
        JSON types: ``input``, ``output``, ``nodes`` as ``[operator, inputs, outputs, attributes]``,
        ``tensors`` by name with their place in ``weights`` (base64), and parts of the ``card``.

    Raises:
        InputError: as ``tenfold.Predictor``; or the page cannot compute an operator, which the
            message names.
    """
    import onnx

    data, card = model_card.read(path)
    graph = onnx.load_from_string(data).graph
    for node in graph.node:
        _check(node, path)
    tensors, weights = _tensors(graph.initializer, path)
    return {
        "input": {"name": INPUT, "shape": list(card["image_shape"])},
        "output": OUTPUT,
        "nodes": [
            [node.op_type, list(node.input), list(node.output), _attributes(node)]
            for node in graph.node
        ],
        "tensors": tensors,
        "weights": base64.b64encode(weights).decode("ascii"),
        "card": {name: card.get(name) for name in _CARD} | {"recipe": card["recipe"]["name"]},
    }


def _check(node: Any, path: str | Path) -> None:
    kind, attributes = node.op_type, _attributes(node)
    window = attributes.get("kernel_shape", [0, 0])
    if kind not in OPERATORS or len(node.output) > 1:
        raise InputError(
            f"{path}: the page cannot compute the operator {kind}; serve the model instead"
        )
    if len(window) != 2:
        raise InputError(
            f"{path}: the page computes {kind} in two dimensions, not {len(window)}; serve the "
            "model instead"
        )


def _attributes(node: Any) -> dict[str, Any]:
    from onnx import helper

    values = {item.name: helper.get_attribute_value(item) for item in node.attribute}
    return {
        name: value.decode() if isinstance(value, bytes) else value
        for name, value in values.items()
    }


def _tensors(initializers: Any, path: str | Path) -> tuple[dict[str, Any], bytes]:
    """The initializers: integers of 64 bits as numbers, others by their place in the weights."""
    from onnx import numpy_helper

    tensors: dict[str, Any] = {}
    weights = bytearray()
    for item in initializers:
        array, kind = numpy_helper.to_array(item), item.data_type
        entry: dict[str, Any] = {"shape": list(array.shape), "type": kind}
        if kind in _STORED:
            weights += bytes(-len(weights) % 4)  # typed arrays start at multiples of their size
            entry["at"] = len(weights)
            weights += np.ascontiguousarray(array, _STORED[kind]).tobytes()
        elif kind == _INT64 or array.dtype == bool:
            entry["values"] = array.ravel().astype(np.int64).tolist()
        else:
            raise InputError(
                f"{path}: the page cannot store {array.dtype}; serve the model instead"
            )
        tensors[item.name] = entry
    return tensors, bytes(weights)
