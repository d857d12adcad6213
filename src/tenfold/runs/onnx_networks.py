"""ONNX copies of a run's networks, since ONNX Runtime starts and predicts faster than Keras."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.core.files import atomic_write
from tenfold.core.image_shape import ImageShape
from tenfold.evaluation import PredictFunction
from tenfold.export import model_file
from tenfold.export.session import Session
from tenfold.runs.layout import onnx_path

if TYPE_CHECKING:
    import keras

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
