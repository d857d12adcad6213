"""Layers that change shapes, and those that only act in training."""

from __future__ import annotations

from typing import Any

from tenfold.export.graph import Graph, Value
from tenfold.export.layers.table import layer


@layer(
    "Dropout",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "AlphaDropout",
    "GaussianDropout",
    "GaussianNoise",
    "ActivityRegularization",
    "Identity",
    "RandomBrightness",
    "RandomContrast",
    "RandomFlip",
    "RandomRotation",
    "RandomShear",
    "RandomTranslation",
    "RandomZoom",
)
def nothing(graph: Graph, what: Any, value: Value) -> Value:
    """Outside of training these leave all as it is."""
    return value


@layer("Flatten")
def flatten(graph: Graph, what: Any, value: Value) -> Value:
    """Nothing moves: what reads the numbers is told in which order they lie."""
    if what.data_format == "channels_first" and len(value.shape) == 3:
        channels, height, width = value.shape
        value = Value(graph.plain(value).name, (height, width, channels), channels_first=True)
    return graph.flat(value)


@layer("Reshape")
def reshape(graph: Graph, what: Any, value: Value) -> Value:
    """Another shape of the numbers in Keras's order."""
    shape = tuple(what.compute_output_shape((None, *value.shape))[1:])
    if len(shape) == 1:
        return graph.flat(value)
    return Value(graph.reshape(graph.plain(value).name, shape), shape)


@layer("Permute")
def permute(graph: Graph, what: Any, value: Value) -> Value:
    """Axes in another order, counted from 1."""
    shape = tuple(value.shape[axis - 1] for axis in what.dims)
    name = graph.op("Transpose", graph.plain(value).name, perm=[0, *what.dims])
    return Value(name, shape)
