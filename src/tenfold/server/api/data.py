"""The images behind what is served: loaded once, and only when they are asked for."""

from __future__ import annotations

import threading

from tenfold.core.errors import InputError
from tenfold.data import Dataset, Splits, load
from tenfold.evaluation.nearest_neighbours import NearestNeighbours
from tenfold.export.predictor import Predictor
from tenfold.runs import Run
from tenfold.server.target import Subject


class Data:
    """The data that what is served was trained on.

    Args:
        subject: what is served.
        predictor: of it.
    """

    def __init__(self, subject: Subject, predictor: Predictor) -> None:
        self._subject, self._predictor = subject, predictor
        self._lock = threading.Lock()
        self._splits: Splits | None = None
        self._neighbours: NearestNeighbours | None = None

    def splits(self) -> Splits:
        """Train, validation and perhaps test.

        Raises:
            InputError: they are not to be had.
        """
        with self._lock:
            if self._splits is None:
                self._splits = self._load()
            return self._splits

    def split(self, name: str) -> Dataset:
        """One of them.

        Raises:
            InputError: it is not to be had.
        """
        found = self.splits().present().get(name)
        if found is None:
            raise InputError(f"there is no {name} split")
        return found

    def neighbours(self) -> NearestNeighbours:
        """The training images, ready to be asked which are alike.

        Raises:
            InputError: they are not to be had.
        """
        train = self.split("train")
        with self._lock:
            if self._neighbours is None:
                self._neighbours = NearestNeighbours(train)
            return self._neighbours

    def _load(self) -> Splits:
        if self._subject.run is not None:
            return Run(self._subject.run).data()
        found = load("mnist")
        checksum = self._predictor.card["data"]["checksums"].get("train")
        if self._subject.origin != "reader" and found.train.checksum != checksum:
            raise InputError("only its run knows what it was trained on")
        return found
