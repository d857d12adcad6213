"""Figures of the classes that a network names."""

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
from tenfold.metrics.score import Score, proportion, wilson_interval


@dataclass(frozen=True)
class ClassScores:
    """How well one class is told from the others.

    precision: share of the images named so that are so; recall: share of the class's images that
    were named so; f1: their harmonic mean. n counts the class's images, `predicted` those named
    so. A figure is None where it would be 0 / 0.
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


def accuracy(probabilities: npt.ArrayLike, labels: npt.ArrayLike) -> Score:
    """Return the share of images whose most probable class is the label, with Wilson interval.

    probabilities: [n, classes]; labels: integers [n]. Of equal probabilities the lowest class
    counts as predicted. Raises InputError for arrays that do not fit one another, for values
    that are not finite and for no images.

    >>> accuracy([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.6, 0.4]], [0, 1, 0, 1]).as_percent()
    '75.00 % (30.06 to 95.44)'
    """
    return top_k_accuracy(probabilities, labels, 1)


def top_k_accuracy(probabilities: npt.ArrayLike, labels: npt.ArrayLike, k: int) -> Score:
    """Return the share of images whose label is among the k most probable classes.

    probabilities: [n, classes]; labels: integers [n]. The interval is Wilson's; equal
    probabilities are ranked as in `top_k`. Raises InputError as `accuracy` and `top_k` do.

    >>> top_k_accuracy([[0.5, 0.3, 0.2], [0.5, 0.3, 0.2]], [1, 2], k=2).value
    0.5
    """
    checked, truth = probabilities_and_labels(probabilities, labels)
    indices, _ = top_k(checked, k)
    hits = int((indices == truth[:, None]).any(axis=1).sum())
    return proportion(hits, len(truth))


def confusion_matrix(predicted: npt.ArrayLike, labels: npt.ArrayLike, classes: int) -> IntArray:
    """Count the images of each pair of label and prediction: int64 [true class, predicted class].

    predicted and labels: integers [n] from 0 to classes - 1. Raises InputError for anything
    else, for arrays of different length and for no images.

    >>> confusion_matrix([0, 1, 1, 1], [0, 1, 0, 1], classes=2).tolist()
    [[1, 1], [0, 2]]
    """
    if classes < 1:
        raise InputError(f"classes must be at least 1, got {classes}")
    guesses = class_indices("predicted", predicted, classes)
    truth = class_indices("labels", labels, classes)
    if len(guesses) != len(truth):
        raise InputError(f"predicted has {len(guesses)} entries, labels has {len(truth)}")
    counts = np.bincount(truth * classes + guesses, minlength=classes * classes)
    return counts.reshape(classes, classes).astype(np.int64)


def class_scores(
    predicted: npt.ArrayLike, labels: npt.ArrayLike, classes: int
) -> list[ClassScores]:
    """Return precision, recall and F1 of each class, with 95 % intervals.

    predicted and labels: integers [n] from 0 to classes - 1; the result has one entry a class.
    Raises InputError as `confusion_matrix` does.

    With TP, FP and FN the counts of true positives, false positives and false negatives:

        precision = TP / (TP + FP),   recall = TP / (TP + FN),   F1 = 2 TP / (2 TP + FP + FN)

    Precision and recall carry Wilson intervals. F1 = 2J / (1 + J) rises with the Jaccard index
    J = TP / (TP + FP + FN), a proportion; its interval is the Wilson interval of J, mapped so,
    and its n is TP + FP + FN.

    Source: van Rijsbergen, "Information retrieval" (1979); Wilson (1927).

    >>> scores = class_scores([0, 0, 1, 1], [0, 0, 0, 1], classes=2)
    >>> scores[0].recall.as_percent(0), scores[0].f1.as_percent(0)
    ('67 % (21 to 94)', '80 % (34 to 97)')
    """
    counts = confusion_matrix(predicted, labels, classes)
    right, named, true = counts.diagonal(), counts.sum(axis=0), counts.sum(axis=1)
    return [_class_scores(*map(int, row)) for row in zip(right, named, true, strict=True)]


def _class_scores(right: int, named: int, true: int) -> ClassScores:
    either = named + true - right
    return ClassScores(
        precision=proportion(right, named) if named else None,
        recall=proportion(right, true) if true else None,
        f1=_f1(right, either) if either else None,
        n=true,
        predicted=named,
    )


def _f1(right: int, either: int) -> Score:
    ends = (right / either, *wilson_interval(right, either))
    value, low, high = (2 * jaccard / (1 + jaccard) for jaccard in ends)
    return Score(value, low, high, either)


def top_label(probabilities: npt.ArrayLike, labels: npt.ArrayLike) -> tuple[FloatArray, BoolArray]:
    """Return the top probability of each image, float [n], and whether its class is right [n].

    probabilities: [n, classes], each row from 0 to 1 with sum 1; labels: integers [n]. Rounding
    above 1 is cut off; equal probabilities are ranked as in `top_k`. Raises InputError as
    `log_loss` does.

    >>> top_label([[0.9, 0.1], [0.2, 0.8]], [0, 0])
    (array([0.9, 0.8]), array([ True, False]))
    """
    checked, truth = distributions_and_labels(probabilities, labels)
    return np.minimum(checked.max(axis=1), 1.0), checked.argmax(axis=1) == truth


def top_k(probabilities: npt.ArrayLike, k: int) -> tuple[IntArray, FloatArray]:
    """Return the k most probable classes of each image and their probabilities, highest first.

    probabilities: [n, classes]; both results: [n, k]. Of equal probabilities the lower class
    comes first. Raises InputError unless 1 <= k <= classes, and for values that are not finite.

    >>> indices, values = top_k([[0.2, 0.5, 0.2, 0.1]], k=3)
    >>> indices.tolist(), values.tolist()
    ([[1, 0, 2]], [[0.5, 0.2, 0.2]])
    """
    checked = probability_rows(probabilities)
    if not 1 <= k <= checked.shape[1]:
        raise InputError(f"k must be from 1 to {checked.shape[1]}, the number of classes, got {k}")
    indices = np.argsort(-checked, axis=1, kind="stable")[:, :k].astype(np.int64)
    return indices, np.take_along_axis(checked, indices, axis=1)


def ranked(
    probabilities: npt.ArrayLike, class_names: Sequence[str], k: int
) -> list[list[tuple[str, float]]]:
    """Return `top_k` by name: for each image the k most probable classes, with probabilities.

    probabilities: [n, classes]; class_names: one a class. Raises InputError as `top_k` does.

    >>> ranked([[0.2, 0.7, 0.1]], ("ant", "bee", "cat"), k=2)
    [[('bee', 0.7), ('ant', 0.2)]]
    """
    classes, values = top_k(probabilities, k)
    return [
        [(class_names[c], float(v)) for c, v in zip(*row, strict=True)]
        for row in zip(classes, values, strict=True)
    ]
