"""ONNX copies of a run's networks, since ONNX Runtime starts and predicts faster than Keras."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.core.files import atomic_path, atomic_write
from tenfold.core.image_shape import ImageShape
from tenfold.evaluation import PredictFunction
from tenfold.export import model_file
from tenfold.export.session import Session
from tenfold.runs.layout import onnx_path

if TYPE_CHECKING:
    import keras
    import onnx

TOLERANCE = 1e-5
"""The largest allowed difference of a probability from Keras's."""

VERIFICATION_IMAGES = 250


def save(
    folder: Path,
    seed: int,
    model: keras.Model,
    network: PredictFunction,
    images: npt.NDArray[np.uint8],
    pixels: str = "unit",
    tta: str = "none",
) -> PredictFunction:
    """Write the ONNX copy of a network; skip one that cannot be exported or differs from Keras.

    Args:
        folder: of the run.
        seed: of the network.
        model: with its trained weights.
        network: predicts with Keras.
        images: to compare both on, uint8 ``[n, height, width]``.
        pixels: the range it was fed pixels in, ``unit`` or ``byte``.
        tta: the views that are averaged, as in the recipe field.

    Returns:
        The function that predicts from now on: of the copy, else ``network``.
    """
    from tenfold.export.network import to_onnx

    expected = network(images[:VERIFICATION_IMAGES])
    target = onnx_path(folder, seed)
    try:
        data = model_file.seal(to_onnx([model], images.shape[1:], pixels=pixels, tta=tta), {})
        session = Session(data, target, images.shape[1:], expected.shape[1])
    except InputError:
        return network
    if np.abs(session(images[:VERIFICATION_IMAGES]) - expected).max() > TOLERANCE:
        return network
    with atomic_write(target) as file:
        file.write(data)
    return session


def save_imported(
    folder: Path, seed: int, model: onnx.ModelProto, image_shape: ImageShape, classes: int
) -> PredictFunction:
    """Write an imported network, which has no other copy, and return it.

    Raises:
        InputError: it has content that a model file may not have, or ONNX Runtime refuses it.
    """
    target = onnx_path(folder, seed)
    target.parent.mkdir(parents=True, exist_ok=True)
    data = model_file.seal(model, {})
    with atomic_path(target) as path:
        path.write_bytes(data)
        Session(model_file.read(path)[0], target, image_shape, classes)
    return Session(data, target, image_shape, classes)


def read_graph(folder: Path, seed: int) -> onnx.ModelProto:
    """Return the ONNX network of a seed, from images to probabilities that are not calibrated.

    Raises:
        InputError: the file is missing or damaged.
    """
    import onnx

    return onnx.load_from_string(model_file.read(onnx_path(folder, seed))[0])


def operators(folder: Path, seed: int) -> list[tuple[str, str, int]]:
    """Return the operators of an imported network: output, kind and number of parameters."""
    graph = read_graph(folder, seed).graph
    sizes = {item.name: prod(item.dims) for item in graph.initializer}
    return [
        (node.output[0], node.op_type, sum(sizes.get(name, 0) for name in node.input))
        for node in graph.node
    ]


def summary(folder: Path, seed: int) -> str:
    """Return the operators of an imported network and their parameters, as text."""
    rows = operators(folder, seed)
    lines = [f"{kind:<24} {parameters:>12,}" for _, kind, parameters in rows]
    return "\n".join([*lines, f"Total params: {sum(row[2] for row in rows):,}"])


def load(folder: Path, seed: int, image_shape: ImageShape, classes: int) -> PredictFunction | None:
    """Load the ONNX copy of the network of a seed, or return None if there is none.

    Raises:
        InputError: the file is damaged.
    """
    source = onnx_path(folder, seed)
    if not source.exists():
        return None
    try:
        data, _ = model_file.read(source)
        return Session(data, source, image_shape, classes)
    except InputError as error:
        raise InputError(
            f"{source}: damaged; remove it, and seed-{seed}.keras is used instead"
        ) from error
