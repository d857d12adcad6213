"""Layers that change shapes, and layers that act only in training."""

from __future__ import annotations

from typing import Any

from tenfold.export.graph import Graph, Tensor
from tenfold.export.layers.registry import exports_layer


@exports_layer(
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
def no_operation(graph: Graph, layer: Any, tensor: Tensor) -> Tensor:
    """No effect outside of training."""
    return tensor


@exports_layer("Flatten")
def flatten(graph: Graph, layer: Any, tensor: Tensor) -> Tensor:
    """Elements keep their order, which the tensor records for the next layer."""
    if layer.data_format == "channels_first" and len(tensor.shape) == 3:
        channels, height, width = tensor.shape
        name = graph.to_keras_layout(tensor).name
        tensor = Tensor(name, (height, width, channels), channels_first=True)
    return graph.flatten(tensor)


@exports_layer("Reshape")
def reshape(graph: Graph, layer: Any, tensor: Tensor) -> Tensor:
    """Another shape of the elements in Keras's order."""
    shape = tuple(layer.compute_output_shape((None, *tensor.shape))[1:])
    if len(shape) == 1:
        return graph.flatten(tensor)
    return Tensor(graph.reshape(graph.to_keras_layout(tensor).name, shape), shape)


@exports_layer("Permute")
def permute(graph: Graph, layer: Any, tensor: Tensor) -> Tensor:
    """Permuted axes; Keras counts them from 1."""
    shape = tuple(tensor.shape[axis - 1] for axis in layer.dims)
    name = graph.op("Transpose", graph.to_keras_layout(tensor).name, perm=[0, *layer.dims])
    return Tensor(name, shape)
