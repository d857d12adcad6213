"""ONNX classifiers of other software, wrapped so that they take and give what tenfold's do.

The file is read, not run: external data are read in, functions inlined, and what a model file may
not contain is refused by `inspection`. ``wrap`` puts the scaling of pixels before the graph and a
softmax after it where it lacks one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError, one_line
from tenfold.core.image_shape import CHANNELS, ImageShape
from tenfold.export import model_file
from tenfold.export.graph import INPUT, OUTPUT, PRODUCER, Graph
from tenfold.export.operators import require_known_operators

if TYPE_CHECKING:
    import onnx

_INSIDE = "imported/"
_GIVES_PROBABILITIES = "export it with its probabilities as a float output"


@dataclass(frozen=True, eq=False)
class ForeignModel:
    """An ONNX classifier of other software.

    Attributes:
        path: of the file.
        model: its content, normalized: one input with a free batch axis, one output.
        shape: of one input as Keras orders axes, ``(height, width, channels)``, ``(height, width)``
            or ``(pixels,)``; None where the file leaves a size open.
        channels_first: whether the axes of an image are ordered ``[channels, height, width]``.
        class_names: of the outputs, if the file names them.
    """

    path: Path
    model: onnx.ModelProto
    shape: tuple[int | None, ...]
    channels_first: bool
    class_names: tuple[str, ...] = ()


def read(path: Path) -> ForeignModel:
    """Read an ONNX classifier.

    Raises:
        InputError: the file cannot be read, or has several inputs, outputs that are no scores of
            classes, or content that is refused.
    """
    import onnx
    import onnx.inliner

    if path.stat().st_size > model_file.MAX_BYTES:
        raise InputError(f"{path}: over {model_file.MAX_BYTES >> 30} GiB; give a smaller network")
    try:
        model = onnx.load(path)
        model = onnx.inliner.inline_local_functions(model)
    except Exception as error:  # protocol buffers, files of weights and the inliner raise many
        raise InputError(f"{path}: cannot be read as ONNX ({one_line(error, 150)})") from error
    class_names = _choose_output(path, model)
    weights = {item.name for item in model.graph.initializer}
    inputs = [item for item in model.graph.input if item.name not in weights]
    if len(inputs) != 1:
        names = ", ".join(item.name for item in inputs)
        raise InputError(f"{path}: has {len(inputs)} inputs ({names[:100]}); give a model with one")
    del model.graph.input[:]
    model.graph.input.extend(inputs)
    sizes = [d.dim_value or None for d in inputs[0].type.tensor_type.shape.dim]
    shape, channels_first = _layout(path, sizes)
    _clear(model)
    require_known_operators(path, model)
    _free_batch(model, sizes[0])
    return ForeignModel(path, model, shape, channels_first, class_names)


def wrap(
    foreign: ForeignModel,
    image_shape: ImageShape,
    scale: Sequence[float],
    offset: Sequence[float],
    whole: bool = False,
    outputs: str = "raw",
    order: Sequence[int] | None = None,
    classes: int | None = None,
) -> onnx.ModelProto:
    """Return the model as tenfold's: from uint8 images to probabilities.

    Args:
        foreign: the model.
        image_shape: of the images, which are padded or resized to the input.
        scale: what bytes are multiplied by, one number or one a channel.
        offset: what is added then.
        whole: round what is fed.
        outputs: how scores become probabilities: ``raw`` as they are, ``softmax``, ``sum`` for
            division by their sum; of one unit, which stands for the second of two classes,
            ``sigmoid`` or ``probability``.
        order: indices of the outputs in the order of the classes; None for their own.
        classes: their number; None where only the raw outputs are wanted.

    Raises:
        InputError: the images do not fit the input.
    """
    import onnx
    from onnx import TensorProto, compose, helper, numpy_helper

    from tenfold.engine.geometry import find_geometry
    from tenfold.export.network import fitted

    inner = compose.add_prefix_graph(foreign.model.graph, _INSIDE)
    shape = input_shape(foreign, image_shape)
    graph = Graph()
    images = fitted(
        graph, graph.op("Cast", INPUT, to=TensorProto.FLOAT), find_geometry(image_shape, shape)
    ).name
    channels = len(scale) if len(shape) == 3 else 1
    factors, terms = (np.array(v[:channels], np.float32) for v in (scale, offset))
    images = graph.op("Add", graph.op("Mul", images, factors), terms)
    if whole:
        images = graph.op("Floor", graph.op("Add", images, 0.5))
    if foreign.channels_first:
        images = graph.op("Transpose", images, perm=[0, 3, 1, 2])
    kind = inner.input[0].type.tensor_type.elem_type
    graph.nodes.append(helper.make_node("Cast", [images], [inner.input[0].name], to=kind))
    graph.nodes.extend(inner.node)
    scores = graph.op("Cast", inner.output[0].name, to=TensorProto.FLOAT)
    scores = _probabilities(graph, scores, outputs)
    if order is not None:
        scores = graph.op("Gather", scores, np.array(order, np.int64), axis=1)
    graph.nodes.append(helper.make_node("Identity", [scores], [OUTPUT]))
    constants = [numpy_helper.from_array(array, name) for name, array in graph.initializers.items()]
    made = helper.make_graph(
        graph.nodes,
        PRODUCER,
        [helper.make_tensor_value_info(INPUT, TensorProto.UINT8, ["n", *image_shape])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["n", classes or "units"])],
        [*constants, *inner.initializer],
    )
    return onnx.helper.make_model(
        made,
        producer_name=PRODUCER,
        ir_version=foreign.model.ir_version,
        opset_imports=foreign.model.opset_import,
    )


def stated_range(foreign: ForeignModel) -> str | None:
    """Return ``unit`` or ``byte`` if the first arithmetic on pixels tells it, else None.

    Division by 255 or another number of this size means bytes; subtraction of a mean below 1, then
    division by a deviation below 1, means numbers up to 1.
    """
    from onnx import numpy_helper

    graph = foreign.model.graph
    constants = {item.name: item for item in graph.initializer}
    tensor, subtracted = graph.input[0].name, None
    while True:
        users = [node for node in graph.node if tensor in node.input]
        if len(users) != 1:
            return None
        node = users[0]
        if node.op_type in _NEUTRAL:
            tensor = node.output[0]
            continue
        others = [name for name in node.input if name != tensor]
        if node.op_type not in _ARITHMETIC or len(others) != 1 or others[0] not in constants:
            return None
        value = np.abs(numpy_helper.to_array(constants[others[0]]).astype(np.float64))
        factor = float(np.median(1 / np.maximum(value, 1e-9) if node.op_type == "Div" else value))
        if node.op_type in ("Sub", "Add"):
            if float(value.max()) > 1:
                return "byte" if float(np.median(value)) > 16 else None
            subtracted = value
        elif 1 / 300 < factor < 1 / 32:
            return "byte"
        elif subtracted is not None and 1 < factor < 16:
            return "unit"
        else:
            return None
        tensor = node.output[0]


_NEUTRAL = ("Identity", "Cast", "Reshape", "Flatten", "Transpose", "Squeeze", "Unsqueeze", "Pad")
_ARITHMETIC = ("Mul", "Div", "Sub", "Add")


def input_shape(foreign: ForeignModel, image_shape: ImageShape) -> tuple[int, ...]:
    """The shape of one input; sizes that the file leaves open are those of the images."""
    known = (prod(image_shape),) if len(foreign.shape) == 1 else (*image_shape, 1)
    return tuple(size or known[axis] for axis, size in enumerate(foreign.shape))


def _probabilities(graph: Graph, scores: str, outputs: str) -> str:
    scores = graph.op("Flatten", scores, axis=1)
    if outputs == "softmax":
        return graph.op("Softmax", scores, axis=1)
    if outputs == "sum":
        return graph.op("LpNormalization", scores, axis=1, p=1)
    if outputs in ("sigmoid", "probability"):
        second = graph.op("Sigmoid", scores) if outputs == "sigmoid" else scores
        return graph.op("Concat", graph.op("Sub", 1.0, second), second, axis=1)
    return scores


def _choose_output(path: Path, model: onnx.ModelProto) -> tuple[str, ...]:
    """Leave the scores as the only output; the names of the classes, where a map has them."""
    from onnx import TensorProto, helper

    graph = model.graph
    maps = [n for n in graph.node if n.op_type == "ZipMap"]
    names: tuple[str, ...] = ()
    floats = (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16)
    found = [o for o in graph.output if o.type.tensor_type.elem_type in floats]
    if maps:
        labels = {a.name: a for a in maps[0].attribute}
        for key in ("classlabels_int64s", "classlabels_strings"):
            if key in labels:
                values = helper.get_attribute_value(labels[key])
                names = tuple(v.decode() if isinstance(v, bytes) else str(v) for v in values)
        found = [helper.make_tensor_value_info(maps[0].input[0], TensorProto.FLOAT, None)]
        graph.node.remove(maps[0])
    if len(found) > 1:  # scikit-learn's label comes first, as whole numbers
        listed = ", ".join(o.name for o in found)
        raise InputError(f"{path}: has {len(found)} outputs of numbers ({listed[:100]}); give one")
    if not found:
        raise InputError(f"{path}: gives no scores of classes; {_GIVES_PROBABILITIES}")
    del graph.output[:]
    graph.output.extend(found)
    return names


def _layout(path: Path, sizes: Sequence[int | None]) -> tuple[tuple[int | None, ...], bool]:
    """The shape of one input in Keras's order, and whether it is stored with channels first."""
    shape = tuple(sizes[1:])
    channels = (1, CHANNELS)
    if len(shape) in (1, 2) and (len(shape) == 1 or shape[0] != 1):
        return shape, False
    if len(shape) == 2:  # [n, 1, pixels]
        return (1, shape[1]), False
    if len(shape) == 3 and shape[2] in channels and shape[0] not in channels:
        return shape, False
    if len(shape) == 3 and shape[0] in channels and shape[2] not in channels:
        return (*shape[1:], shape[0]), True
    text = "x".join("?" if size is None else str(size) for size in sizes)
    raise InputError(
        f"{path}: takes inputs of {text or 'unknown shape'}; give a classifier of images of 1 or "
        "3 channels, NCHW or NHWC, or of flat pixels"
    )


def _clear(model: onnx.ModelProto) -> None:
    """Remove what a model file does not hold: names for tools, unused domains, constant nodes."""
    from onnx import helper, numpy_helper

    graph = model.graph
    for field in ("value_info", "doc_string", "quantization_annotation", "metadata_props"):
        graph.ClearField(field)
    kept = []
    for node in graph.node:
        node.ClearField("doc_string")
        node.ClearField("metadata_props")
        node.domain = "" if node.domain == "ai.onnx" else node.domain
        for attribute in node.attribute:
            attribute.ClearField("doc_string")
            if attribute.HasField("t"):
                array = numpy_helper.to_array(attribute.t)
                attribute.t.CopyFrom(numpy_helper.from_array(array, attribute.t.name))
        values = {a.name: a for a in node.attribute}
        if node.op_type == "Constant" and not node.domain and values.keys() & _CONSTANTS:
            (attribute,) = node.attribute
            value = helper.get_attribute_value(attribute)
            kind = np.float32 if attribute.name.startswith("value_float") else np.int64
            array = numpy_helper.to_array(value) if attribute.name == "value" else value
            array = array if attribute.name == "value" else np.array(array, kind)
            graph.initializer.append(numpy_helper.from_array(np.asarray(array), node.output[0]))
        else:
            kept.append(node)
    del graph.node[:]
    graph.node.extend(kept)
    for item in graph.initializer:
        item.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(item), item.name))
    used = {node.domain for node in graph.node}
    opsets = [o for o in model.opset_import if (o.domain or "") in ("", "ai.onnx")]
    opsets += [
        o for o in model.opset_import if o.domain in used and o.domain not in ("", "ai.onnx")
    ]
    versions = {("" if o.domain == "ai.onnx" else o.domain): o.version for o in opsets}
    versions.setdefault("", 17)
    del model.opset_import[:]
    model.opset_import.extend(helper.make_opsetid(d, v) for d, v in versions.items())


_CONSTANTS = {"value", "value_float", "value_floats", "value_int", "value_ints"}


def _free_batch(model: onnx.ModelProto, fixed: int | None) -> None:
    """Let the model take batches of any size: reshapes to a fixed batch take the rest instead."""
    from onnx import numpy_helper

    if fixed is None:
        return
    graph = model.graph
    constants = {item.name for item in graph.initializer}
    reshapes = [node for node in graph.node if node.op_type == "Reshape"]
    shapes = {node.input[1] for node in reshapes if node.input[0] not in constants}
    for item in graph.initializer:
        if item.name not in shapes:
            continue
        sizes: npt.NDArray[Any] = numpy_helper.to_array(item).copy()
        if sizes.size and sizes[0] == fixed:
            sizes[0] = 0 if -1 in sizes else -1
            item.CopyFrom(numpy_helper.from_array(sizes, item.name))
