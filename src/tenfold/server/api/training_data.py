"""The data that the served model was trained on, loaded on first use."""

from __future__ import annotations

import threading

from tenfold.core.errors import InputError
from tenfold.data import Dataset, Splits, load
from tenfold.evaluation.nearest_neighbours import NearestNeighbours
from tenfold.export.predictor import Predictor
from tenfold.runs import Run
from tenfold.server.target import Target


class TrainingData:
    """Training data of a target; safe to use from several threads.

    Args:
        target: what is served.
        predictor: its model.
    """

    def __init__(self, target: Target, predictor: Predictor) -> None:
        self._target, self._predictor = target, predictor
        self._lock = threading.Lock()
        self._splits: Splits | None = None
        self._neighbours: NearestNeighbours | None = None

    def split(self, name: str) -> Dataset:
        """Return one split.

        Raises:
            InputError: the data is not available, or has no such split.
        """
        with self._lock:
            if self._splits is None:
                self._splits = self._load()
        split = self._splits.present().get(name)
        if split is None:
            raise InputError(f"there is no {name} split")
        return split

    def neighbours(self) -> NearestNeighbours:
        """Return the index for nearest training images.

        Raises:
            InputError: the data is not available.
        """
        train = self.split("train")
        with self._lock:
            if self._neighbours is None:
                self._neighbours = NearestNeighbours(train)
            return self._neighbours

    def _load(self) -> Splits:
        if self._target.run is not None:
            return Run(self._target.run).data()
        splits = load("mnist")
        checksum = self._predictor.card["data"]["checksums"].get("train")
        if self._target.origin != "reader" and splits.train.checksum != checksum:
            raise InputError("the training data of this model file is not known")
        return splits
