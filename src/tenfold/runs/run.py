"""A run: the folder that a training leaves, and how it is read."""

from __future__ import annotations

import html
import importlib
import shlex
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tenfold import figures
from tenfold.core.errors import InputError
from tenfold.core.image_shape import ImageShape
from tenfold.data import Dataset, ReadOptions, Splits
from tenfold.data.convert import as_batch
from tenfold.data.dataset import SPLITS
from tenfold.data.multi_label import needs_one_class
from tenfold.data.polarity import count_inverted
from tenfold.data.value_range import ValueRange, parse
from tenfold.evaluation import Evaluation, PredictFunction
from tenfold.evaluation.calibration import Calibration
from tenfold.metrics import rank_classes
from tenfold.networks import python_file
from tenfold.networks.recipes import Recipe
from tenfold.runs import ledger, onnx_networks, predictions, weights
from tenfold.runs.evaluation_data import (
    Data,
    other_images,
    own_split,
    unknown_images,
    warn_of_orientation,
)
from tenfold.runs.layout import HISTORY, NETWORK, read_file, resume_command, weights_path
from tenfold.runs.predictions import Examples
from tenfold.runs.record import Record
from tenfold.runs.training_data import imported_without_data, load_training_data

if TYPE_CHECKING:
    import keras
    from matplotlib.figure import Figure
    from pandas import DataFrame


class Run:
    """One training: recipe, history, networks, predictions and ledger, in a folder.

    Args:
        path: the folder, as ``tenfold train`` printed it.
        data: the run's splits, if they were made in memory: a folder does not hold them.

    Raises:
        InputError: the folder is not a run, or is damaged.
    """

    def __init__(self, path: str | Path, data: Splits | None = None) -> None:
        self.path = Path(path)
        self._given = data
        self.record = Record.load(self.path)

    @classmethod
    def from_model(
        cls,
        model: keras.Model,
        data: str | Splits | Sequence[Any],
        *,
        out: str | Path | None = None,
        history: Any = None,
        **changes: Any,
    ) -> Run:
        """Make a run of a network that is trained already, by ``tenfold.fit`` or elsewhere.

        It can be evaluated, calibrated, reported, exported and served like any other.

        Args:
            model: trained, of Keras's own layers, with one output per class.
            data: splits, whose validation and test images the model was not trained on; or the
                name of a dataset or ``((x_train, y_train), (x_test, y_test))``, which then have
                no validation images, and nothing is calibrated.
            out: the folder to make; by default ``runs/<date>-<name of the model>``.
            history: of the training, as ``fit`` returns it, for the learning curves; by default
                what Keras keeps in ``model.history``.
            **changes: fields of the recipe to record, such as ``batch_size=64``.

        Raises:
            InputError: the model is not built, does not fit the data or cannot be saved, or the
                folder is in use.
        """
        adopt: Callable[..., Run] = _later("tenfold.training.adoption", "adopt")
        return adopt(model, data, out=out, history=history, **changes)

    @property
    def recipe(self) -> Recipe:
        """The recipe that was trained."""
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
    def multi_label(self) -> bool:
        """Whether an image may have several labels or none, each with its own probability."""
        return self.record.data.multi_label

    def require_one_class(self, what: str) -> None:
        """Refuse a network for several labels an image.

        Raises:
            InputError: `multi_label` is true.
        """
        if self.multi_label:
            raise needs_one_class(what)

    @property
    def image_shape(self) -> ImageShape:
        """Height and width of the images in pixels, and 3 channels if they are coloured."""
        return tuple(self.record.data.image_shape)

    @property
    def pixels(self) -> ValueRange:
        """The values of black and white in the training images as they were given."""
        return parse(self.record.data.pixels)

    @cached_property
    def history(self) -> DataFrame:
        """Loss and accuracy on train and validation, one row an epoch and seed."""
        import pandas as pd

        return read_file(self.path / HISTORY, pd.read_csv)  # type: ignore[no-any-return]

    @property
    def is_onnx(self) -> bool:
        """Whether the network was imported from an ONNX file, and there is none of Keras."""
        return self.recipe.network == python_file.ONNX

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

    @property
    def calibrations(self) -> tuple[Calibration, ...]:
        """Temperature and threshold of each network; empty without validation images."""
        return tuple(self.record.calibrations)

    @property
    def versions(self) -> dict[str, str]:
        """Versions of Python and of the packages that the run was trained with."""
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

    def calibrated(self, outputs: npt.NDArray[np.float32], network: int) -> npt.NDArray[np.float32]:
        """Apply a network's temperature to its probabilities ``[n, classes]``."""
        return self.calibrations[network].apply(outputs) if self.calibrations else outputs

    def _batch(self, images: npt.ArrayLike, pixels: str | None) -> npt.NDArray[np.uint8]:
        return as_batch(images, self.image_shape, pixels, self.pixels)

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

    def rank(self, probabilities: npt.ArrayLike, k: int) -> list[list[tuple[str, float]]]:
        """Return the names of the k most probable classes, with their probabilities.

        Args:
            probabilities: of ``predict``, ``[n, classes]``.
            k: number of classes.

        Raises:
            InputError: k is not between 1 and the number of classes.
        """
        return rank_classes(probabilities, self.class_names, k)

    def count_inverted(self, images: npt.ArrayLike, pixels: str | None = None) -> int:
        """Count images whose border is light while that of the training images is dark.

        Or dark while theirs is light. The networks were not trained on such images, for instance
        dark ink on paper: invert them first (``255 - images``).
        """
        return count_inverted(self._batch(images, pixels), self.record.data.border)

    def data(self, given: Splits | None = None) -> Splits:
        """Load the splits that the run was trained and validated on, and verify them.

        Args:
            given: the data if they were made in memory; of a fine-tuned run the user's images.

        Raises:
            InputError: the data are missing, were made in memory and are not given, or differ in
                any pixel or label from those the run was trained on.
        """
        return load_training_data(self.path, self.record, given or self._given)

    def evaluate(
        self, split: str = "test", data: Data | None = None, by: str = "evaluate", **options: Any
    ) -> Evaluation:
        """Evaluate every network of the run on a split, or on other data.

        The test split is sealed: the run's ledger records each opening. The predictions on
        validation and test are stored in the run folder, so that they are computed once.

        Args:
            split: ``train``, ``validation`` or ``test``.
            data: others than the run's, or the run's own at another place: splits, a Dataset,
                arrays ``(x, y)``, a name or a path. Their classes are matched by name. Data with
                one split only need no test split: all their images are evaluated.
            by: the reason for opening the test set, for the ledger.
            **options: how to read files or arrays of ``data``, as for ``tenfold.load``.

        Raises:
            InputError: the split is unknown or missing, or the data do not fit the run.
        """
        reading = ReadOptions.of(options)
        if options and data is None:
            raise InputError(f"{', '.join(options)}: only with other data; give --data (data=)")
        if split not in SPLITS:
            raise InputError(f"split: {split!r}; give one of {', '.join(SPLITS)}")
        self.require_finished()
        own = None if data is None else own_split(self.path, self.record, data, split, reading)
        if data is not None and own is None:
            warn_of_orientation(self.record, data, reading)
            images = other_images(
                data, split, self.class_names, self.image_shape, reading, self.multi_label
            )
            evaluation = self.evaluate_dataset(images, f"{images.name} (other data)")
            return replace(evaluation, calibrations=self.calibrations)
        split, dataset = own or (split, None)
        stored = predictions.load(self.path, split)
        evaluation = self._evaluate(split, dataset) if stored is None else stored[0]
        if split == "test":
            ledger.record_opening(self.path, by, len(evaluation.labels))
        return replace(evaluation, calibrations=self.calibrations)

    def _evaluate(self, split: str, dataset: Dataset | None) -> Evaluation:
        dataset = self.data().split(split) if dataset is None else dataset
        evaluation = self.evaluate_dataset(dataset, split)
        evaluation = replace(evaluation, calibrations=self.calibrations)
        if split in predictions.STORED_SPLITS:
            examples = predictions.choose_examples(self._networks[0], dataset, evaluation)
            predictions.save(self.path, evaluation, examples)
        return evaluation

    def evaluate_dataset(self, dataset: Dataset, split: str) -> Evaluation:
        """Evaluate every network on any dataset, without calibration; nothing is stored."""
        return predictions.evaluate_dataset(self._networks, dataset, split)

    def saved_evaluation(self, split: str | None = None) -> tuple[Evaluation, Examples]:
        """Return the evaluation of stored predictions, with example images.

        The test set is not opened.

        Args:
            split: ``validation`` or ``test``; None for test if it was opened, else validation.

        Raises:
            InputError: no predictions are stored.
        """
        self.require_finished()
        names = ("test", "validation") if split is None else (split,)
        stored = next(filter(None, (predictions.load(self.path, name) for name in names)), None)
        if stored is None and not self.record.data.checksums:
            raise imported_without_data(self.path)
        if stored is None:
            command = f"tenfold evaluate {shlex.quote(str(self.path))}"
            if not set(names) & set(self.record.data.sizes):
                command += " --split train, or give more images or --data"
            raise InputError(
                f"{self.path}: no stored predictions on {' or '.join(names)}; type {command}"
            )
        evaluation, examples = stored
        return replace(evaluation, calibrations=self.calibrations), examples

    def report(self, out: str | Path | None = None) -> Path:
        """Write the report, one HTML file, as ``tenfold report``; return its path.

        Args:
            out: the file; by default ``report.html`` in the folder of the run.
        """
        return _later("tenfold.report", "write")(self, out)  # type: ignore[no-any-return]

    def explain(self, image: npt.ArrayLike, network: int = 0, pixels: str | None = None) -> Any:
        """Explain what each layer makes of one image, as ``tenfold explain``.

        Args:
            image: one, as for ``predict``.
            network: index of the network, from 0.
            pixels: as for ``predict``.

        Returns:
            See ``tenfold.report.Explanation``; a notebook shows it, ``save`` writes a page.
        """
        return _later("tenfold.report", "explain")(self, image, network, pixels)

    def export(self, out: str | Path, network: int | None = None, int8: bool = False) -> Any:
        """Write the networks as one verified ONNX file, as ``tenfold export``.

        Args:
            out: the file.
            network: index of one network, from 0; None for the mean of all.
            int8: quantize, and measure the change of accuracy.

        Returns:
            The file and its verification, see ``tenfold.runs.export.Exported``.
        """
        return _later("tenfold.runs.export", "export")(self, out, network, int8)

    def log_to_mlflow(self, network: int | None = None) -> str:
        """Log the run to MLflow: recipe, metrics of each epoch, files, and the exported model.

        It goes to the active run of MLflow, else to a new one with the name of the folder. The
        model has the flavour ``onnx``. Needs ``pip install 'tenfold[mlflow]'``.

        Args:
            network: index of the network to export, from 0; None for the mean of all.

        Returns:
            The id of the run of MLflow.

        Raises:
            InputError: MLflow is not installed or refuses, or the run cannot be exported.
        """
        return _later("tenfold.runs.mlflow_logging", "log_run")(self, network)  # type: ignore[no-any-return]

    def calibrate(self, error_rate: float) -> list[Calibration]:
        """Choose and store a threshold so that at most ``error_rate`` of accepted images is wrong.

        Temperature and threshold are fitted on the validation images.

        Raises:
            InputError: the run was validated on the test set, has no validation images, or they
                support no threshold for this error rate.
        """
        self.require_one_class("calibrate")
        if self.record.protocol == "refit":
            raise InputError(
                f"{self.path}: a refit has no validation images to choose on; its calibration is "
                f"by {self.record.calibrated_by}"
            )
        if self.record.protocol != "held-out":
            raise InputError(
                f"{self.path}: it was validated on the test set, on which nothing is chosen; "
                "train with the held-out protocol"
            )
        if "validation" not in self.record.data.sizes:
            raise InputError(f"{self.path}: has no validation images, on which it is calibrated")
        evaluation, _ = self.saved_evaluation("validation")
        fitted = [Calibration.fit(p, evaluation.labels, error_rate) for p in evaluation.outputs]
        self.record = self.record.replace(calibrations=fitted)
        self.record.save(self.path)
        return fitted

    def test_openings(self) -> list[dict[str, Any]]:
        """Return the ledger: each opening of the test set, with time and reason."""
        return ledger.openings(self.path)

    def load_weights(self, model: keras.Model, network: int = 0) -> None:
        """Load the weights of one of the run's networks into a model of the same shapes.

        Raises:
            InputError: the shapes of a layer differ; the message names the layer and both shapes.
        """
        origin = self.models[self._network(network)]
        weights.load_weights(model, weights_path(self.path, self.seeds[network]), origin)

    def plot(self) -> Figure:
        """Plot the learning curves on train and validation."""
        return figures.learning_curves(self.history, title=self.record.title)

    def plot_predictions(
        self,
        images: Dataset | npt.ArrayLike,
        labels: npt.ArrayLike | None = None,
        network: int = 0,
        columns: int = 5,
    ) -> Figure:
        """Plot images with their predicted classes; errors are marked if labels are known.

        Args:
            images: a Dataset, or as for ``predict``.
            labels: the correct classes, int ``[n]``; not for a Dataset.
            network: index of the network, from 0.
            columns: images a row.

        Raises:
            InputError: as for ``predict``; or the number of labels differs.
        """
        self.require_one_class("plot_predictions")
        if isinstance(images, Dataset):
            pixels, labels = self._batch(images.images, "byte"), images.labels
        else:
            pixels = self._batch(images, None)
        probabilities = self.predict(pixels, network, "byte")
        return figures.predictions(pixels, probabilities, labels, self.class_names, columns)

    def plot_mistakes(
        self,
        evaluation: Evaluation,
        count: int,
        network: int = 0,
        data: Dataset | None = None,
    ) -> Figure:
        """Plot the most confident errors, with predicted and correct classes.

        Args:
            evaluation: of the run, on data that can be loaded again.
            count: maximum number of images.
            network: index of the network, from 0.
            data: the images of an evaluation on other data.

        Raises:
            InputError: there are no errors, or the data are not available.
        """
        indices = evaluation.mistakes(network)[:count]
        split = evaluation.split
        if not len(indices):
            raise InputError(f"{self.path}: no mistakes on {split}, so nothing to draw")
        source = self.data().present()[split] if data is None else data
        images = source.images[indices]
        probabilities = evaluation.probabilities[network][indices]
        labels, names = evaluation.labels[indices], evaluation.class_names
        return figures.predictions(images, probabilities, labels, names)

    def out_of_distribution_images(self, source: str) -> npt.NDArray[np.uint8]:
        """Load images without a class of the run, to measure how well they are detected.

        Args:
            source: as for `tenfold.runs.evaluation_data.unknown_images`.

        Raises:
            InputError: there are no such images, or they have another shape than the run's.
        """
        return unknown_images(source, self.image_shape)

    def summary(self) -> str:
        """Return layers, shapes and parameter counts of the network."""
        if self.is_onnx:
            return onnx_networks.summary(self.path, self.seeds[0])
        from tenfold import networks

        model = read_file(self.path / NETWORK, lambda path: networks.from_json(path.read_text()))
        return networks.summary(model)

    def headline(self) -> str:
        """Return the validation accuracy, or the status, in one line."""
        is_refit = self.record.protocol == "refit"
        unscored = f"{'refit' if is_refit else 'trained'}, without validation images"
        status = unscored if self.record.status == "finished" else self.record.status
        return str(self.record.scores.get("headline", status))

    def __repr__(self) -> str:
        return f"<Run {self.path}: {self.record.title}: {self.headline()}>"

    def _repr_html_(self) -> str:
        line = f"<p>{html.escape(self.record.title)}: {html.escape(self.headline())}</p>"
        if self.record.status == "training":
            return line
        return line + figures.to_html(self.plot())


def _later(module: str, name: str) -> Any:
    """A function of a module that builds on this one, and so cannot be imported by it."""
    return getattr(importlib.import_module(module), name)
