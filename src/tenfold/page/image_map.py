"""A map of images for the page: their first two principal components, and how to place others.

Source: Hotelling, "Analysis of a complex of statistical variables into principal components"
(1933).
"""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
import numpy.typing as npt

from tenfold.data import Dataset
from tenfold.export import model_card, session
from tenfold.export.graph import INPUT, OUTPUT
from tenfold.export.predictor import Predictor

POINTS, THUMBNAIL = 500, 14
"""Images of a map, and pixels of the side of their thumbnails."""

_FEWEST, _MAX_UNITS = 10, 4096
_STEPS = 127


def image_map(predictor: Predictor, data: Dataset) -> dict[str, Any] | None:
    """Return a map of images by their pixels and by the last hidden layer, in JSON types.

    Args:
        predictor: of the model file; a committee's first network gives the layer.
        data: images that the network was not trained on; evenly spaced ones are taken.

    Returns:
        Names, labels and thumbnails of the images, and ``views``, each with the images' points in
        the unit square, and ``axes`` and ``offset`` that map other values to it. None for images
        of another size or too few.
    """
    if data.images.shape[1:] != predictor.image_shape or len(data) < _FEWEST:
        return None
    chosen = data[np.linspace(0, len(data) - 1, min(len(data), POINTS)).astype(int)]
    views = [_view("pixels", None, chosen.images)]
    layer = _last_hidden(predictor)
    if layer is not None:
        values = _values(predictor, layer, chosen.images)
        if values[0].size <= _MAX_UNITS:
            views.insert(0, _view("last hidden layer", layer, values))
    return {
        "names": list(chosen.class_names),
        "labels": _base64(chosen.labels.astype(np.uint8)),
        "thumbnails": _thumbnails(chosen.images),
        "side": THUMBNAIL,
        "views": views,
    }


def _last_hidden(predictor: Predictor) -> str | None:
    """The tensor that goes into the last dense layer of the first network; None if it is pixels."""
    import onnx

    graph = onnx.load_from_string(model_card.read(predictor.path)[0]).graph
    found, hidden = None, False
    for node in graph.node:
        if node.op_type == "Softmax":
            break
        if node.op_type in ("Gemm", "MatMul"):
            found = node.input[0] if hidden else None
        hidden = hidden or node.op_type in ("Gemm", "MatMul", "Conv")
    return found


def _values(predictor: Predictor, name: str, images: npt.NDArray[np.uint8]) -> npt.NDArray[Any]:
    """The values of a tensor of the graph for images, ``[n, units]``."""
    import onnx

    model = onnx.load_from_string(model_card.read(predictor.path)[0])
    model.graph.output.append(onnx.helper.make_empty_tensor_value_info(name))
    running = session.load(model.SerializeToString())
    values: npt.NDArray[Any] = running.run([OUTPUT, name], {INPUT: images})[1]
    return values.reshape(len(images), -1)


def _view(title: str, tensor: str | None, values: npt.NDArray[Any]) -> dict[str, Any]:
    rows = values.reshape(len(values), -1).astype(np.float64)
    centre = rows.mean(axis=0)
    _, spread, axes = np.linalg.svd(rows - centre, full_matrices=False)
    axes = axes[:2] * np.sign(axes[:2].sum(axis=1, keepdims=True) + 1e-30)  # SVD leaves signs open
    points = (rows - centre) @ axes.T
    low, high = points.min(axis=0), points.max(axis=0)
    size = np.maximum(high - low, 1e-9)
    axes /= size[:, None]
    scale = np.abs(axes).max() / _STEPS
    steps = np.round(axes / scale)
    return {
        "title": title,
        "tensor": tensor,
        "kept": float((spread[:2] ** 2).sum() / ((spread**2).sum() or 1.0)),
        "points": _base64(np.round(255 * (points - low) / size).astype(np.uint8)),
        "axes": _base64(steps.astype(np.int8)),
        "scale": float(scale),
        "offset": (-low / size - steps * scale @ centre).tolist(),
    }


def _thumbnails(images: npt.NDArray[np.uint8]) -> str:
    """One PNG with an image above the other, in black and white."""
    from PIL import Image

    n, side = len(images), images.shape[1] // THUMBNAIL
    small = images.reshape(n, THUMBNAIL, side, THUMBNAIL, side).mean(axis=(2, 4))
    picture = Image.fromarray(np.round(small.reshape(-1, THUMBNAIL) / 255).astype(np.uint8), "P")
    picture.putpalette([0, 0, 0, 255, 255, 255])
    file = io.BytesIO()
    picture.save(file, "PNG", bits=1, optimize=True)
    return base64.b64encode(file.getvalue()).decode("ascii")


def _base64(array: npt.NDArray[Any]) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode("ascii")
