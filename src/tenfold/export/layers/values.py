"""Values of a traced layer: constants, and tensors of the graph in the shape that JAX gave them.

The batch axis has the size ``BATCH`` while a layer is traced; nodes leave it open.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
