"""Metrics of images with any number of labels: each label is a question of its own.

A label is predicted from a probability of one half on. A macro mean is that over the labels, a
micro mean counts the answers to all labels together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.metrics.bootstrap import bootstrap
from tenfold.metrics.checks import BoolArray, FloatArray, IntArray, probability_rows
from tenfold.metrics.classification import ClassScores, class_scores_of_counts
from tenfold.metrics.out_of_distribution import auroc
from tenfold.metrics.registry import MULTI_LABEL_METRICS, Metric, metric
from tenfold.metrics.score import Score, mean_score, proportion

LABEL_THRESHOLD = 0.5
"""The probability from which on a label is predicted."""

RESAMPLES = 200


@dataclass(frozen=True)
class LabelScores(ClassScores):
    """The scores of one label; each is None where it would be 0 / 0.

    Attributes:
        auroc: area under the ROC curve of the label's probability, with DeLong interval.
        average_precision: mean of the precision at each image of the label, by rank, with
            bootstrap interval.
    """

    auroc: Score | None = None
    average_precision: Score | None = None


@metric(
    "macro AUROC",
    "mean over the labels of the area under the ROC curve",
    higher_is_better=True,
    highest=1.0,
    position=10,
    in_tables=True,
    multi_label=True,
)
def macro_auroc(
    probabilities: npt.ArrayLike, labels: npt.ArrayLike, resamples: int = RESAMPLES
) -> Score:
    """Return the mean area under the ROC curve, over labels that some images have and some not.

    Args:
        probabilities: ``[n, labels]``.
        labels: 0 and 1, ``[n, labels]``.
        resamples: of the images, for the bootstrap interval.

    Raises:
        InputError: the shapes differ, a value is not finite, or no label can be ranked.

    >>> macro_auroc([[0.9, 0.2], [0.1, 0.8]], [[1, 1], [0, 0]]).value
    0.5
    """
    return _mean_of_ranked(_Ranked.auroc, probabilities, labels, resamples)


@metric(
    "macro AP",
    "mean over the labels of the average precision",
    higher_is_better=True,
    highest=1.0,
    position=20,
    in_tables=True,
    multi_label=True,
)
def macro_average_precision(
    probabilities: npt.ArrayLike, labels: npt.ArrayLike, resamples: int = RESAMPLES
) -> Score:
    """Return the mean average precision; labels and arguments as for `macro_auroc`.

    >>> macro_average_precision([[0.9, 0.2], [0.1, 0.8]], [[1, 1], [0, 0]]).value
    0.75
    """
    return _mean_of_ranked(_Ranked.average_precision, probabilities, labels, resamples)


@metric(
    "exact match",
    "share of images of which every label is right",
    unit="%",
    digits=2,
    higher_is_better=True,
    position=30,
    in_tables=True,
    multi_label=True,
)
def exact_match(probabilities: npt.ArrayLike, labels: npt.ArrayLike) -> Score:
    """Return the share of images of which every label is right (subset accuracy).

    The interval is Wilson's; arguments as for `macro_auroc`.

    >>> exact_match([[0.9, 0.2], [0.1, 0.8]], [[1, 0], [0, 0]]).value
    0.5
    """
    answers, truth = _answers(probabilities, labels)
    return proportion(int((answers == truth).all(axis=1).sum()), len(truth))


@metric(
    "label accuracy",
    "share of right answers, over all labels of all images",
    unit="%",
    digits=2,
    higher_is_better=True,
    position=40,
    multi_label=True,
)
def label_accuracy(probabilities: npt.ArrayLike, labels: npt.ArrayLike) -> Score:
    """Return the share of right answers over all labels, as Keras's ``BinaryAccuracy``.

    The interval is Student's over the images; arguments as for `macro_auroc`.

    >>> label_accuracy([[0.9, 0.2], [0.1, 0.8]], [[1, 0], [0, 0]]).value
    0.75
    """
    answers, truth = _answers(probabilities, labels)
    return mean_score((answers == truth).mean(axis=1), highest=1.0)


def _register_means() -> None:
    """Register macro and micro means of precision, recall and F1."""
    functions = {"precision": _precision, "recall": _recall, "f1": _f1}
    for position, (name, function) in enumerate(functions.items()):
        for mean in ("macro", "micro"):
            label = f"{mean} {'F1' if name == 'f1' else name}"
            means = "mean over the labels of" if mean == "macro" else "over all labels together,"
            metric(
                label,
                f"{means} the {label.split()[1]} at {LABEL_THRESHOLD:g}; 0 where nothing counts",
                name=f"{mean}_{name}",
                unit="%",
                digits=2,
                higher_is_better=True,
                position=50 - 10 * (name == "f1") + position,
                in_summary=name == "f1",
                multi_label=True,
            )(_mean_function(mean, name, function))


def _mean_function(
    mean: str, name: str, function: Callable[[FloatArray], FloatArray]
) -> Callable[..., Score]:
    def score(
        probabilities: npt.ArrayLike, labels: npt.ArrayLike, resamples: int = RESAMPLES
    ) -> Score:
        answers, truth = _answers(probabilities, labels)
        hits = np.stack([answers & truth, answers, truth], axis=1).astype(np.float64)

        def statistic(counts: IntArray) -> float:
            sums = np.einsum("n,nsl->sl", counts.astype(np.float64), hits)
            return float(function(sums.sum(axis=1) if mean == "micro" else sums).mean())

        return _bootstrapped(statistic, len(truth), resamples)

    score.__name__ = f"{mean}_{name}"
    return score


def _precision(sums: FloatArray) -> FloatArray:
    return np.asarray(sums[0] / np.maximum(sums[1], 1))


def _recall(sums: FloatArray) -> FloatArray:
    return np.asarray(sums[0] / np.maximum(sums[2], 1))


def _f1(sums: FloatArray) -> FloatArray:
    return np.asarray(2 * sums[0] / np.maximum(sums[1] + sums[2], 1))


_register_means()


def defined_metrics(labels: npt.ArrayLike) -> dict[str, Metric]:
    """Return the metrics that labels ``[n, labels]`` define: areas need a label that some lack.

    >>> "macro_auroc" in defined_metrics([[1, 0], [1, 0]])
    False
    """
    truth = np.asarray(labels, bool)
    if (truth.any(axis=0) & ~truth.all(axis=0)).any():
        return MULTI_LABEL_METRICS
    areas = (macro_auroc, macro_average_precision)
    return {name: m for name, m in MULTI_LABEL_METRICS.items() if m.function not in areas}


def label_scores(
    probabilities: npt.ArrayLike, labels: npt.ArrayLike, resamples: int = RESAMPLES
) -> list[LabelScores]:
    """Return the scores of each label; arguments as for `macro_auroc`.

    >>> scores = label_scores([[0.9, 0.2], [0.1, 0.8]], [[1, 1], [0, 0]])
    >>> [score.auroc.value for score in scores], scores[1].precision.value
    ([1.0, 0.0], 0.0)
    """
    answers, truth = _answers(probabilities, labels)
    values = np.asarray(probabilities)
    found = []
    for column, (given, true) in enumerate(zip(answers.T, truth.T, strict=True)):
        scores = values[:, column]
        ranked = _Ranked(scores, true)
        counted = class_scores_of_counts(int((given & true).sum()), int(given.sum()), ranked.hits)
        fields: dict[str, Any] = dict(vars(counted))
        if 0 < ranked.hits < len(true):
            fields["auroc"] = auroc(scores[true], scores[~true])
            statistic = ranked.average_precision
            fields["average_precision"] = _bootstrapped(statistic, len(true), resamples)
        found.append(LabelScores(**fields))
    return found


class _Ranked:
    """A label's images by probability, highest first, in groups of equal ones.

    Args:
        scores: float ``[n]``.
        truth: whether each image has the label, ``[n]``.
    """

    def __init__(self, scores: FloatArray, truth: BoolArray) -> None:
        self.hits = int(truth.sum())
        self._order = np.argsort(-scores, kind="stable")
        ordered = scores[self._order]
        self._starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
        self._truth = truth[self._order]

    def _groups(self, counts: IntArray) -> tuple[FloatArray, FloatArray]:
        """Images with and without the label in each group, if each counts so many times."""
        drawn = counts[self._order].astype(np.float64)
        total = np.add.reduceat(drawn, self._starts)
        positive = np.add.reduceat(drawn * self._truth, self._starts)
        return positive, total - positive

    def auroc(self, counts: IntArray) -> float:
        """The area under the ROC curve, ties one half; NaN without both kinds of images."""
        positive, negative = self._groups(counts)
        pairs = positive.sum() * negative.sum()
        below = negative.sum() - np.cumsum(negative) + negative / 2
        area = (positive * below).sum()  # not by BLAS, whose threads wait for each other
        return float(area / pairs) if pairs else np.nan

    def average_precision(self, counts: IntArray) -> float:
        """The sum over ranks of precision times the step of recall; NaN without the label."""
        positive, negative = self._groups(counts)
        seen = np.cumsum(positive)
        precision = seen / np.maximum(seen + np.cumsum(negative), 1)
        return float((positive * precision).sum() / seen[-1]) if seen[-1] else np.nan


def _mean_of_ranked(
    area: Callable[[_Ranked, IntArray], float],
    probabilities: npt.ArrayLike,
    labels: npt.ArrayLike,
    resamples: int,
) -> Score:
    _, truth = _answers(probabilities, labels)
    scores = np.asarray(probabilities)
    columns = [_Ranked(scores[:, i], truth[:, i]) for i in range(truth.shape[1])]
    columns = [column for column in columns if 0 < column.hits < len(truth)]
    if not columns:
        raise InputError("labels: each is that of all images or of none, so nothing is ranked")

    def statistic(counts: IntArray) -> float:
        areas = np.array([area(column, counts) for column in columns])
        known = areas[~np.isnan(areas)]
        return float(known.mean()) if len(known) else 0.5

    return _bootstrapped(statistic, len(truth), resamples)


def _bootstrapped(statistic: Callable[[IntArray], float], n: int, resamples: int) -> Score:
    """The value of a statistic of counts of images, with its bootstrap interval."""
    value = statistic(np.ones(n, np.int64))
    if n == 1:
        return Score(value, None, None, n)
    low, high = bootstrap(lambda counts: np.nan_to_num(statistic(counts)), n, resamples, seed=0)
    return Score(value, min(low, value), max(high, value), n)


def _answers(
    probabilities: npt.ArrayLike, labels: npt.ArrayLike
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return which labels are predicted and which are true, bool ``[n, labels]``."""
    checked, truth = probability_rows(probabilities), np.asarray(labels)
    if truth.shape != checked.shape or not len(truth):
        raise InputError(
            f"labels must be 0 and 1 for each of the probabilities {checked.shape}, got "
            f"{truth.shape}"
        )
    return predicted_labels(checked), truth.astype(bool)


def predicted_labels(probabilities: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Return which labels are predicted, bool ``[n, labels]``: from a probability of 0.5 on.

    >>> predicted_labels([[0.7, 0.2, 0.5]]).tolist()
    [[True, False, True]]
    """
    return np.asarray(probabilities) >= LABEL_THRESHOLD
