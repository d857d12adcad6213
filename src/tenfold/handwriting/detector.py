"""Find and name digits in a picture with the packaged detector network.

The network is fully convolutional. For each cell of 4x4 pixels it predicts whether the centre of a
digit lies there, the class, and the distances to the four sides of its box; it knows digits of 15
to 42 pixels. A pyramid of reduced pictures shows it digits of other sizes.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from scipy import ndimage

from tenfold.core.assets import DETECTOR
from tenfold.handwriting.contrast import level_together
from tenfold.handwriting.detections import Detections, Floats, concatenate, without_duplicates
from tenfold.handwriting.reading_order import reading_order
from tenfold.handwriting.time_budget import is_time_up

STRIDE, BOX_UNIT = 4, 16.0
"""Pixels of a cell, and of one unit of a box side."""
CLASSES = 10
MAX_PIXELS = 1.2e6
"""Of the largest level of the pyramid."""
_LARGEST_DIGIT = 38.0  # pixels; at the smallest level, no digit of the picture is larger
_HEIGHTS = (11.0, 52.0)  # pixels of a level; other boxes belong to another level
_STEP = 1.7  # between the levels
_LARGEST_SCALE = 2.0
_ENLARGED_SIDE = 300  # pixels; pictures with a shorter side are enlarged, up to twice
_MARGIN = 24  # pixels of paper around the picture, so that digits at its edge have context
_LEAST = 0.1  # probability of a centre; candidates below it are dropped
MAX_CANDIDATES = 1000
MIN_SCORE = 0.85
"""Of a digit. This and the constants below were chosen on one half of real pictures."""
_BORDER = 0.02  # share of the picture's side within which a box is cut by the border
_CUT = 0.7  # height by that of other digits, below which the border has cut something off
_SIMILAR = 0.4  # least height of a digit by the usual height in the picture, and inversely
_CLOSE_WIDTH, _CLOSE_HEIGHT = 1.4, 2.2
"""Size of a close crop of one digit by its height: what its border cuts belongs to neighbours."""
_CERTAIN = 0.95  # score from which a digit is not dropped because its number is too long
_LEAST_SINGLE = 0.15  # score of the only candidate in a crop of one digit
_CROPPED = 0.4  # its height by that of the picture


def detect(gray: Floats, path: Path = DETECTOR) -> Detections:
    """Detect digits of any size.

    Args:
        gray: brightness from 0 to 1, dark ink on light paper: float32 ``[height, width]``.
        path: ONNX file of the network.
    """
    pyramid = [_resized(gray, scale) for scale in scales(*gray.shape)]
    levels: list[Detections] = []
    for ink in level_together(pyramid):
        if not levels or not is_time_up():
            levels.append(_detect_at(ink, gray.shape, path))
    every = concatenate(levels)
    order = np.argsort(-every.scores, kind="stable")[:MAX_CANDIDATES]
    return without_duplicates(every.select(order))


def select_digits(candidates: Detections, shape: tuple[int, int]) -> Detections:
    """Return the candidates that are digits.

    In a close crop of one digit, what the picture's border cuts belongs to neighbours; in other
    pictures, what it cuts and is lower than the other digits. Digits of a picture have similar
    heights. If no candidate is probable, the most probable one is kept,
    provided that it is large in the picture: somebody cropped it.

    Args:
        candidates: of a picture.
        shape: height and width of the picture in pixels.
    """
    boxes, scores = candidates.boxes, candidates.scores
    heights = boxes[:, 3] - boxes[:, 1]
    size = np.array(shape[::-1])
    inset = _BORDER * size
    is_cut = ((boxes[:, :2] < inset) | (boxes[:, 2:] > size - inset)).any(axis=1)
    kept = scores >= MIN_SCORE
    if kept.any():
        usual = _weighted_median(heights[kept], scores[kept])
        inner = kept & ~is_cut
        if inner.any():
            is_close = shape[1] < _CLOSE_WIDTH * usual and shape[0] < _CLOSE_HEIGHT * usual
            whole = _weighted_median(heights[inner], scores[inner])
            kept &= ~is_cut | (not is_close and heights > _CUT * whole)
            usual = _weighted_median(heights[kept], scores[kept])
        kept &= (heights > _SIMILAR * usual) & (heights < usual / _SIMILAR)
    elif len(scores):
        best = int(scores.argmax())
        kept[best] = scores[best] >= _LEAST_SINGLE and heights[best] > _CROPPED * shape[0]
    return candidates.select(kept)


def fit_digit_count(candidates: Detections, digits: Detections, expect: int) -> Detections:
    """Return digits such that each number has a known number of digits, where possible.

    The least probable digits of longer numbers are dropped, unless they are certain. Shorter
    numbers get the most probable further candidates that lie in their line, at most a digit's
    height away.

    Args:
        candidates: all, most probable first.
        digits: those that were selected.
        expect: digits of each number.
    """
    chosen: list[Detections] = []
    numbers = [number for line in reading_order(digits.boxes.astype(np.int64)) for number in line]
    for number in numbers:
        group = digits.select(np.array(number))
        ranked = np.argsort(-group.scores, kind="stable")
        group = group.select(ranked[: max(expect, np.count_nonzero(group.scores >= _CERTAIN))])
        for index in range(len(candidates)):
            candidate = candidates.select(np.array([index]))
            if len(group) < expect and _extends(group.boxes, candidate.boxes[0], digits.boxes):
                group = concatenate([group, candidate])
        chosen.append(group)
    return concatenate(chosen)


def _extends(number: Floats, box: Floats, taken: Floats) -> bool:
    """Return whether a box stands in the line of a number, near it, and covers no other digit."""
    height = float(np.median(number[:, 3] - number[:, 1]))
    middle_x, middle_y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    every = np.concatenate([number, taken])
    covered = (abs(every[:, [0, 2]].mean(1) - middle_x) < 0.3 * height) & (
        abs(every[:, [1, 3]].mean(1) - middle_y) < 0.5 * height
    )
    in_line = abs(middle_y - np.median(number[:, [1, 3]].mean(1))) < 0.6 * height
    near = number[:, 0].min() - height < middle_x < number[:, 2].max() + height
    return bool(in_line and near and not covered.any())


def _weighted_median(values: Floats, weights: Floats) -> float:
    order = np.argsort(values)
    share = np.cumsum(weights[order]) / weights.sum()
    return float(values[order][np.searchsorted(share, 0.5)])


def scales(height: int, width: int) -> list[float]:
    """Return the scales of the pyramid for a picture, largest first."""
    enlarged = min(_LARGEST_SCALE, max(1.0, _ENLARGED_SIDE / min(height, width)))
    largest = min(enlarged, float(np.sqrt(MAX_PIXELS / (height * width))))
    smallest = min(largest, _LARGEST_DIGIT / height)
    count = 1 + int(np.ceil(np.log(largest / smallest) / np.log(_STEP) - 0.01))
    return [largest * (smallest / largest) ** (i / max(1, count - 1)) for i in range(count)]


def _resized(gray: Floats, scale: float) -> Floats:
    height, width = (max(1, round(side * scale)) for side in gray.shape)
    resampling = Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(gray).resize((width, height), resampling))


def _detect_at(ink: Floats, shape: tuple[int, ...], path: Path) -> Detections:
    """Detect the digits that one level of the pyramid shows in the right size.

    Args:
        ink: of the level.
        shape: height and width of the picture, in whose pixels boxes are returned.
        path: ONNX file of the network.
    """
    height, width = ink.shape
    ink = np.pad(ink, _MARGIN)
    ink = np.pad(ink, [(0, -side % 8) for side in ink.shape])
    (output,) = _session(path).run(None, {"ink": ink[None, None]})
    centre = _sigmoid(output[0, 0])
    peaks = (centre == ndimage.maximum_filter(centre, 3)) & (centre > _LEAST)
    rows, columns = np.nonzero(peaks)
    x, y = (STRIDE * (index + 0.5) - _MARGIN for index in (columns, rows))
    sides = output[0, 1 + CLASSES :, rows, columns] * BOX_UNIT
    boxes = np.stack([x - sides[:, 0], y - sides[:, 1], x + sides[:, 2], y + sides[:, 3]], axis=1)
    tall = boxes[:, 3] - boxes[:, 1]
    fits = (tall > _HEIGHTS[0]) & (tall < _HEIGHTS[1])
    boxes = boxes * (np.array((shape[1], shape[0]) * 2) / np.array((width, height) * 2))
    probabilities = _softmax(output[0, 1 : 1 + CLASSES, rows, columns])
    return Detections(
        boxes[fits].astype(np.float32), centre[rows, columns][fits], probabilities[fits]
    )


@lru_cache(maxsize=2)
def _session(path: Path) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(
        path.read_bytes(), options, providers=["CPUExecutionProvider"]
    )


def _sigmoid(logits: Floats) -> Floats:
    result: Floats = np.float32(1) / (np.float32(1) + np.exp(-logits))
    return result


def _softmax(logits: Floats) -> Floats:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    result: Floats = powers / powers.sum(axis=1, keepdims=True)
    return result
