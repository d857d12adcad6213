"""ONNX classifiers of others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.data import Dataset
from tenfold.evaluation import PredictFunction
from tenfold.export import foreign, model_file, session
from tenfold.export.graph import INPUT
from tenfold.export.operators import reason_of
from tenfold.networks import python_file
from tenfold.networks.recipes import Recipe
from tenfold.runs import onnx_networks
from tenfold.training.importing.files import ModelFile
from tenfold.training.importing.input_values import NAMED, Found, InputValues
from tenfold.training.importing.wiring import Wiring

if TYPE_CHECKING:
    import onnx

_BATCH = 5
_TOLERANCE = 1e-4


class OnnxNetwork:
    """An ONNX classifier of others.

    Attributes:
        shape: of one input, as Keras orders axes; None where the file leaves a size open.
        class_names: if the file has them.
        preferred: None, since software that writes ONNX has no usual values.
    """

    preferred = None

    def __init__(self, file: ModelFile) -> None:
        self._file = file
        self._model = foreign.read(file.path)
        self.shape, self.class_names = self._model.shape, self._model.class_names

    def decided(self, data: Dataset) -> Found | None:
        """The values that its first operations on pixels tell; None if they do not."""
        name = foreign.stated_range(self._model)
        return None if name is None else Found(NAMED[name], "its first operations scale them so")

    def outputs(
        self, images: npt.NDArray[np.uint8]
    ) -> Callable[[InputValues], npt.NDArray[np.float32]]:
        """Return a function that gives the outputs for images, fed in some values."""

        self._require_independence(NAMED["unit"], images)
        return lambda values: self._run(self._wrapped(values, images), images)

    def _wrapped(self, values: InputValues, images: npt.NDArray[np.uint8]) -> bytes:
        return model_file.seal(self._fed(values, images), {})

    def _fed(
        self, values: InputValues, images: npt.NDArray[np.uint8], *outputs: Any
    ) -> onnx.ModelProto:
        """The model that is fed values; ``outputs`` as for ``foreign.wrap``."""
        shape, whole = images.shape[1:], values.whole
        scale, offset = values.scale, values.low
        return foreign.wrap(self._model, shape, scale, offset, whole, *outputs)

    def _refused(self, reason: str) -> InputError:
        return InputError(f"{self._file.given}: {reason}")

    def write(
        self,
        folder: Path,
        recipe: Recipe,
        wiring: Wiring,
        images: npt.NDArray[np.uint8],
        classes: int,
    ) -> tuple[Recipe, PredictFunction]:
        """Write the model into the folder of a run; as ``KerasNetwork.write``."""
        shape = images.shape[1:]
        model = self._fed(wiring.values, images, wiring.outputs, wiring.order, classes)
        predict = onnx_networks.save_imported(folder, recipe.seed, model, shape, classes)
        return recipe.replace(network=python_file.ONNX, input_range="byte"), predict

    def _run(self, data: bytes, images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Raw outputs ``[n, units]``."""
        starts = range(0, len(images), session.BATCH)
        opened = session.load(data)
        parts = [opened.run(None, {INPUT: images[i : i + session.BATCH]})[0] for i in starts]
        return np.concatenate(parts).reshape(len(images), -1)

    def _require_independence(self, values: InputValues, images: npt.NDArray[np.uint8]) -> None:
        """Refuse a model that ONNX Runtime cannot run, or whose outputs depend on the batch."""
        model = self._wrapped(values, images)
        few = images[:_BATCH]
        try:
            alone = np.concatenate([self._run(model, few[i : i + 1]) for i in range(len(few))])
        except Exception as error:  # ONNX Runtime raises a dozen types
            raise self._refused(
                f"its graph cannot be run: {reason_of(error)}; check it where it was exported"
            ) from error
        try:
            same = np.allclose(alone, self._run(model, few), atol=_TOLERANCE, rtol=_TOLERANCE)
        except Exception:
            same = False
        if not same:
            raise self._refused(
                "its batch is fixed, or its outputs depend on the other images of a batch; export "
                "it for inference, with a free batch axis"
            )
