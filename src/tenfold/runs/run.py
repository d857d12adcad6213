"""A run: one training, as a folder, and how it is read back."""

from __future__ import annotations

import html
import shlex
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tenfold import figures
from tenfold.core.errors import InputError
from tenfold.data import Dataset, Splits, load
from tenfold.data.convert import as_batch
from tenfold.data.dataset import SPLITS
from tenfold.data.polarity import count_inverted
from tenfold.evaluation import Evaluation, PredictFunction
from tenfold.evaluation.calibration import Calibration
from tenfold.metrics import rank_classes
from tenfold.networks.recipes import Recipe
from tenfold.runs import ledger, onnx_networks, predictions, weights
from tenfold.runs.predictions import Examples
from tenfold.runs.record import Record
from tenfold.runs.training_data import load_training_data

if TYPE_CHECKING:
    import keras
    from matplotlib.figure import Figure
    from pandas import DataFrame

HISTORY = "history.csv"
NETWORK = "network.json"


class Run:
    """What a training left behind in its folder.

    Args:
        path: the folder, as ``tenfold train`` printed it.

    Raises:
        InputError: the folder is not that of a run, or was damaged.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.record = Record.load(self.path)

    @property
    def recipe(self) -> Recipe:
        """What was trained."""
        return self.record.recipe

    @property
    def seeds(self) -> list[int]:
        """The seed of each network."""
        return self.record.seeds

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes, in the order of the outputs."""
        return tuple(self.record.data.class_names)

    @property
    def image_shape(self) -> tuple[int, int]:
        """Height and width of the images the networks take."""
        height, width = self.record.data.image_shape
        return height, width

    @cached_property
    def history(self) -> DataFrame:
        """One row an epoch and seed: loss and accuracy on train and validation."""
        import pandas as pd

        return weights.read(self.path / HISTORY, pd.read_csv)  # type: ignore[no-any-return]

    @cached_property
    def models(self) -> list[keras.Model]:
        """The trained networks, one a seed."""
        self.require_finished()
        return [weights.load_model(self.path, seed) for seed in self.seeds]

    @property
    def model(self) -> keras.Model:
        """The trained network of the first seed, an ordinary ``keras.Model``."""
        return self.models[0]

    @property
    def calibrations(self) -> tuple[Calibration, ...]:
        """Temperature and threshold of each network, fitted on validation images; or none."""
        return tuple(self.record.calibrations)

    @property
    def versions(self) -> dict[str, str]:
        """Of Python and the packages that the run was trained with."""
        return self.record.versions

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

    def _network(self, network: int) -> int:
        if not 0 <= network < len(self.seeds):
            raise InputError(f"network: {network}; the run has {len(self.seeds)}, counted from 0")
        return network

    def predict(self, images: npt.ArrayLike, network: int = 0) -> npt.NDArray[np.float32]:
        """Probabilities of images, at the temperature that validation images call for.

        Args:
            images: uint8, or floats in [0, 1]: one image ``[height, width]``, many
                ``[n, height, width]``, with a last axis of 1 or of colours, or flat
                ``[n, pixels]``.
            network: which of the run's networks, counted from 0.

        Returns:
            float32 ``[n, classes]``; one image is a batch of one.

        Raises:
            InputError: the images have another shape or range, or there is no such network.
        """
        ask = self._networks[self._network(network)]
        return self.calibrated(ask(as_batch(images, self.image_shape)), network)

    def calibrated(self, outputs: npt.NDArray[np.float32], network: int) -> npt.NDArray[np.float32]:
        """What a network puts out ``[n, classes]``, at its temperature."""
        return self.calibrations[network].apply(outputs) if self.calibrations else outputs

    def predict_all(self, images: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Probabilities from every network: float32 ``[networks, n, classes]``; see ``predict``."""
        return np.stack([self.predict(images, network) for network in range(len(self.seeds))])

    @cached_property
    def _networks(self) -> list[PredictFunction]:
        """The networks as they answer: through ONNX Runtime where exported, else through Keras."""
        self.require_finished()
        classes = len(self.class_names)
        found = [
            onnx_networks.load(self.path, seed, self.image_shape, classes) for seed in self.seeds
        ]
        networks = [network for network in found if network is not None]
        return networks if len(networks) == len(found) else self.keras_networks()

    def keras_networks(self) -> list[PredictFunction]:
        """The networks as Keras answers: uint8 ``[n, height, width]`` to ``[n, classes]``."""
        from tenfold.engine.inference import Probabilities

        answers = Probabilities(self.model, self.image_shape)
        return [partial(answers, model) for model in self.models]

    def accepts(self, probabilities: npt.ArrayLike, network: int = 0) -> npt.NDArray[np.bool_]:
        """Which images, by what ``predict`` answered, are sure enough: bool ``[n]``.

        Where it is False the honest answer is "I don't know". Without a threshold, all are True.
        """
        if not self.calibrations:
            return np.ones(np.shape(probabilities)[:-1], bool)
        return self.calibrations[self._network(network)].accepts(probabilities)

    def top(
        self, images: npt.ArrayLike, k: int = 3, network: int = 0
    ) -> list[list[tuple[str, float]]]:
        """The k most probable classes of each image, with their probabilities.

        Raises:
            InputError: as ``predict``; k is not between 1 and the number of classes.
        """
        return self.rank(self.predict(images, network), k)

    def rank(self, probabilities: npt.ArrayLike, k: int) -> list[list[tuple[str, float]]]:
        """The k most probable classes of what ``predict`` answered, by name.

        Raises:
            InputError: k is not between 1 and the number of classes.
        """
        return rank_classes(probabilities, self.class_names, k)

    def count_inverted(self, images: npt.ArrayLike) -> int:
        """How many images have a light border where the training images have a dark one.

        Or a dark one where those have a light one. Such images, dark ink on paper for instance,
        are nothing the networks have seen: invert them first (``255 - images``).
        """
        return count_inverted(as_batch(images, self.image_shape), self.record.data.border)

    def data(self, given: Splits | None = None) -> Splits:
        """Load the splits that the run was trained and validated on, and verify them.

        Args:
            given: the data if they were made in memory; of a fine-tuned run the user's images.

        Raises:
            InputError: the data are missing, were made in memory and are not given, or differ in
                any pixel or label from those the run was trained on.
        """
        return load_training_data(self.path, self.record, given)

    def evaluate(
        self, split: str = "test", data: Splits | None = None, by: str = "evaluate"
    ) -> Evaluation:
        """Score every network of the run on a split.

        The test split is sealed: each opening is written into the run's ledger. The answers on
        validation and test are kept in the run folder, so that they are computed once.

        Args:
            split: ``train``, ``validation`` or ``test``.
            data: the run's data where they were made in memory; loaded again otherwise.
            by: what opens the test set, for the ledger.

        Raises:
            InputError: the split is unknown or missing, or the data are not the run's.
        """
        if split not in SPLITS:
            raise InputError(f"split: {split!r}; give one of {', '.join(SPLITS)}")
        self.require_finished()
        splits = None if data is None else self.data(data)
        kept = predictions.load(self.path, split)
        found = self._first_ask(split, splits) if kept is None else kept[0]
        if split == "test":
            ledger.record_opening(self.path, by, len(found.labels))
        return replace(found, calibrations=self.calibrations)

    def evaluate_dataset(self, dataset: Dataset, split: str) -> Evaluation:
        """What every network of the run puts out for a dataset, as it is; nothing is kept."""
        return predictions.evaluate_dataset(self._networks, dataset, split)

    def _first_ask(self, split: str, splits: Splits | None) -> Evaluation:
        splits = self.data() if splits is None else splits
        dataset = splits.present().get(split)
        if dataset is None:
            raise InputError(f"split: no {split}; there are {', '.join(splits.present())}")
        found = replace(self.evaluate_dataset(dataset, split), calibrations=self.calibrations)
        if split in predictions.KEPT:
            examples = predictions.choose_examples(self._networks[0], dataset, found)
            predictions.save(self.path, found, examples)
        return found

    def saved_evaluation(self, split: str | None = None) -> tuple[Evaluation, Examples]:
        """Answers that the run has kept, with examples: of the test set once it was opened.

        Nothing is opened by it.

        Args:
            split: ``validation`` or ``test``; None for test where it was opened, else validation.

        Raises:
            InputError: there are none kept.
        """
        self.require_finished()
        order = ("test", "validation") if split is None else (split,)
        kept = next(filter(None, (predictions.load(self.path, name) for name in order)), None)
        if kept is None:
            raise InputError(
                f"{self.path}: no answers kept of {' or '.join(order)}; type tenfold evaluate "
                f"{shlex.quote(str(self.path))}"
            )
        found, examples = kept
        return replace(found, calibrations=self.calibrations), examples

    def calibrate(self, error_rate: float) -> list[Calibration]:
        """Choose the threshold anew, so that at most this share of accepted images is wrong.

        Temperature and threshold are fitted on the validation images, and kept in the run.

        Raises:
            InputError: the run has no validation images of its own, or they support no threshold
                for this error rate.
        """
        if self.record.protocol != "held-out":
            raise InputError(
                f"{self.path}: it was validated on the test set, on which nothing is chosen; "
                "train with the held-out protocol"
            )
        found, _ = self.saved_evaluation("validation")
        fitted = [Calibration.fit(p, found.labels, error_rate) for p in found.outputs]
        self.record = self.record.replace(calibrations=fitted)
        self.record.save(self.path)
        return fitted

    def test_openings(self) -> list[dict[str, Any]]:
        """The ledger: each opening of the test set, with time and reason."""
        return ledger.openings(self.path)

    def load_weights(self, model: keras.Model, network: int = 0) -> None:
        """Give another model of the same shape the weights of one of the run's networks.

        Raises:
            InputError: the shapes differ; the first layer that does is named, with both.
        """
        origin = self.models[self._network(network)]
        path = weights.weights_path(self.path, self.seeds[network])
        weights.load_weights(model, path, origin)

    def plot(self) -> Figure:
        """The learning curves, train against validation."""
        return figures.learning_curves(self.history, title=self.record.title)

    def plot_predictions(
        self,
        images: Dataset | npt.ArrayLike,
        labels: npt.ArrayLike | None = None,
        network: int = 0,
        columns: int = 5,
    ) -> Figure:
        """Images with what is predicted for them; wrong ones are marked where labels are known.

        Args:
            images: a Dataset, or what ``predict`` takes.
            labels: the right classes, int ``[n]``; a Dataset has its own.
            network: which of the run's networks, counted from 0.
            columns: images a row.

        Raises:
            InputError: as ``predict``; labels of another length.
        """
        if isinstance(images, Dataset):
            pixels, labels = as_batch(images.images, self.image_shape), images.labels
        else:
            pixels = as_batch(images, self.image_shape)
        answers = self.predict(pixels, network)
        return figures.predictions(pixels, answers, labels, self.class_names, columns)

    def plot_mistakes(self, found: Evaluation, count: int, network: int = 0) -> Figure:
        """The most confident mistakes, with what was predicted and what is right.

        Args:
            found: an evaluation of the run on data that can be loaded again.
            count: how many at most.
            network: which of the run's networks, counted from 0.

        Raises:
            InputError: there are no mistakes, or the data are not to be had.
        """
        places = found.mistakes(network)[:count]
        if not len(places):
            raise InputError(f"{self.path}: no mistakes on {found.split}, so nothing to draw")
        images = self.data().present()[found.split].images[places]
        answers = found.probabilities[network][places]
        return figures.predictions(images, answers, found.labels[places], found.class_names)

    def out_of_distribution_images(self, source: str) -> npt.NDArray[np.uint8]:
        """The test images of other data, to see whether the networks notice them.

        Raises:
            InputError: there are none, or they have another shape than the run's.
        """
        other = load(source).test
        if other is None or other.shape[1:] != self.image_shape:
            raise InputError(f"{source}: its images are not {self.image_shape}; give other data")
        return other.images

    def summary(self) -> str:
        """Layers, shapes and parameter counts of the network."""
        from tenfold import networks

        model = weights.read(self.path / NETWORK, lambda path: networks.from_json(path.read_text()))
        return networks.summary(model)

    def headline(self) -> str:
        """The validation accuracy, in a line."""
        plain = "trained, without validation images"
        other = plain if self.record.status == "finished" else self.record.status
        return str(self.record.scores.get("headline", other))

    def __repr__(self) -> str:
        return f"<Run {self.path}: {self.record.title}: {self.headline()}>"

    def _repr_html_(self) -> str:
        line = f"<p>{html.escape(self.record.title)}: {html.escape(self.headline())}</p>"
        if self.record.status == "training":
            return line
        return line + figures.to_html(self.plot())


def resume_command(folder: Path) -> str:
    """What to type to go on with a training."""
    return f"tenfold train --resume {shlex.quote(str(folder))}"
