"""The networks of a run for ONNX Runtime, which starts and answers sooner than Keras."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.core.files import atomic_write
from tenfold.evaluation.evidence import Ask
from tenfold.export import model_file
from tenfold.export.session import Session

if TYPE_CHECKING:
    import keras

TOLERANCE = 1e-5
VERIFIED = 250
"""Images that must be answered as Keras answers them."""


def path(folder: Path, seed: int) -> Path:
    """Where the exported network of a seed is kept."""
    return folder / "models" / f"seed-{seed}.onnx"


def save(
    folder: Path, seed: int, model: keras.Model, network: Ask, images: npt.NDArray[np.uint8]
) -> Ask:
    """Export a network beside its Keras model; one that cannot be exported is left to Keras.

    Args:
        folder: of the run.
        seed: of the network.
        model: with its trained weights.
        network: what Keras answers with them.
        images: uint8 ``[n, height, width]``, that must be answered alike.

    Returns:
        what the run answers with from now on.
    """
    from tenfold.export.network import to_onnx

    height, width = images.shape[1:]
    expected = network(images[:VERIFIED])
    target = path(folder, seed)
    try:
        data = model_file.pack(to_onnx([model], (height, width)), {})
        session = Session(data, target, (height, width), expected.shape[1])
    except InputError:
        return network
    if np.abs(session(images[:VERIFIED]) - expected).max() > TOLERANCE:
        return network
    with atomic_write(target) as file:
        file.write(data)
    return session


def load(folder: Path, seed: int, image_shape: tuple[int, int], classes: int) -> Ask | None:
    """Open the exported network of a seed; None where there is none.

    Raises:
        InputError: the file is damaged.
    """
    source = path(folder, seed)
    if not source.exists():
        return None
    try:
        data, _ = model_file.read(source)
        return Session(data, source, image_shape, classes)
    except InputError as error:
        raise InputError(
            f"{source}: damaged; remove it, and seed-{seed}.keras answers instead"
        ) from error
