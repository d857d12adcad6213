"""Layers that work on images: convolutions, pooling, borders, enlargement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tenfold.export.graph import Graph, Value
from tenfold.export.layers.table import finish, layer, refuse
from tenfold.export.layers.weighted import Floats, weight


@layer("Conv2D")
def convolution(graph: Graph, what: Any, value: Value) -> Value:
    """Keras's kernel ``[height, width, in, out]`` is ONNX's ``[out, in, height, width]``."""
    kernel = weight(what.kernel).transpose(3, 2, 0, 1)
    return finish(graph, what, _convolved(graph, what, value, kernel, what.groups))


@layer("DepthwiseConv2D")
def depthwise_convolution(graph: Graph, what: Any, value: Value) -> Value:
    """A convolution of as many groups as channels."""
    kernel = _depthwise(weight(what.kernel))
    groups = what.kernel.shape[2]
    return finish(graph, what, _convolved(graph, what, value, kernel, groups))


@layer("SeparableConv2D")
def separable_convolution(graph: Graph, what: Any, value: Value) -> Value:
    """A convolution of each channel, then one across channels."""
    nchw, size = _image(graph, what, value)
    each = _depthwise(weight(what.depthwise_kernel))
    window = _window(what, size, what.kernel_size, what.dilation_rate)
    spread = graph.op("Conv", nchw, each, group=what.depthwise_kernel.shape[2], **window)
    across = weight(what.pointwise_kernel).transpose(3, 2, 0, 1)
    name = graph.op("Conv", spread, across, *_bias(what))
    return finish(graph, what, _from_image(what, value, name))


@layer("MaxPooling2D")
def max_pooling(graph: Graph, what: Any, value: Value) -> Value:
    """The highest of each window."""
    return _pooled(graph, what, value, "MaxPool")


@layer("AveragePooling2D")
def average_pooling(graph: Graph, what: Any, value: Value) -> Value:
    """The mean of each window; what was padded does not count, as in Keras."""
    return _pooled(graph, what, value, "AveragePool", count_include_pad=0)


@layer("GlobalAveragePooling2D", "GlobalMaxPooling2D")
def global_pooling(graph: Graph, what: Any, value: Value) -> Value:
    """The mean or the highest of each channel."""
    nchw, _ = _image(graph, what, value)
    kind = "ReduceMean" if "Average" in type(what).__name__ else "ReduceMax"
    name = graph.op(kind, nchw, axes=[2, 3], keepdims=int(what.keepdims))
    if what.keepdims:
        return _from_image(what, value, name)
    return Value(name, _output_shape(what, value))


@layer("ZeroPadding2D")
def zero_padding(graph: Graph, what: Any, value: Value) -> Value:
    """A border of zeros."""
    nchw, _ = _image(graph, what, value)
    (top, bottom), (left, right) = what.padding
    pads = np.array([0, 0, top, left, 0, 0, bottom, right], np.int64)
    return _from_image(what, value, graph.op("Pad", nchw, pads))


@layer("Cropping2D")
def cropping(graph: Graph, what: Any, value: Value) -> Value:
    """The middle."""
    nchw, size = _image(graph, what, value)
    starts = [before for before, _ in what.cropping]
    ends = [side - after for side, (_, after) in zip(size, what.cropping, strict=True)]
    places = [np.array(numbers, np.int64) for numbers in (starts, ends, [2, 3])]
    return _from_image(what, value, graph.op("Slice", nchw, *places))


@layer("UpSampling2D")
def up_sampling(graph: Graph, what: Any, value: Value) -> Value:
    """Every pixel several times."""
    if what.interpolation != "nearest":
        refuse(what, f" with interpolation {what.interpolation!r}")
    nchw, _ = _image(graph, what, value)
    scales = np.array([1, 1, *what.size], np.float32)
    how = {
        "mode": "nearest",
        "nearest_mode": "floor",
        "coordinate_transformation_mode": "asymmetric",
    }
    return _from_image(what, value, graph.op("Resize", nchw, "", scales, **how))


def _image(graph: Graph, what: Any, value: Value) -> tuple[str, tuple[int, int]]:
    """The tensor ``[n, channels, height, width]``, and height and width."""
    if what.data_format == "channels_first":
        return graph.plain(value).name, (value.shape[1], value.shape[2])
    return graph.channels_first(value).name, (value.shape[0], value.shape[1])


def _from_image(what: Any, value: Value, name: str) -> Value:
    channels_first = what.data_format == "channels_last"
    return Value(name, _output_shape(what, value), channels_first)


def _output_shape(what: Any, value: Value) -> tuple[int, ...]:
    return tuple(what.compute_output_shape((None, *value.shape))[1:])


def _depthwise(kernel: Floats) -> Floats:
    """From ``[height, width, in, times]`` to ``[in * times, 1, height, width]``."""
    height, width, channels, times = kernel.shape
    return kernel.transpose(2, 3, 0, 1).reshape(channels * times, 1, height, width)


def _bias(what: Any) -> list[Floats]:
    return [weight(what.bias)] if what.use_bias else []


def _convolved(graph: Graph, what: Any, value: Value, kernel: Floats, groups: int) -> Value:
    nchw, size = _image(graph, what, value)
    window = _window(what, size, what.kernel_size, what.dilation_rate)
    name = graph.op("Conv", nchw, kernel, *_bias(what), group=groups, **window)
    return _from_image(what, value, name)


def _pooled(graph: Graph, what: Any, value: Value, kind: str, **attributes: int) -> Value:
    nchw, size = _image(graph, what, value)
    window = _window(what, size, what.pool_size, (1, 1))
    del window["dilations"]
    return _from_image(what, value, graph.op(kind, nchw, **window, **attributes))


def _window(
    what: Any, size: tuple[int, int], window: Sequence[int], dilation: int | Sequence[int]
) -> dict[str, list[int]]:
    """Attributes of a window that moves over images of a size, padded as Keras does."""
    dilations = [dilation] * 2 if isinstance(dilation, int) else list(dilation)
    before, after = [0, 0], [0, 0]
    if what.padding == "same":
        sides = zip(size, window, what.strides, dilations, strict=True)
        for axis, (side, extent, stride, spacing) in enumerate(sides):
            reach = (extent - 1) * spacing + 1
            total = max(0, (-(-side // stride) - 1) * stride + reach - side)
            before[axis], after[axis] = total // 2, total - total // 2
    return {
        "kernel_shape": list(window),
        "strides": list(what.strides),
        "dilations": dilations,
        "pads": before + after,
    }
