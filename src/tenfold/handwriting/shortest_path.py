"""Cut doubtful components again where a classifier is more confident, by a shortest path.

Candidate cuts are nodes of a graph, the ink between two cuts is possibly one digit, and dynamic
programming finds the path of lowest cost.

Source: LeCun, Bottou, Bengio & Haffner, "Gradient-based learning applied to document
recognition", 1998, section VII.
"""

from __future__ import annotations

from itertools import accumulate, combinations, pairwise

import numpy as np

from tenfold.handwriting.classifier import Classified, Classifier, Crop, concatenate
from tenfold.handwriting.segmentation.components import MIN_RELATIVE_HEIGHT, Component
from tenfold.handwriting.segmentation.cutting import Cut, Path, cut_between
from tenfold.handwriting.segmentation.rules import Segmentation
from tenfold.handwriting.time_budget import is_time_up

_DOUBTFUL_CONFIDENCE = 0.9  # below it a digit is doubtful,
_DOUBTFUL_ASPECT = 0.95  # or above this width by height
_MIN_CONFIDENCE = 0.8  # of every digit of the new cuts
_MIN_GAIN = 0.5  # reduction of the cost by the new cuts
_MAX_CUTS = 8  # candidates for a component that is as wide as high
_STEP, _MARGIN = 0.1, 0.25  # of the height: distance of candidates, and their leeway
_CUT_COST, _INK_COST = 0.8, 0.3  # of a cut, and of each stroke width of ink on it
_MAX_DIGIT_ASPECT = 1.6  # width by height of a digit between two cuts
_SURELY_REJECTED = 0.8  # probability of the reject class
_MAX_REJECTED_INK = 0.4  # of a component, above which its other pieces are no digits either
_MAX_DOUBTFUL = 60  # components per picture; with more it is not handwriting of digits


def classify_and_recut(
    segmentation: Segmentation, classifier: Classifier, crop: Crop
) -> Classified:
    """Classify the digits of a segmentation and cut doubtful components again.

    Args:
        segmentation: at least one component.
        classifier: predicts the class of crops.
        crop: makes the crop of a component.
    """
    digits = classifier.classify(segmentation.digits, crop)
    bounds = [0, *accumulate(len(split) for split in segmentation.splits)]
    in_time = len(digits.components)
    groups = [
        digits.select(range(start, min(end, in_time)))
        for start, end in pairwise(bounds)
        if start < in_time
    ]
    doubtful = [i for i, group in enumerate(groups) if is_doubtful(group)][:_MAX_DOUBTFUL]
    for i in doubtful:
        if is_time_up():
            break
        component = segmentation.components[i]
        recut = _recut(component, groups[i], segmentation, classifier, crop)
        groups[i] = _rejected_as_a_whole(component, recut, classifier, crop)
    return concatenate(groups)


def _rejected_as_a_whole(
    component: Component, digits: Classified, classifier: Classifier, crop: Crop
) -> Classified:
    """Return the entire component if much of it and the whole are surely no digit.

    Cuts through a scribble give pieces that look like digits.
    """
    if digits.reject is None or len(digits.components) == 1:
        return digits
    is_rejected = digits.probabilities[:, digits.reject] > _SURELY_REJECTED
    ink = np.array([np.count_nonzero(piece.mask) for piece in digits.components])
    if ink[is_rejected].sum() <= _MAX_REJECTED_INK * ink.sum():
        return digits
    whole = classifier.classify([component], crop)
    return whole if whole.probabilities[0, digits.reject] > _SURELY_REJECTED else digits


def is_doubtful(digits: Classified) -> bool:
    """Return whether the digits of one component may have better cuts."""
    wide = any(digit.width > _DOUBTFUL_ASPECT * digit.height for digit in digits.components)
    unsure = bool(digits.confidence.min() < _DOUBTFUL_CONFIDENCE)
    return wide or len(digits.components) > 1 or unsure


def _recut(
    component: Component,
    digits: Classified,
    segmentation: Segmentation,
    classifier: Classifier,
    crop: Crop,
) -> Classified:
    """Return the digits of a component, or those of the cheapest other cuts if clearly better."""
    pen = segmentation.pen
    cuts = candidate_cuts(component, pen)
    if not cuts:
        return digits
    spans = _spans(component, [cut.path for cut in cuts], segmentation.height)
    if not spans:
        return digits
    candidates = classifier.classify(list(spans.values()), crop)
    if len(candidates.components) < len(spans):
        return digits
    cut_costs = [0.0, *(_CUT_COST + _INK_COST * cut.ink / pen for cut in cuts), 0.0]
    path = cheapest_path(list(spans), candidates.costs.tolist(), cut_costs)
    previous_cost = digits.costs.sum() + _CUT_COST * (len(digits.components) - 1)
    if path is None or path[0] >= previous_cost - _MIN_GAIN:
        return digits
    chosen = candidates.select(path[1])
    return chosen if chosen.confidence.min() > _MIN_CONFIDENCE else digits


def _spans(
    component: Component, cuts: list[Path], height: float
) -> dict[tuple[int, int], Component]:
    """Return the ink between any two cuts or ends, by node indices, where it may be a digit."""
    ends = [np.zeros(component.height, np.intp), *cuts, np.full(component.height, component.width)]
    return {
        (i, j): piece
        for i, j in combinations(range(len(ends)), 2)
        if (piece := ink_between(component, ends[i], ends[j]))
        and piece.height > MIN_RELATIVE_HEIGHT * height
        and piece.width < _MAX_DIGIT_ASPECT * piece.height
    }


def candidate_cuts(component: Component, pen: float) -> list[Cut]:
    """Return distinct cuts with little ink and at most two crossings, from left to right.

    Args:
        component: to cut.
        pen: stroke width in pixels.
    """
    step = max(2, round(_STEP * component.height))
    margin = round(_MARGIN * component.height)
    cuts = [
        cut_between(component, max(0, column - margin), column + margin + 1, pen)
        for column in range(2 * step, component.width - step, step)
    ]
    valid = [cut for cut in cuts if cut.ink <= 3.5 * pen and cut.crossings <= 2]
    distinct: list[Cut] = []
    for cut in sorted(valid, key=lambda cut: cut.ink + cut.crossings * pen):
        if all(abs(float((cut.path - o.path).mean())) > 0.5 * step for o in distinct):
            distinct.append(cut)
    limit = max(2, round(_MAX_CUTS * component.width / component.height))
    return sorted(distinct[:limit], key=lambda cut: float(cut.path.mean()))


def ink_between(component: Component, left: Path, right: Path) -> Component | None:
    """Return the ink of a component between two paths, or None if there is none."""
    columns = np.arange(component.width)
    return component.select((columns >= left[:, None]) & (columns < right[:, None]))


def cheapest_path(
    spans: list[tuple[int, int]], span_costs: list[float], node_costs: list[float]
) -> tuple[float, list[int]] | None:
    """Return the cost of the cheapest path from the first to the last node, and its spans.

    Args:
        spans: start and end node of each edge, start < end.
        span_costs: cost per edge.
        node_costs: cost per node.

    Returns:
        The cost and the indices of the edges, or None if no path exists.
    """
    best: dict[int, tuple[float, list[int]]] = {0: (0.0, [])}
    for k in sorted(range(len(spans)), key=lambda k: spans[k]):
        start, end = spans[k]
        if start in best:
            cost = best[start][0] + span_costs[k] + node_costs[end]
            if end not in best or cost < best[end][0]:
                best[end] = (cost, [*best[start][1], k])
    return best.get(len(node_costs) - 1)
