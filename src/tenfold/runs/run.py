"""A run: the folder that a training leaves, and how it is read."""

from __future__ import annotations

import html
import importlib
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from tenfold import figures
from tenfold.core.errors import InputError
from tenfold.data import Dataset, Splits
from tenfold.evaluation import Evaluation
from tenfold.runs.evaluated import EvaluatedNetworks
from tenfold.runs.layout import HISTORY, read_file

if TYPE_CHECKING:
    import keras
    from matplotlib.figure import Figure
    from pandas import DataFrame


class Run(EvaluatedNetworks):
    """One training: recipe, history, networks, predictions and ledger, in a folder.

    Args:
        path: the folder, as ``tenfold train`` printed it.
        data: the run's splits, if they were made in memory: a folder does not hold them.

    Raises:
        InputError: the folder is not a run, or is damaged.
    """

    def __init__(self, path: str | Path, data: Splits | None = None) -> None:
        super().__init__(Path(path), data)

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

    @cached_property
    def history(self) -> DataFrame:
        """Loss and accuracy on train and validation, one row an epoch and seed."""
        import pandas as pd

        return read_file(self.path / HISTORY, pd.read_csv)  # type: ignore[no-any-return]

    def headline(self) -> str:
        """Return the validation accuracy, or the status, in one line."""
        is_refit = self.record.protocol == "refit"
        unscored = f"{'refit' if is_refit else 'trained'}, without validation images"
        status = unscored if self.record.status == "finished" else self.record.status
        return str(self.record.scores.get("headline", status))

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
