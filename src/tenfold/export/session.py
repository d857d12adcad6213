"""Inference with ONNX Runtime on the processor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError, one_line
from tenfold.core.image_shape import ImageShape
from tenfold.export.graph import INPUT, OUTPUT

BATCH = 250
"""Images per call of ONNX Runtime: intermediate results fit the processor's caches."""


class Session:
    """A model file loaded by ONNX Runtime.

    Args:
        data: its bytes, verified by ``tenfold.export.model_file``.
        path: for error messages.
        image_shape: ``(height, width)``, or ``(height, width, 3)`` of coloured images.
        classes: number of classes.
        threads: per call; None for all cores.

    Raises:
        InputError: ONNX Runtime cannot load it, or its inputs or outputs differ from its card.
    """

    def __init__(
        self,
        data: bytes,
        path: str | Path,
        image_shape: ImageShape,
        classes: int,
        threads: int | None = None,
    ) -> None:
        try:
            self._session = load(data, threads)
        except Exception as error:  # ONNX Runtime raises a dozen types without a common base
            raise InputError(
                f"{path}: ONNX Runtime cannot load it ({one_line(error, 200)}); "
                "export the run again"
            ) from None
        self._classes = classes
        ends = [*self._session.get_inputs(), *self._session.get_outputs()]
        expected = [
            (INPUT, "tensor(uint8)", list(image_shape)),
            (OUTPUT, "tensor(float)", [classes]),
        ]
        if [(end.name, end.type, list(end.shape[1:])) for end in ends] != expected:
            raise InputError(f"{path}: its graph does not match its card; export the run again")

    def __call__(self, images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Return probabilities, float32 ``[n, classes]``, of uint8 ``[n, *image_shape]``."""
        if len(images) <= BATCH:
            return self._run(images)
        probabilities = np.empty((len(images), self._classes), np.float32)
        for start in range(0, len(images), BATCH):
            probabilities[start : start + BATCH] = self._run(images[start : start + BATCH])
        return probabilities

    def _run(self, images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        (probabilities,) = self._session.run([OUTPUT], {INPUT: images})
        return probabilities  # type: ignore[no-any-return]


def load(data: bytes, threads: int | None = None) -> Any:
    """Return a session of ONNX Runtime; it raises a dozen types for what it cannot load."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or 0
    options.log_severity_level = 4  # errors are raised, not printed as well
    # Threads that spin while they wait slow down everything else on the machine.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Else the sum of two products of int8 saturates at 16 bits on x86 processors without VNNI.
    # https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html
    options.add_session_config_entry("session.x64quantprecision", "1")
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
