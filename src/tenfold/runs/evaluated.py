"""The evaluations of a run's networks, and what is chosen by them."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.data import Dataset, ReadOptions, Splits
from tenfold.data.dataset import SPLITS
from tenfold.evaluation import Evaluation
from tenfold.evaluation.calibration import Calibration
from tenfold.runs import ledger, predictions
from tenfold.runs.evaluation_data import (
    Data,
    other_images,
    own_split,
    unknown_images,
    warn_of_orientation,
)
from tenfold.runs.networks import TrainedNetworks
from tenfold.runs.predictions import Examples
from tenfold.runs.training_data import (
    imported_without_data,
    load_training_data,
    require_held_out,
)


class EvaluatedNetworks(TrainedNetworks):
    """The networks of a run with its splits, stored predictions and ledger.

    Args:
        path: the folder of the run.
        data: its splits, if they were made in memory.
    """

    def __init__(self, path: Path, data: Splits | None) -> None:
        super().__init__(path)
        self._given = data

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
            return self._with_calibrations(self._evaluate_others(data, split, reading))
        split, dataset = own or (split, None)
        stored = predictions.load(self.path, split)
        evaluation = self._evaluate_own(split, dataset) if stored is None else stored[0]
        if split == "test":
            ledger.record_opening(self.path, by, len(evaluation.labels))
        return self._with_calibrations(evaluation)

    def _with_calibrations(self, evaluation: Evaluation) -> Evaluation:
        return replace(evaluation, calibrations=self.calibrations)

    def _evaluate_others(self, data: Data, split: str, reading: ReadOptions) -> Evaluation:
        warn_of_orientation(self.record, data, reading)
        images = other_images(
            data, split, self.class_names, self.image_shape, reading, self.multi_label
        )
        return self.evaluate_dataset(images, f"{images.name} (other data)")

    def _evaluate_own(self, split: str, dataset: Dataset | None) -> Evaluation:
        """Evaluate a split of the run's data, and store the predictions."""
        dataset = self.data().split(split) if dataset is None else dataset
        evaluation = self._with_calibrations(self.evaluate_dataset(dataset, split))
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
        return self._with_calibrations(evaluation), examples

    def calibrate(self, error_rate: float) -> list[Calibration]:
        """Choose and store a threshold so that at most ``error_rate`` of accepted images is wrong.

        Temperature and threshold are fitted on the validation images.

        Raises:
            InputError: the run was validated on the test set, has no validation images, or they
                support no threshold for this error rate.
        """
        self.require_one_class("calibrate")
        require_held_out(self.path, self.record)
        evaluation, _ = self.saved_evaluation("validation")
        fitted = [Calibration.fit(p, evaluation.labels, error_rate) for p in evaluation.outputs]
        self.record = self.record.replace(calibrations=fitted)
        self.record.save(self.path)
        return fitted

    def test_openings(self) -> list[dict[str, Any]]:
        """Return the ledger: each opening of the test set, with time and reason."""
        return ledger.openings(self.path)

    def out_of_distribution_images(self, source: str) -> npt.NDArray[np.uint8]:
        """Load images without a class of the run, to measure how well they are detected.

        Args:
            source: as for `tenfold.runs.evaluation_data.unknown_images`.

        Raises:
            InputError: there are no such images, or they have another shape than the run's.
        """
        return unknown_images(source, self.image_shape)
