"""An ONNX graph under construction, and the memory layout of Keras's tensors in it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

OPSET, IR_VERSION = 17, 8
"""Versions of ONNX 1.12, which every release of ONNX Runtime since 2022 supports."""

INPUT, OUTPUT = "images", "probabilities"
PRODUCER = "tenfold"

Shape = tuple[int, ...]
Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Tensor:
    """A tensor of the graph and its layout.

    ONNX convolves and pools ``[n, channels, height, width]``, Keras by default
    ``[n, height, width, channels]``. The graph transposes only where it must.

    Attributes:
        name: in the graph.
        shape: in Keras, without the batch axis.
        channels_first: Keras's ``[height, width, channels]`` is stored as ``[channels, height,
            width]``.
        order: for a flattened tensor whose elements are in another order than Keras's, int
            ``[n]``: element i is element ``order[i]`` in Keras. Otherwise None.
    """

    name: str
    shape: Shape
    channels_first: bool = False
    order: npt.NDArray[np.int64] | None = None

    def same_layout(self, other: Tensor) -> bool:
        """Whether the elements are in the same order as those of another tensor."""
        if self.order is None or other.order is None:
            return self.channels_first == other.channels_first and self.order is other.order
        return np.array_equal(self.order, other.order)

    def axis(self, axis: int) -> int:
        """The axis in the graph that corresponds to an axis in Keras, the batch axis included."""
        axis %= len(self.shape) + 1
        return (0, 2, 3, 1)[axis] if self.channels_first else axis


@dataclass(frozen=True, eq=False)
class Weight:
    """Where an initializer stores a variable of Keras.

    Attributes:
        variable: of Keras.
        indices: int, of the initializer's shape: the element's index in the flattened variable.
    """

    variable: Any
    indices: npt.NDArray[np.int64]


class Graph:
    """Nodes and initializers of an ONNX graph, in the order of computation.

    Args:
        prefix: of the names of tensors, where the graph is added to another.

    Attributes:
        nodes: of type ``onnx.NodeProto``.
        initializers: arrays by name.
        weights: the variable behind each initializer that stores one, by the initializer's name.
        scope: prefix of the names of weights, such as ``network0``.
    """

    def __init__(self, prefix: str = "") -> None:
        self._prefix = prefix
        self.nodes: list[Any] = []
        self.initializers: dict[str, Array] = {}
        self.weights: dict[str, Weight] = {}
        self.scope = ""
        self._shared: dict[tuple[str, Shape, bytes], str] = {}
        self._layers: dict[tuple[str, int], str] = {}
        self._counts: Counter[str] = Counter()

    def op(self, kind: str, *inputs: str | float | Array, **attributes: Any) -> str:
        """Add a node and return the name of its output; numbers become initializers."""
        from onnx import helper

        names = [item if isinstance(item, str) else self.constant(item) for item in inputs]
        output = f"{self._prefix}{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, names, [output], **attributes))
        return output

    def constant(self, numbers: float | Array) -> str:
        """Add an initializer, float32 or integer, and return its name; equal ones are shared."""
        array = np.array(numbers, order="C")
        if array.dtype.kind == "f":
            array = array.astype(np.float32)
        key = (array.dtype.str, array.shape, hashlib.sha256(array.tobytes()).digest())
        if key not in self._shared:
            self._shared[key] = f"{self._prefix}constant_{len(self._shared)}"
            self.initializers[self._shared[key]] = array
        return self._shared[key]

    def weight(
        self,
        layer: Any,
        variable: str,
        layout: Callable[[Array], Array] = lambda array: array,
        values: Array | None = None,
    ) -> str:
        """Add an initializer for a variable of a layer and return its name.

        Names are such as ``network0/Dense_1/kernel``. They count the layers of a class, because
        names of layers in Keras depend on what the process has built before.

        Args:
            layer: of Keras.
            variable: name of the layer's attribute.
            layout: reorders or reshapes the variable, changing no element.
            values: stored instead of the variable's values, of its shape.
        """
        stored = getattr(layer, variable)
        numbers = np.asarray(stored.value) if values is None else values
        indices = layout(np.arange(numbers.size).reshape(stored.shape))
        name = base = f"{self._layer_name(layer)}/{variable}"
        uses = 1
        while name in self.weights and not np.array_equal(self.weights[name].indices, indices):
            uses += 1  # a layer that is applied to tensors of different layouts
            name = f"{base}_{uses}"
        self.weights[name] = Weight(stored, indices)
        self.initializers[name] = np.array(layout(numbers), np.float32, order="C")
        return name

    def _layer_name(self, layer: Any) -> str:
        key = (self.scope, id(layer))
        if key not in self._layers:
            kind = f"{self.scope}/{type(layer).__name__}"
            self._layers[key] = f"{kind}_{self._counts[kind]}"
            self._counts[kind] += 1
        return self._layers[key]

    def apply(self, kind: str, tensor: Tensor, *others: Any, **attributes: Any) -> Tensor:
        """Add an elementwise node."""
        return replace(tensor, name=self.op(kind, tensor.name, *others, **attributes))

    def reshape(self, name: str, shape: Shape) -> str:
        """Reshape all axes but the batch axis."""
        return self.op("Reshape", name, np.array([-1, *shape], np.int64))

    def to_channels_first(self, tensor: Tensor) -> Tensor:
        """Return a tensor of three axes with its channels first."""
        if tensor.channels_first:
            return tensor
        height, width, channels = tensor.shape
        if channels == 1 or height * width == 1:
            name = self.reshape(tensor.name, (channels, height, width))
        else:
            name = self.op("Transpose", tensor.name, perm=[0, 3, 1, 2])
        return Tensor(name, tensor.shape, channels_first=True)

    def to_keras_layout(self, tensor: Tensor) -> Tensor:
        """Return a tensor with its elements in Keras's order."""
        if tensor.channels_first:
            height, width, channels = tensor.shape
            if channels == 1 or height * width == 1:
                return Tensor(self.reshape(tensor.name, tensor.shape), tensor.shape)
            return Tensor(self.op("Transpose", tensor.name, perm=[0, 2, 3, 1]), tensor.shape)
        if tensor.order is not None:
            inverse = np.argsort(tensor.order)
            return Tensor(self.op("Gather", tensor.name, inverse, axis=1), tensor.shape)
        return tensor

    def flatten(self, tensor: Tensor) -> Tensor:
        """Return a tensor of one axis; ``order`` records the layout instead of a transpose."""
        if len(tensor.shape) == 1:
            return tensor
        size = (prod(tensor.shape),)
        order = None
        if tensor.channels_first and 1 not in (tensor.shape[2], tensor.shape[0] * tensor.shape[1]):
            order = np.arange(*size).reshape(tensor.shape).transpose(2, 0, 1).ravel()
        return Tensor(self.reshape(tensor.name, size), size, order=order)


def match_layout(numbers: npt.ArrayLike, tensor: Tensor) -> Array:
    """Reorder numbers that Keras broadcasts against a tensor to the tensor's layout in the graph.

    Args:
        numbers: any shape that broadcasts against ``[batch, *tensor.shape]``.
        tensor: the tensor.
    """
    array = np.asarray(numbers)
    if array.size == 1:
        return array.reshape(())
    array = array.reshape((1,) * (len(tensor.shape) + 1 - array.ndim) + array.shape)
    if tensor.channels_first:
        return array.transpose(0, 3, 1, 2)
    if tensor.order is not None:
        return array[:, tensor.order]
    return array
