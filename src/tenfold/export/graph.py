"""An ONNX graph that grows node by node, and how Keras's tensors lie in it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

OPSET, IR_VERSION = 17, 8
"""Of ONNX 1.12: every release of ONNX Runtime since 2022 reads it."""

INPUT, OUTPUT = "images", "probabilities"
PRODUCER = "tenfold"

Shape = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Value:
    """A tensor of the graph, and what it is to Keras.

    Attributes:
        name: in the graph.
        shape: as Keras has it, without the batch.
        channels_first: Keras's ``[height, width, channels]`` lies as ``[channels, height,
            width]``, the way ONNX convolves and pools.
        places: of a flat tensor whose numbers lie in another order, int ``[n]``: the i-th number
            is Keras's ``places[i]``-th. None where the order is Keras's.
    """

    name: str
    shape: Shape
    channels_first: bool = False
    places: npt.NDArray[np.int64] | None = None

    def lies_as(self, other: Value) -> bool:
        """Whether the numbers lie in the same order as those of another."""
        if self.places is None or other.places is None:
            return self.channels_first == other.channels_first and self.places is other.places
        return np.array_equal(self.places, other.places)

    def axis(self, axis: int) -> int:
        """The axis of the graph's tensor that holds an axis of Keras's, the batch counted."""
        axis %= len(self.shape) + 1
        return (0, 2, 3, 1)[axis] if self.channels_first else axis


class Graph:
    """Nodes and constants of an ONNX graph, in the order in which they are computed."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: dict[str, npt.NDArray[Any]] = {}
        self._known: dict[tuple[str, Shape, bytes], str] = {}

    def op(self, kind: str, *inputs: str | float | npt.NDArray[Any], **attributes: Any) -> str:
        """Add a node and return the name of its output; numbers become constants."""
        from onnx import helper

        names = [item if isinstance(item, str) else self.constant(item) for item in inputs]
        output = f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, names, [output], **attributes))
        return output

    def constant(self, numbers: float | npt.NDArray[Any]) -> str:
        """The name of a constant, float32 unless it is of whole numbers; equal ones are shared."""
        array = np.ascontiguousarray(numbers)
        if array.dtype.kind == "f":
            array = array.astype(np.float32)
        array = array.reshape(np.shape(numbers))
        key = (array.dtype.str, array.shape, hashlib.sha256(array.tobytes()).digest())
        if key not in self._known:
            self._known[key] = f"constant_{len(self.constants)}"
            self.constants[self._known[key]] = array
        return self._known[key]

    def apply(self, kind: str, value: Value, *others: Any, **attributes: Any) -> Value:
        """Add a node that changes every number by itself."""
        return replace(value, name=self.op(kind, value.name, *others, **attributes))

    def reshape(self, name: str, shape: Shape) -> str:
        """Give a tensor another shape, the batch apart."""
        return self.op("Reshape", name, np.array([-1, *shape], np.int64))

    def channels_first(self, value: Value) -> Value:
        """The same of three axes, channels first."""
        if value.channels_first:
            return value
        height, width, channels = value.shape
        if channels == 1 or height * width == 1:
            name = self.reshape(value.name, (channels, height, width))
        else:
            name = self.op("Transpose", value.name, perm=[0, 3, 1, 2])
        return Value(name, value.shape, channels_first=True)

    def plain(self, value: Value) -> Value:
        """The same as Keras has it."""
        if value.channels_first:
            height, width, channels = value.shape
            if channels == 1 or height * width == 1:
                return Value(self.reshape(value.name, value.shape), value.shape)
            return Value(self.op("Transpose", value.name, perm=[0, 2, 3, 1]), value.shape)
        if value.places is not None:
            back = np.argsort(value.places)
            return Value(self.op("Gather", value.name, back, axis=1), value.shape)
        return value

    def flat(self, value: Value) -> Value:
        """The same of one axis; the order of what lay channels first is kept in ``places``."""
        if len(value.shape) == 1:
            return value
        size = (prod(value.shape),)
        places = None
        if value.channels_first and 1 not in (value.shape[2], value.shape[0] * value.shape[1]):
            places = np.arange(*size).reshape(value.shape).transpose(2, 0, 1).ravel()
        return Value(self.reshape(value.name, size), size, places=places)


def as_laid(numbers: Any, value: Value) -> npt.NDArray[np.float32]:
    """Numbers that Keras would broadcast against a tensor, as that tensor lies in the graph.

    Args:
        numbers: any shape that broadcasts against ``[batch, *value.shape]``.
        value: the tensor.
    """
    array = np.asarray(numbers, np.float32)
    if array.size == 1:
        return array.reshape(())
    array = array.reshape((1,) * (len(value.shape) + 1 - array.ndim) + array.shape)
    if value.channels_first:
        return array.transpose(0, 3, 1, 2)
    if value.places is not None:
        return array[:, value.places]
    return array
