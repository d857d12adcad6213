"""ONNX Runtime with an artifact: how it is opened and asked, on the processor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.export.graph import INPUT, OUTPUT

CHUNK = 250
"""Images asked at once: what a chunk needs stays in the processor's caches, and memory small."""


class Session:
    """An artifact that is ready to answer.

    Args:
        data: its bytes.
        path: for errors.
        image_shape: height and width of the images.
        classes: how many.
        threads: that one call works with; None for all cores.

    Raises:
        InputError: ONNX Runtime cannot run it, or it takes or gives something else.
    """

    def __init__(
        self,
        data: bytes,
        path: str | Path,
        image_shape: tuple[int, int],
        classes: int,
        threads: int | None = None,
    ) -> None:
        try:
            self._session = _open(data, threads)
        except Exception as error:  # ONNX Runtime has a dozen kinds of its own
            reason = " ".join(str(error).split())[:200]
            raise InputError(
                f"{path}: ONNX Runtime cannot run it ({reason}); export the run again"
            ) from None
        self._classes = classes
        ends = [*self._session.get_inputs(), *self._session.get_outputs()]
        found = [(end.name, end.type, list(end.shape[1:])) for end in ends]
        expected = [
            (INPUT, "tensor(uint8)", list(image_shape)),
            (OUTPUT, "tensor(float)", [classes]),
        ]
        if found != expected:
            raise InputError(f"{path}: its graph does not fit its card; export the run again")

    def __call__(self, images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Probabilities ``[n, classes]`` of uint8 images ``[n, height, width]``."""
        if len(images) <= CHUNK:
            return self._ask(images)
        answers = np.empty((len(images), self._classes), np.float32)
        for start in range(0, len(images), CHUNK):
            answers[start : start + CHUNK] = self._ask(images[start : start + CHUNK])
        return answers

    def _ask(self, images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        (answers,) = self._session.run([OUTPUT], {INPUT: images})
        return answers  # type: ignore[no-any-return]


def _open(data: bytes, threads: int | None) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or 0
    options.log_severity_level = 4  # errors are raised, not printed as well
    # Threads that wait actively for work cost more than they gain beside anything else.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
