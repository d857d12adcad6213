"""The images that a report shows: mistakes, narrow hits, and what stands behind each cell."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from tenfold import figures
from tenfold.evaluation import Evaluation
from tenfold.metrics import top_k
from tenfold.runs.predictions import CELL, SHOWN, Examples

TOP = 3
_LEVELS = 127
_FAINTEST = 1.0  # nats of log odds that fill the scale at least: less is no evidence


def gallery(found: Evaluation, examples: Examples) -> dict[str, Any]:
    """Mistakes, weakest hits and the images behind each cell, of the first network.

    Args:
        found: the answers of the run.
        examples: the images that were kept of them.
    """
    tiles = _tiles(found, examples)
    mistakes = [place for place in found.mistakes().tolist() if place in tiles][:SHOWN]
    hits = [place for place in found.least_confident_correct().tolist() if place in tiles][:SHOWN]
    images = tiles | {place: _without_picture(tiles[place]) for place in (*mistakes, *hits)}
    return {
        "mistakes": [tiles[place] for place in mistakes],
        "hits": [tiles[place] for place in hits],
        "wrong": len(found.mistakes()),
        "right": len(found.least_confident_correct()),
        "data": {
            "classes": list(found.class_names),
            "cells": _cells(found, set(tiles)),
            "images": images,
        },
    }


def _without_picture(tile: Mapping[str, Any]) -> dict[str, Any]:
    """For an image that stands in a gallery: the page takes its picture from there."""
    return {name: value for name, value in tile.items() if name != "src"}


def _tiles(found: Evaluation, examples: Examples) -> dict[int, dict[str, Any]]:
    """What is told of each kept image, by its place in the split."""
    answers = found.probabilities[0][examples.indices]
    classes, chances = top_k(answers, min(TOP, len(found.class_names)))
    rows = zip(
        examples.indices.tolist(),
        found.labels[examples.indices].tolist(),
        classes.tolist(),
        chances.tolist(),
        examples.images,
        examples.evidence,
        strict=True,
    )
    return {
        place: {
            "place": place,
            "true": true,
            "top": [[k, round(p, 5), percent(p)] for k, p in zip(top, p_top, strict=True)],
            "alt": _alt(found.class_names, place, true, top[0], p_top[0]),
            "src": figures.data_uri(image),
            **_evidence(evidence),
        }
        for place, true, top, p_top, image, evidence in rows
    }


def _alt(names: tuple[str, ...], place: int, true: int, predicted: int, chance: float) -> str:
    return f"Image {place}: {names[true]}, predicted {names[predicted]} at {percent(chance)}"


def percent(chance: float) -> str:
    """A probability in percent that is not rounded to certainty.

    Example:
        >>> percent(0.9731), percent(0.99996), percent(0.0001)
        ('97.3 %', '> 99.9 %', '< 0.1 %')
    """
    if chance > 0.9995:
        return "> 99.9 %"
    return "< 0.1 %" if chance < 0.0005 else f"{100 * chance:.1f} %"


def _cells(found: Evaluation, kept: set[int]) -> dict[str, list[int]]:
    """Places of the kept images of each cell, ``true-predicted``, at most ``CELL`` a cell."""
    order = np.concatenate([found.mistakes(), found.least_confident_correct()]).tolist()
    predicted, cells = found.predicted(), dict[str, list[int]]()
    for place in order:
        cell = cells.setdefault(f"{found.labels[place]}-{predicted[place]}", [])
        if len(cell) < CELL and place in kept:
            cell.append(place)
    return cells


def _evidence(values: npt.NDArray[np.float32]) -> dict[str, Any]:
    """A map of evidence as bytes, int8 in base64, and the log odds that 127 stands for."""
    strongest = float(np.abs(values).max())
    scale = max(strongest, _FAINTEST)
    levels = np.rint(values / scale * _LEVELS).astype(np.int8)
    return {
        "evidence": base64.b64encode(levels.tobytes()).decode("ascii"),
        "strongest": round(strongest, 1),
    }
