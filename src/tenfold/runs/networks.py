"""The trained networks of a run, as one classifier."""

from __future__ import annotations

from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.evaluation import PredictFunction
from tenfold.evaluation.calibration import Calibration
from tenfold.export.classifier import Classifier
from tenfold.networks import python_file
from tenfold.networks.recipes import Recipe
from tenfold.runs import onnx_networks, weights
from tenfold.runs.layout import NETWORK, read_file, resume_command, weights_path
from tenfold.runs.record import Record

if TYPE_CHECKING:
    import keras


class TrainedNetworks(Classifier):
    """The networks of a run, one a seed, which predict by ONNX Runtime or by Keras.

    Args:
        path: the folder of the run.

    Raises:
        InputError: the folder is not a run, or is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.record = record = Record.load(path)
        data = record.data
        super().__init__(
            data.class_names, data.image_shape, data.multi_label, data.pixels, data.border
        )

    @property
    def recipe(self) -> Recipe:
        """The recipe that was trained."""
        return self.record.recipe

    @property
    def seeds(self) -> list[int]:
        """The seed of each network."""
        return self.record.seeds

    @property
    def calibrations(self) -> tuple[Calibration, ...]:
        """Temperature and threshold of each network; empty without validation images."""
        return tuple(self.record.calibrations)

    @property
    def versions(self) -> dict[str, str]:
        """Versions of Python and of the packages that the run was trained with."""
        return self.record.versions

    @property
    def is_onnx(self) -> bool:
        """Whether the network was imported from an ONNX file, and there is none of Keras."""
        return self.recipe.network == python_file.ONNX

    def require_finished(self) -> None:
        """Refuse a run that is not finished.

        Raises:
            InputError: it is being trained, was stopped, or diverged.
        """
        if self.record.status == "diverged":
            raise InputError(
                f"{self.path}: its loss became NaN, so there is no trained network; train again "
                "with a lower learning rate"
            )
        if self.record.status != "finished":
            raise InputError(
                f"{self.path}: its training is not finished; continue with "
                f"{resume_command(self.path)}"
            )

    @cached_property
    def models(self) -> list[keras.Model]:
        """The trained networks, one a seed.

        Raises:
            InputError: the run was imported from an ONNX file.
        """
        self.require_finished()
        if self.is_onnx:
            raise InputError(
                f"{self.path}: was imported from an ONNX file and has no Keras network; evaluate, "
                "predict, report, compare, export and serve work without"
            )
        return [weights.load_model(self.path, seed) for seed in self.seeds]

    @property
    def model(self) -> keras.Model:
        """The trained network of the first seed, an ordinary ``keras.Model``."""
        return self.models[0]

    def _network(self, network: int) -> int:
        if not 0 <= network < len(self.seeds):
            raise InputError(f"network: {network}; the run has {len(self.seeds)}, counted from 0")
        return network

    def predict(
        self, images: npt.ArrayLike, network: int = 0, pixels: str | None = None
    ) -> npt.NDArray[np.float32]:
        """Return calibrated probabilities of images.

        Args:
            images: one image ``[height, width]``, many
                ``[n, height, width]``, with a last axis of 1 or of colours, or flattened
                ``[n, pixels]``.
            network: index of the network, from 0.
            pixels: the values of black and white, as for ``Predictor.predict``; None to
                recognize them.

        Returns:
            float32 ``[n, classes]``; one image is a batch of one.

        Raises:
            InputError: the images have another shape, or a range that is not certain; or there is
                no such network.
        """
        outputs = self._networks[self._network(network)](self._batch(images, pixels))
        return self.calibrated(outputs, network)

    def predict_all(
        self, images: npt.ArrayLike, pixels: str | None = None
    ) -> npt.NDArray[np.float32]:
        """Return the calibrated probabilities of every network.

        Args:
            images: as for ``predict``.
            pixels: as for ``predict``.

        Returns:
            float32 ``[networks, n, classes]``.
        """
        batch = self._batch(images, pixels)
        networks = range(len(self.seeds))
        return np.stack([self.predict(batch, network, "byte") for network in networks])

    def calibrated(self, outputs: npt.NDArray[np.float32], network: int) -> npt.NDArray[np.float32]:
        """Apply a network's temperature to its probabilities ``[n, classes]``."""
        return self.calibrations[network].apply(outputs) if self.calibrations else outputs

    def accepts(self, probabilities: npt.ArrayLike, network: int = 0) -> npt.NDArray[np.bool_]:
        """Return which images are confident enough to be accepted (selective prediction).

        The others are abstained from. Without a threshold, all are accepted.

        Args:
            probabilities: of ``predict``, ``[n, classes]``.
            network: index of the network, from 0.

        Returns:
            bool ``[n]``.
        """
        if not self.calibrations:
            return np.ones(np.shape(probabilities)[:-1], bool)
        return self.calibrations[self._network(network)].accepts(probabilities)

    def top(
        self, images: npt.ArrayLike, k: int = 3, network: int = 0
    ) -> list[list[tuple[str, float]]]:
        """Return the k most probable classes of each image, with their probabilities.

        Raises:
            InputError: as for ``predict``; or k is not between 1 and the number of classes.
        """
        return self.rank(self.predict(images, network), k)

    @cached_property
    def _networks(self) -> list[PredictFunction]:
        """The networks: with ONNX Runtime if all have an ONNX copy, else with Keras."""
        self.require_finished()
        classes = len(self.class_names)
        copies = [onnx_networks.load(self.path, s, self.image_shape, classes) for s in self.seeds]
        networks = [copy for copy in copies if copy is not None]
        return networks if len(networks) == len(copies) else self.keras_networks()

    def reference_networks(self) -> list[PredictFunction]:
        """Return the functions that an export must agree with, as for ``keras_networks``."""
        return self._networks if self.is_onnx else self.keras_networks()

    def keras_networks(self) -> list[PredictFunction]:
        """Return functions from images to probabilities that compute with Keras.

        Each takes uint8 ``[n, *image_shape]`` and returns float32 ``[n, classes]``, not
        calibrated.
        """
        from tenfold.engine.inference import Probabilities

        recipe = self.recipe
        probabilities = Probabilities(self.model, self.image_shape, recipe.input_range, recipe.tta)
        return [partial(probabilities, model) for model in self.models]

    def load_weights(self, model: keras.Model, network: int = 0) -> None:
        """Load the weights of one of the run's networks into a model of the same shapes.

        Raises:
            InputError: the shapes of a layer differ; the message names the layer and both shapes.
        """
        origin = self.models[self._network(network)]
        weights.load_weights(model, weights_path(self.path, self.seeds[network]), origin)

    def summary(self) -> str:
        """Return layers, shapes and parameter counts of the network."""
        if self.is_onnx:
            return onnx_networks.summary(self.path, self.seeds[0])
        from tenfold import networks

        model = read_file(self.path / NETWORK, lambda path: networks.from_json(path.read_text()))
        return networks.summary(model)
