"""The predictions of one or several networks for the labelled images of a split."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

from tenfold import figures, metrics
from tenfold.core.errors import InputError
from tenfold.data.multi_label import OneClassOrSeveral
from tenfold.evaluation.calibration import Calibration

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Predictions(OneClassOrSeveral):
    """Probabilities of networks with the labels: right and wrong ones, and their order.

    The attributes are described in ``Evaluation``.
    """

    split: str
    class_names: tuple[str, ...]
    labels: Integers
    outputs: Floats
    calibrations: tuple[Calibration, ...] = field(default=(), repr=False)
    checksum: str = ""

    def __post_init__(self) -> None:
        expected = (len(self.labels), len(self.class_names))
        if self.outputs.ndim != 3 or self.outputs.shape[1:] != expected:
            raise InputError(
                f"probabilities have shape {self.outputs.shape}, {len(self.labels)} images "
                f"of {len(self.class_names)} classes need (networks, {expected[0]}, {expected[1]})"
            )
        if not np.isfinite(self.outputs).all():
            bad = int((~np.isfinite(self.outputs)).any(axis=-1).sum())
            raise InputError(f"probabilities: {bad} rows are not finite; train again")
        if self.calibrations and len(self.calibrations) != len(self.outputs):
            raise InputError(
                f"calibrations: {len(self.calibrations)} for {len(self.outputs)} networks; "
                "give one per network"
            )

    @property
    def multi_label(self) -> bool:
        """Whether an image may have several labels, or none."""
        return self.labels.ndim == 2

    @cached_property
    def probabilities(self) -> Floats:
        """Probabilities, calibrated if there are calibrations: float32 [networks, n, classes]."""
        if not self.calibrations:
            return self.outputs
        pairs = zip(self.calibrations, self.outputs, strict=True)
        return np.stack([calibration.apply(p) for calibration, p in pairs])

    def uncalibrated(self) -> Self:
        """The same networks without temperature and threshold."""
        return replace(self, calibrations=())

    def relabelled(self, labels: Integers, included: npt.NDArray[np.bool_]) -> Self:
        """The same probabilities evaluated on other labels.

        Args:
            labels: int ``[n]``.
            included: the images to evaluate, bool ``[n]``.
        """
        return replace(
            self, labels=labels[included], outputs=self.outputs[:, included], checksum=""
        )

    def predicted(self, network: int = 0) -> Integers:
        """The most probable class of each image, int ``[n]``."""
        self.require_one_class("the most probable class")
        classes: Integers = self._of(network).argmax(axis=-1)
        return classes

    def mistakes(self, network: int = 0) -> Integers:
        """Indices of the wrongly predicted images in the split, the most confident first.

        Example:
            >>> outputs = np.array([[[0.6, 0.4], [0.9, 0.1], [0.2, 0.8]]])
            >>> Predictions("test", ("0", "1"), np.array([1, 1, 1]), outputs).mistakes()
            array([1, 0])
        """
        self.require_one_class("mistakes")
        return self._by_confidence(network, self.predicted(network) != self.labels)

    def most_wrong(self, network: int = 0) -> Integers:
        """Indices of the images with a wrong label of several, the most confident first.

        Example:
            >>> labels = np.array([[0, 0], [1, 0], [1, 1]])
            >>> outputs = np.array([[[0.6, 0.4], [0.9, 0.1], [0.2, 0.8]]])
            >>> Predictions("test", ("a", "b"), labels, outputs).most_wrong()
            array([2, 0])
        """
        distance = np.abs(self._of(network) - self.labels).max(axis=1)
        exact = metrics.predicted_labels(self._of(network)) == self.labels.astype(bool)
        wrong = np.flatnonzero(~exact.all(axis=1))
        return wrong[np.argsort(-distance[wrong], kind="stable")]

    def least_confident_correct(self, network: int = 0) -> Integers:
        """Indices of the correctly predicted images in the split, the least confident first."""
        return self._by_confidence(network, self.predicted(network) == self.labels)[::-1]

    def confusion_matrix(self, network: int = 0) -> Integers:
        """Counts ``[true class, predicted class]`` of one network."""
        self.require_one_class("confusion matrix")
        return metrics.confusion_matrix(self.predicted(network), self.labels, len(self.class_names))

    def confusion_table(self, network: int = 0) -> DataFrame:
        """The confusion matrix with class names: rows are true, columns predicted classes."""
        import pandas as pd

        names = pd.Index(self.class_names)
        counts = self.confusion_matrix(network)
        return pd.DataFrame(counts, names.rename("true"), names.rename("predicted"))

    def plot_confusion(self, network: int = 0, name: str = "") -> Figure:
        """A figure of the confusion matrix, with counts, and with a name in its title."""
        return figures.confusion_matrix(self.confusion_matrix(network), self.class_names, name)

    def _by_confidence(self, network: int, mask: npt.NDArray[np.bool_]) -> Integers:
        indices = np.flatnonzero(mask)
        return indices[np.argsort(-self._of(network)[indices].max(axis=-1), kind="stable")]

    def _of(self, network: int) -> Floats:
        if not 0 <= network < len(self.outputs):
            raise InputError(f"network: {network}; there are {len(self.outputs)}, counted from 0")
        probabilities: Floats = self.probabilities[network]
        return probabilities
