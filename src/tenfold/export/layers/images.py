"""Layers for images: convolution, pooling, padding, cropping and upsampling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tenfold.export.graph import Array, Graph, Tensor
from tenfold.export.layers.registry import emit_activation, exports_layer, refuse


@exports_layer("Conv2D")
def convolution(graph: Graph, layer: Any, tensor: Tensor) -> Tensor:
    """Convolution, also dilated, strided or in groups."""
    kernel = graph.weight(layer, "kernel", _kernel_layout)
    return emit_activation(graph, layer, _convolve(graph, layer, tensor, kernel, layer.groups))


@exports_layer("DepthwiseConv2D")
def depthwise_convolution(graph: Graph, layer: Any, tensor: Tensor) -> Tensor:
    """A convolution with as many groups as channels."""
    kernel = graph.weight(layer, "kernel", _depthwise_layout)
    groups = layer.kernel.shape[2]
    return emit_activation(graph, layer, _convolve(graph, layer, tensor, kernel, groups))


@exports_layer("SeparableConv2D")
def separable_convolution(graph: Graph, layer: Any, tensor: Tensor) -> Tensor:
    """A depthwise convolution, then one of a pixel across channels."""
    nchw, size = _nchw(graph, layer, tensor)
    depthwise = graph.weight(layer, "depthwise_kernel", _depthwise_layout)
    window = _window(layer, size, layer.kernel_size, layer.dilation_rate)
    groups = layer.depthwise_kernel.shape[2]
    channels = graph.op("Conv", nchw, depthwise, group=groups, **window)
    pointwise = graph.weight(layer, "pointwise_kernel", _kernel_layout)
    name = graph.op("Conv", channels, pointwise, *_bias(graph, layer))
    return emit_activation(graph, layer, _from_nchw(layer, tensor, name))


@exports_layer("MaxPooling2D")
def max_pooling(graph: Graph, layer: Any, tensor: Tensor) -> Tensor:
    """Maximum of each window."""
    return _pool(graph, layer, tensor, "MaxPool")


@exports_layer("AveragePooling2D")
def average_pooling(graph: Graph, layer: Any, tensor: Tensor) -> Tensor:
    """Mean of each window without its padding, as in Keras."""
    return _pool(graph, layer, tensor, "AveragePool", count_include_pad=0)


@exports_layer("GlobalAveragePooling2D", "GlobalMaxPooling2D")
def global_pooling(graph: Graph, layer: Any, tensor: Tensor) -> Tensor:
    """Mean or maximum of each channel."""
    nchw, _ = _nchw(graph, layer, tensor)
    kind = "ReduceMean" if "Average" in type(layer).__name__ else "ReduceMax"
    name = graph.op(kind, nchw, axes=[2, 3], keepdims=int(layer.keepdims))
    if layer.keepdims:
        return _from_nchw(layer, tensor, name)
    return Tensor(name, _output_shape(layer, tensor))


@exports_layer("ZeroPadding2D")
def zero_padding(graph: Graph, layer: Any, tensor: Tensor) -> Tensor:
    """Padding with zeros."""
    nchw, _ = _nchw(graph, layer, tensor)
    (top, bottom), (left, right) = layer.padding
    pads = np.array([0, 0, top, left, 0, 0, bottom, right], np.int64)
    return _from_nchw(layer, tensor, graph.op("Pad", nchw, pads))


@exports_layer("Cropping2D")
def cropping(graph: Graph, layer: Any, tensor: Tensor) -> Tensor:
    """Removal of rows and columns at the edges."""
    nchw, size = _nchw(graph, layer, tensor)
    starts = [before for before, _ in layer.cropping]
    ends = [side - after for side, (_, after) in zip(size, layer.cropping, strict=True)]
    bounds = [np.array(numbers, np.int64) for numbers in (starts, ends, [2, 3])]
    return _from_nchw(layer, tensor, graph.op("Slice", nchw, *bounds))


@exports_layer("UpSampling2D")
def up_sampling(graph: Graph, layer: Any, tensor: Tensor) -> Tensor:
    """Nearest-neighbor upsampling."""
    if layer.interpolation != "nearest":
        refuse(layer, f" with interpolation {layer.interpolation!r}")
    nchw, _ = _nchw(graph, layer, tensor)
    scales = np.array([1, 1, *layer.size], np.float32)
    nearest = {
        "mode": "nearest",
        "nearest_mode": "floor",
        "coordinate_transformation_mode": "asymmetric",
    }
    return _from_nchw(layer, tensor, graph.op("Resize", nchw, "", scales, **nearest))


def _nchw(graph: Graph, layer: Any, tensor: Tensor) -> tuple[str, tuple[int, int]]:
    """The name of the tensor as ``[n, channels, height, width]``, and its height and width."""
    if layer.data_format == "channels_first":
        return graph.to_keras_layout(tensor).name, (tensor.shape[1], tensor.shape[2])
    return graph.to_channels_first(tensor).name, (tensor.shape[0], tensor.shape[1])


def _from_nchw(layer: Any, tensor: Tensor, name: str) -> Tensor:
    channels_first = layer.data_format == "channels_last"
    return Tensor(name, _output_shape(layer, tensor), channels_first)


def _output_shape(layer: Any, tensor: Tensor) -> tuple[int, ...]:
    return tuple(layer.compute_output_shape((None, *tensor.shape))[1:])


def _kernel_layout(kernel: Array) -> Array:
    """From Keras's ``[height, width, in, out]`` to ONNX's ``[out, in, height, width]``."""
    return kernel.transpose(3, 2, 0, 1)


def _depthwise_layout(kernel: Array) -> Array:
    """From ``[height, width, in, multiplier]`` to ``[in * multiplier, 1, height, width]``."""
    height, width, channels, multiplier = kernel.shape
    return kernel.transpose(2, 3, 0, 1).reshape(channels * multiplier, 1, height, width)


def _bias(graph: Graph, layer: Any) -> list[str]:
    return [graph.weight(layer, "bias")] if layer.use_bias else []


def _convolve(graph: Graph, layer: Any, tensor: Tensor, kernel: str, groups: int) -> Tensor:
    nchw, size = _nchw(graph, layer, tensor)
    window = _window(layer, size, layer.kernel_size, layer.dilation_rate)
    name = graph.op("Conv", nchw, kernel, *_bias(graph, layer), group=groups, **window)
    return _from_nchw(layer, tensor, name)


def _pool(graph: Graph, layer: Any, tensor: Tensor, kind: str, **attributes: int) -> Tensor:
    nchw, size = _nchw(graph, layer, tensor)
    window = _window(layer, size, layer.pool_size, (1, 1))
    del window["dilations"]
    return _from_nchw(layer, tensor, graph.op(kind, nchw, **window, **attributes))


def _window(
    layer: Any, size: tuple[int, int], window: Sequence[int], dilation: int | Sequence[int]
) -> dict[str, list[int]]:
    """ONNX attributes of a sliding window, padded as in Keras.

    Args:
        layer: has strides and padding.
        size: height and width of the input.
        window: height and width of the window.
        dilation: distance of the window's elements, per axis or for both.
    """
    dilations = [dilation] * 2 if isinstance(dilation, int) else list(dilation)
    before, after = [0, 0], [0, 0]
    if layer.padding == "same":
        axes = zip(size, window, layer.strides, dilations, strict=True)
        for axis, (side, extent, stride, spacing) in enumerate(axes):
            reach = (extent - 1) * spacing + 1
            total = max(0, (-(-side // stride) - 1) * stride + reach - side)
            before[axis], after[axis] = total // 2, total - total // 2
    return {
        "kernel_shape": list(window),
        "strides": list(layer.strides),
        "dilations": dilations,
        "pads": before + after,
    }
