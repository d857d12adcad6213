"""Sections on images with any number of labels: each label's metrics, the worst answers."""

from __future__ import annotations

from typing import Any

import numpy as np

from tenfold import figures
from tenfold.evaluation import Evaluation
from tenfold.metrics import LABEL_THRESHOLD, LabelScores, Score
from tenfold.report.gallery import TOP, percent
from tenfold.report.text import over_networks, share
from tenfold.runs.predictions import Examples

_MEANS = ("AUROC", "average_precision", "precision", "recall", "f1")


def labels(evaluation: Evaluation, examples: Examples) -> dict[str, Any]:
    """The metrics of each label of the first network, their means, and the worst answers."""
    rows = [
        {"name": name, "n": scores.n, "cells": _cells(scores)}
        for name, scores in evaluation.per_class().items()
        if isinstance(scores, LabelScores)
    ]
    exact = evaluation.exact_match[0]
    return {
        "rows": rows,
        "means": [
            {"name": f"{mean} mean", "cells": _means(evaluation, mean)}
            for mean in ("macro", "micro")
        ],
        "exact": f"Every label is right of {exact.as_percent(1)} of {exact.n:,} images.",
        "threshold": f"{LABEL_THRESHOLD:g}",
        **_mistakes(evaluation, examples),
    }


def _cells(scores: LabelScores) -> list[dict[str, Any]]:
    areas = [_area(score) for score in (scores.auroc, scores.average_precision)]
    return [*areas, *(share(score, 1) for score in (scores.precision, scores.recall, scores.f1))]


def _area(score: Score | None) -> dict[str, Any]:
    if score is None:  # all images have the label, or none
        return share(None)
    return {**over_networks([score], digits=3), "at": score.value}


def _means(evaluation: Evaluation, mean: str) -> list[dict[str, Any]]:
    """The mean of each column; micro means of areas are not defined here."""
    names = [f"{mean}_{name.lower()}" for name in _MEANS]
    scores = [getattr(evaluation, n)[0] if n in evaluation.metrics else None for n in names]
    return [*map(_area, scores[:2]), *(share(score, 1) for score in scores[2:])]


def _mistakes(evaluation: Evaluation, examples: Examples) -> dict[str, Any]:
    stored = dict(zip(examples.indices.tolist(), examples.images, strict=True))
    order = [index for index in evaluation.most_wrong().tolist() if index in stored]
    truth = evaluation.labels.astype(bool)
    wrong = int(((evaluation.probabilities[0] >= LABEL_THRESHOLD) != truth).sum())
    return {
        "wrong": wrong,
        "mistakes": [_tile(evaluation, index, stored[index]) for index in order],
    }


def _tile(evaluation: Evaluation, index: int, image: Any) -> dict[str, Any]:
    names, values = evaluation.class_names, evaluation.probabilities[0][index]
    true = evaluation.labels[index].astype(bool)
    distance = np.abs(values - true)
    worst = int(distance.argmax())
    others = [i for i in np.argsort(-values, kind="stable").tolist() if i != worst]
    shown = [worst, *others][:TOP]
    found = ", ".join(name for name, has in zip(names, true, strict=True) if has) or "no label"
    return {
        "src": figures.data_uri(image),
        "alt": f"Image {index}: {found}; {names[worst]} at {percent(float(values[worst]))}",
        "truth": found,
        "top": [
            (names[i], round(float(values[i]), 5), percent(float(values[i])), bool(true[i]))
            for i in shown
        ],
    }
