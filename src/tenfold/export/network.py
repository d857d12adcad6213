"""Trained networks as one ONNX model: pixels in, probabilities out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tenfold.export.graph import INPUT, IR_VERSION, OPSET, OUTPUT, PRODUCER, Graph, Value
from tenfold.export.layers import emit
from tenfold.metrics import TEMPERATURE_EPSILON

if TYPE_CHECKING:
    import keras
    import onnx


def to_onnx(
    models: Sequence[keras.Model],
    image_shape: tuple[int, int],
    temperatures: Sequence[float] = (),
) -> onnx.ModelProto:
    """Write networks, with what stands before and behind them, as one ONNX model.

    Scaling of the pixels, a softmax where the loss was ``from_logits``, each network's
    temperature and the mean over the networks are part of it.

    Args:
        models: trained networks of one architecture.
        image_shape: height and width of the images.
        temperatures: one a network, or none.

    Returns:
        a model from ``images``, uint8 ``[n, height, width]``, to ``probabilities``, float32
        ``[n, classes]``.

    Raises:
        InputError: a network has a layer that cannot be exported; it is named.

    Example:
        >>> from tenfold import networks
        >>> model = to_onnx([networks.dense((28, 28), 10, hidden=[])], (28, 28))
        >>> [node.op_type for node in model.graph.node]
        ['Cast', 'Mul', 'Reshape', 'Gemm', 'Softmax', 'Identity']
    """
    graph = Graph()
    pixels = _scaled_pixels(graph, models[0], image_shape)
    answers = [_answers(graph, model, pixels) for model in models]
    names = [
        _tempered(graph, answer.name, temperature)
        for answer, temperature in zip(answers, temperatures or [1.0] * len(models), strict=True)
    ]
    mean = names[0] if len(names) == 1 else graph.op("Mean", *names)
    return _model(graph, mean, image_shape, answers[0].shape[0])


def _scaled_pixels(graph: Graph, model: keras.Model, image_shape: tuple[int, int]) -> Value:
    """The pixels as training gave them to the network."""
    import jax.numpy as jnp
    from onnx import TensorProto

    from tenfold.engine.inputs import model_input_shape, scale_images

    shape = model_input_shape(model, image_shape)
    pixels = graph.op("Cast", INPUT, to=TensorProto.FLOAT)
    white = float(scale_images(model, jnp.array([255], jnp.uint8))[0])
    if white != 255:
        pixels = graph.op("Mul", pixels, white / 255)
    return Value(pixels if shape == image_shape else graph.reshape(pixels, shape), shape)


def _answers(graph: Graph, model: keras.Model, pixels: Value) -> Value:
    """The probabilities that a network puts out, in Keras's order."""
    answer = graph.plain(emit(graph, model, pixels))
    if getattr(model.loss, "from_logits", False):
        answer = graph.apply("Softmax", answer, axis=-1)
    return answer


def _tempered(graph: Graph, probabilities: str, temperature: float) -> str:
    """What ``tenfold.metrics.apply_temperature`` does."""
    if temperature == 1:
        return probabilities
    logs = graph.op("Log", graph.op("Max", probabilities, TEMPERATURE_EPSILON))
    return graph.op("Softmax", graph.op("Div", logs, temperature), axis=-1)


def _model(
    graph: Graph, output: str, image_shape: tuple[int, int], classes: int
) -> onnx.ModelProto:
    from onnx import TensorProto, helper, numpy_helper

    graph.nodes.append(helper.make_node("Identity", [output], [OUTPUT]))
    whole = helper.make_graph(
        graph.nodes,
        PRODUCER,
        [helper.make_tensor_value_info(INPUT, TensorProto.UINT8, ["n", *image_shape])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["n", classes])],
        [numpy_helper.from_array(numbers, name) for name, numbers in graph.constants.items()],
    )
    return as_model(whole)


def as_model(graph: onnx.GraphProto) -> onnx.ModelProto:
    """A graph with the versions of ONNX that it is written in."""
    from onnx import helper

    return helper.make_model(
        graph,
        producer_name=PRODUCER,
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET)],
    )
