"""Metrics of predicted classes: accuracy, confusion matrix, precision, recall and F1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.metrics.checks import (
    BoolArray,
    FloatArray,
    IntArray,
    class_indices,
    distributions_and_labels,
    probabilities_and_labels,
    probability_rows,
)
from tenfold.metrics.registry import metric
from tenfold.metrics.score import Score, proportion, wilson_interval


@dataclass(frozen=True)
class ClassScores:
    """Precision, recall and F1 of one class; each is None where it would be 0 / 0.

    Attributes:
        precision: share of the images predicted as this class that belong to it.
        recall: share of the images of this class that are predicted as it.
        f1: harmonic mean of both.
        n: images of this class.
        predicted: images predicted as this class.
    """

    precision: Score | None
    recall: Score | None
    f1: Score | None
    n: int
    predicted: int

    def as_json(self) -> dict[str, Any]:
        """Return the fields as plain JSON, scores as in `Score.as_json`.

        >>> class_scores([0, 0], [0, 0], classes=2)[1].as_json()
        {'precision': None, 'recall': None, 'f1': None, 'n': 0, 'predicted': 0}
        """
        return asdict(self)


@metric(
    "accuracy",
    "share of images whose most probable class is the label",
    unit="%",
    digits=2,
    higher_is_better=True,
    position=10,
    in_tables=True,
)
def accuracy(probabilities: npt.ArrayLike, labels: npt.ArrayLike) -> Score:
    """Return the share of images whose most probable class is the label, with Wilson interval.

    Args:
        probabilities: ``[n, classes]``; of equal ones the lowest class counts as predicted.
        labels: integers ``[n]``.

    Raises:
        InputError: the shapes do not match, a value is not finite, or there are no images.

    >>> accuracy([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.6, 0.4]], [0, 1, 0, 1]).as_percent()
    '75.00 % (30.06 to 95.44)'
    """
    return top_k_accuracy(probabilities, labels, 1)


@metric(
    "top-2 accuracy",
    "share of images whose label is among the two most probable classes",
    unit="%",
    digits=2,
    higher_is_better=True,
    position=60,
    in_summary=False,
    in_model_card=False,
)
def top_2_accuracy(probabilities: npt.ArrayLike, labels: npt.ArrayLike) -> Score:
    """Return `top_k_accuracy` of k = 2; of k = 1 where there is only one class.

    >>> top_2_accuracy([[0.5, 0.3, 0.2], [0.5, 0.3, 0.2]], [1, 2]).value
    0.5
    """
    return top_k_accuracy(probabilities, labels, min(2, np.shape(probabilities)[-1]))


def top_k_accuracy(probabilities: npt.ArrayLike, labels: npt.ArrayLike, k: int) -> Score:
    """Return the share of images whose label is among the k most probable classes.

    Args:
        probabilities: ``[n, classes]``; equal ones are ranked as in `top_k`.
        labels: integers ``[n]``.
        k: from 1 to the number of classes.

    Returns:
        The share with its Wilson interval.

    Raises:
        InputError: as `accuracy` and `top_k`.

    >>> top_k_accuracy([[0.5, 0.3, 0.2], [0.5, 0.3, 0.2]], [1, 2], k=2).value
    0.5
    """
    checked, indices = probabilities_and_labels(probabilities, labels)
    classes, _ = top_k(checked, k)
    hits = int((classes == indices[:, None]).any(axis=1).sum())
    return proportion(hits, len(indices))


def confusion_matrix(predicted: npt.ArrayLike, labels: npt.ArrayLike, classes: int) -> IntArray:
    """Count the images of each pair of label and prediction.

    Args:
        predicted: integers ``[n]`` from 0 to classes - 1.
        labels: integers ``[n]`` from 0 to classes - 1.
        classes: the number of classes.

    Returns:
        int64 ``[true class, predicted class]``.

    Raises:
        InputError: the arrays are none of this kind, differ in length or are empty.

    >>> confusion_matrix([0, 1, 1, 1], [0, 1, 0, 1], classes=2).tolist()
    [[1, 1], [0, 2]]
    """
    if classes < 1:
        raise InputError(f"classes must be at least 1, got {classes}")
    columns = class_indices("predicted", predicted, classes)
    rows = class_indices("labels", labels, classes)
    if len(columns) != len(rows):
        raise InputError(f"predicted has {len(columns)} entries, labels has {len(rows)}")
    counts = np.bincount(rows * classes + columns, minlength=classes * classes)
    return counts.reshape(classes, classes).astype(np.int64)


def class_scores(
    predicted: npt.ArrayLike, labels: npt.ArrayLike, classes: int
) -> list[ClassScores]:
    """Return precision, recall and F1 of each class, with 95 % intervals.

    With TP, FP and FN the counts of true positives, false positives and false negatives:

        precision = TP / (TP + FP),   recall = TP / (TP + FN),   F1 = 2 TP / (2 TP + FP + FN)

    Precision and recall have Wilson intervals. F1 = 2J / (1 + J) increases with the Jaccard index
    J = TP / (TP + FP + FN), a proportion; the interval of F1 is the Wilson interval of J under
    this map, and its n is TP + FP + FN.

    Args:
        predicted: integers ``[n]`` from 0 to classes - 1.
        labels: integers ``[n]`` from 0 to classes - 1.
        classes: the number of classes, and of entries in the result.

    Raises:
        InputError: as `confusion_matrix`.

    Source: van Rijsbergen, "Information retrieval" (1979); Wilson (1927).

    >>> scores = class_scores([0, 0, 1, 1], [0, 0, 0, 1], classes=2)
    >>> scores[0].recall.as_percent(0), scores[0].f1.as_percent(0)
    ('67 % (21 to 94)', '80 % (34 to 97)')
    """
    counts = confusion_matrix(predicted, labels, classes)
    columns = counts.diagonal(), counts.sum(axis=0), counts.sum(axis=1)
    return [class_scores_of_counts(*map(int, row)) for row in zip(*columns, strict=True)]


def class_scores_of_counts(correct: int, predicted: int, n: int) -> ClassScores:
    """Return the scores of a class by its images that are found, predicted and there.

    >>> class_scores_of_counts(correct=1, predicted=2, n=1).precision.value
    0.5
    """
    union = predicted + n - correct
    return ClassScores(
        precision=proportion(correct, predicted) if predicted else None,
        recall=proportion(correct, n) if n else None,
        f1=_f1(correct, union) if union else None,
        n=n,
        predicted=predicted,
    )


def _f1(correct: int, union: int) -> Score:
    ends = (correct / union, *wilson_interval(correct, union))
    value, low, high = (2 * jaccard / (1 + jaccard) for jaccard in ends)
    return Score(value, low, high, union)


def top_confidence(
    probabilities: npt.ArrayLike, labels: npt.ArrayLike
) -> tuple[FloatArray, BoolArray]:
    """Return the top probability of each image, and whether its class is the label.

    Args:
        probabilities: ``[n, classes]``, rows with sum 1; equal ones are ranked as in `top_k`.
        labels: integers ``[n]``.

    Returns:
        Confidence, float64 ``[n]``, at most 1 despite rounding, and correctness, bool ``[n]``.

    Raises:
        InputError: as `log_loss`.

    >>> top_confidence([[0.9, 0.1], [0.2, 0.8]], [0, 0])
    (array([0.9, 0.8]), array([ True, False]))
    """
    checked, indices = distributions_and_labels(probabilities, labels)
    return np.minimum(checked.max(axis=1), 1.0), checked.argmax(axis=1) == indices


def top_k(probabilities: npt.ArrayLike, k: int) -> tuple[IntArray, FloatArray]:
    """Return the k most probable classes of each image and their probabilities, highest first.

    Args:
        probabilities: ``[n, classes]``; of equal ones the lower class comes first.
        k: from 1 to the number of classes.

    Returns:
        Classes, int64 ``[n, k]``, and their probabilities, float64 ``[n, k]``.

    Raises:
        InputError: k is out of range, or a value is not finite.

    >>> indices, values = top_k([[0.2, 0.5, 0.2, 0.1]], k=3)
    >>> indices.tolist(), values.tolist()
    ([[1, 0, 2]], [[0.5, 0.2, 0.2]])
    """
    checked = probability_rows(probabilities)
    if not 1 <= k <= checked.shape[1]:
        raise InputError(f"k must be from 1 to {checked.shape[1]}, the number of classes, got {k}")
    indices = np.argsort(-checked, axis=1, kind="stable")[:, :k].astype(np.int64)
    return indices, np.take_along_axis(checked, indices, axis=1)


def rank_classes(
    probabilities: npt.ArrayLike, class_names: Sequence[str], k: int
) -> list[list[tuple[str, float]]]:
    """Return the names and probabilities of the k most probable classes of each image.

    Args:
        probabilities: ``[n, classes]``.
        class_names: one per class.
        k: from 1 to the number of classes.

    Raises:
        InputError: as `top_k`.

    >>> rank_classes([[0.2, 0.7, 0.1]], ("ant", "bee", "cat"), k=2)
    [[('bee', 0.7), ('ant', 0.2)]]
    """
    classes, values = top_k(probabilities, k)
    return [
        [(class_names[c], float(v)) for c, v in zip(*row, strict=True)]
        for row in zip(classes, values, strict=True)
    ]
