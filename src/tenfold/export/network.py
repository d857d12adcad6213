"""Trained networks as one ONNX model: images in, calibrated probabilities out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tenfold.core.image_shape import ImageShape
from tenfold.export.graph import INPUT, IR_VERSION, OPSET, OUTPUT, PRODUCER, Graph, Tensor
from tenfold.export.layers import emit
from tenfold.metrics import TEMPERATURE_EPSILON

if TYPE_CHECKING:
    import keras
    import onnx

    from tenfold.engine.geometry import Geometry


def to_onnx(
    models: Sequence[keras.Model],
    image_shape: ImageShape,
    temperatures: Sequence[float] = (),
    pixels: str = "unit",
    tta: str = "none",
) -> onnx.ModelProto:
    """Convert networks, with their preprocessing and calibration, to one ONNX model.

    The model scales the pixels, applies a softmax if the loss was ``from_logits``, divides the
    logits of each network by its calibration temperature, and averages the probabilities.

    Args:
        models: trained networks of one architecture.
        image_shape: ``(height, width)``, or ``(height, width, 3)`` of coloured images.
        temperatures: one per network, or none for no calibration.
        pixels: the range they were fed pixels in, ``unit`` or ``byte``.
        tta: the views of an image whose probabilities are averaged, as in the recipe field.

    Returns:
        A model from ``images``, uint8 ``[n, *image_shape]``, to ``probabilities``, float32
        ``[n, classes]``.

    Raises:
        InputError: a layer cannot be exported; the message names it.

    Example:
        >>> from tenfold import networks
        >>> model = to_onnx([networks.dense((28, 28), 10, hidden=[])], (28, 28))
        >>> [node.op_type for node in model.graph.node]
        ['Cast', 'Mul', 'Reshape', 'Gemm', 'Softmax', 'Identity']
    """
    from onnx import TensorProto, helper, numpy_helper

    graph = build_graph(models, image_shape, temperatures, pixels, tta)
    classes = _classes(models[0], image_shape)
    return as_model(
        helper.make_graph(
            graph.nodes,
            PRODUCER,
            [helper.make_tensor_value_info(INPUT, TensorProto.UINT8, ["n", *image_shape])],
            [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["n", classes])],
            [numpy_helper.from_array(array, name) for name, array in graph.initializers.items()],
        )
    )


def build_graph(
    models: Sequence[keras.Model],
    image_shape: ImageShape,
    temperatures: Sequence[float],
    pixels: str = "unit",
    tta: str = "none",
) -> Graph:
    """Build the graph of ``to_onnx``, from its input to its output."""
    from onnx import helper

    from tenfold.engine.views import views

    graph = Graph()
    images = _views(graph, image_shape, tta)
    inputs = _scaled_pixels(graph, images, models[0], image_shape, pixels)
    outputs = []
    for i, model in enumerate(models):
        graph.scope = f"network{i}"
        output = _probabilities(graph, model, inputs)
        if images != INPUT:
            shape = [len(views(tta, image_shape)), -1, _classes(models[0], image_shape)]
            each = graph.op("Reshape", output, np.array(shape, np.int64))
            output = graph.op("ReduceMean", each, axes=[0], keepdims=0)
        outputs.append(output)
    calibrated = [
        _apply_temperature(graph, output, temperature)
        for output, temperature in zip(outputs, temperatures or [1.0] * len(models), strict=True)
    ]
    mean = calibrated[0] if len(calibrated) == 1 else graph.op("Mean", *calibrated)
    graph.nodes.append(helper.make_node("Identity", [mean], [OUTPUT]))
    return graph


def _views(graph: Graph, image_shape: ImageShape, tta: str) -> str:
    """The images, or their views one after the other along the batch axis."""
    from tenfold.engine.views import views

    each = views(tta, image_shape)
    if len(each) == 1:
        return INPUT
    taken = [
        graph.op("Gather", graph.op("Gather", INPUT, rows, axis=1), columns, axis=2)
        for rows, columns in each
    ]
    return graph.op("Concat", *taken, axis=0)


def _classes(model: keras.Model, image_shape: ImageShape) -> int:
    from tenfold.engine.inputs import input_shape, output_shape

    units: int = output_shape(model, input_shape(model, image_shape))[-1]
    return 2 if units == 1 else units


def _scaled_pixels(
    graph: Graph, images: str, model: keras.Model, image_shape: ImageShape, pixels: str
) -> Tensor:
    """The pixels scaled and shaped as in training."""
    from onnx import TensorProto

    from tenfold.engine.geometry import find_geometry
    from tenfold.engine.inputs import WHITE, input_shape

    geometry = find_geometry(image_shape, input_shape(model, image_shape))
    scaled = graph.op("Cast", images, to=TensorProto.FLOAT)
    if pixels != "byte":
        scaled = graph.op("Mul", scaled, 1 / WHITE)
    return fitted(graph, scaled, geometry)


def fitted(graph: Graph, images: str, geometry: Geometry) -> Tensor:
    """Images in the shape of the network's input, as ``Geometry`` makes them."""
    shape, current = geometry.shape, geometry.image_shape
    if geometry.rows is not None and geometry.columns is not None:
        colour = len(current) == 3
        if colour:
            images = graph.op("Transpose", images, perm=[0, 3, 1, 2])
        images = graph.op("MatMul", geometry.rows, images)
        images = graph.op("MatMul", images, geometry.columns.T)
        if colour:
            images = graph.op("Transpose", images, perm=[0, 2, 3, 1])
        current = (len(geometry.rows), len(geometry.columns), *current[2:])
    if geometry.repeats > 1:
        images = graph.reshape(images, (*current[:2], 1))
        return Tensor(graph.op("Concat", *[images] * geometry.repeats, axis=3), shape)
    return Tensor(images if shape == current else graph.reshape(images, shape), shape)


def _probabilities(graph: Graph, model: keras.Model, inputs: Tensor) -> str:
    """The probabilities of one network, in Keras's order."""
    from tenfold.engine.losses import takes_logits

    output = graph.to_keras_layout(emit(graph, model, inputs))
    logits = takes_logits(model)
    if output.shape == (1,):
        second = graph.op("Sigmoid", output.name) if logits else output.name
        return graph.op("Concat", graph.op("Sub", 1.0, second), second, axis=1)
    return graph.op("Softmax", output.name, axis=-1) if logits else output.name


def _apply_temperature(graph: Graph, probabilities: str, temperature: float) -> str:
    """The same as ``tenfold.metrics.apply_temperature``."""
    if temperature == 1:
        return probabilities
    logs = graph.op("Log", graph.op("Max", probabilities, TEMPERATURE_EPSILON))
    return graph.op("Softmax", graph.op("Div", logs, temperature), axis=-1)


def with_temperature(model: onnx.ModelProto, temperature: float = 1.0) -> onnx.ModelProto:
    """Return a model of probabilities, calibrated: its last node is ``Identity``."""
    from onnx import helper, numpy_helper

    last = model.graph.node.pop()
    graph = Graph("calibration/")
    calibrated = _apply_temperature(graph, last.input[0], temperature)
    model.graph.node.extend([*graph.nodes, helper.make_node("Identity", [calibrated], [OUTPUT])])
    constants = graph.initializers.items()
    model.graph.initializer.extend(numpy_helper.from_array(a, name) for name, a in constants)
    return model


def as_model(graph: onnx.GraphProto) -> onnx.ModelProto:
    """Wrap a graph as a model with tenfold's opset, IR version and producer."""
    from onnx import helper

    return helper.make_model(
        graph,
        producer_name=PRODUCER,
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET)],
    )
