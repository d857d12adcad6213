"""The images in a report: errors, correct predictions, and those of each confusion-matrix cell."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from tenfold import figures
from tenfold.evaluation import Evaluation
from tenfold.metrics import top_k
from tenfold.runs.predictions import PER_CELL, PER_GALLERY, Examples

TOP = 3
_LEVELS = 127
_MIN_SCALE = 1.0  # nats of log odds: less is no evidence, and must not fill the colour scale


def gallery(evaluation: Evaluation, examples: Examples) -> dict[str, Any]:
    """Images of the first network: most confident errors, least confident correct predictions.

    Args:
        evaluation: of the run.
        examples: the images that are stored with it.
    """
    tiles = _tiles(evaluation, examples)
    wrong = evaluation.mistakes().tolist()
    correct = evaluation.least_confident_correct().tolist()
    errors = [index for index in wrong if index in tiles][:PER_GALLERY]
    hits = [index for index in correct if index in tiles][:PER_GALLERY]
    images = tiles | {index: _without_picture(tiles[index]) for index in (*errors, *hits)}
    return {
        "mistakes": [tiles[index] for index in errors],
        "hits": [tiles[index] for index in hits],
        "wrong": len(wrong),
        "correct": len(correct),
        "data": {
            "classes": list(evaluation.class_names),
            "cells": _cells(evaluation, [*wrong, *correct], set(tiles)),
            "images": images,
        },
    }


def _without_picture(tile: Mapping[str, Any]) -> dict[str, Any]:
    """Drop the picture of an image in a gallery, where the script of the page finds it."""
    return {name: value for name, value in tile.items() if name != "src"}


def _tiles(evaluation: Evaluation, examples: Examples) -> dict[int, dict[str, Any]]:
    """The content of the tile of each stored image, by its index in the split."""
    probabilities = evaluation.probabilities[0][examples.indices]
    classes, highest = top_k(probabilities, min(TOP, len(evaluation.class_names)))
    rows = zip(
        examples.indices.tolist(),
        evaluation.labels[examples.indices].tolist(),
        classes.tolist(),
        highest.tolist(),
        examples.images,
        examples.evidence,
        strict=True,
    )
    return {
        index: {
            "index": index,
            "true": true,
            "top": [[k, round(p, 5), percent(p)] for k, p in zip(top, p_top, strict=True)],
            "alt": _alt(evaluation.class_names, index, true, top[0], p_top[0]),
            "src": figures.data_uri(image),
            **_evidence(evidence),
        }
        for index, true, top, p_top, image, evidence in rows
    }


def _alt(names: tuple[str, ...], index: int, true: int, predicted: int, p: float) -> str:
    return f"Image {index}: {names[true]}, predicted {names[predicted]} at {percent(p)}"


def percent(probability: float) -> str:
    """Format a probability in percent without rounding it to 0 or 100.

    Example:
        >>> percent(0.9731), percent(0.99996), percent(0.0001)
        ('97.3 %', '> 99.9 %', '< 0.1 %')
    """
    if probability > 0.9995:
        return "> 99.9 %"
    return "< 0.1 %" if probability < 0.0005 else f"{100 * probability:.1f} %"


def _cells(evaluation: Evaluation, order: list[int], stored: set[int]) -> dict[str, list[int]]:
    """Indices of the stored images of each cell, ``true-predicted``, at most ``PER_CELL`` each."""
    predicted, cells = evaluation.predicted(), dict[str, list[int]]()
    for index in order:
        cell = cells.setdefault(f"{evaluation.labels[index]}-{predicted[index]}", [])
        if len(cell) < PER_CELL and index in stored:
            cell.append(index)
    return cells


def _evidence(values: npt.NDArray[np.float32]) -> dict[str, Any]:
    """An occlusion map as int8 in base64, and its largest log odds, which is 127."""
    strongest = float(np.abs(values).max())
    levels = np.rint(values / max(strongest, _MIN_SCALE) * _LEVELS).astype(np.int8)
    return {
        "evidence": base64.b64encode(levels.tobytes()).decode("ascii"),
        "strongest": round(strongest, 1),
    }
