"""Doubtful components are cut again where the classifier is more confident."""

from itertools import pairwise

import numpy as np
import pytest
from classified import classified_as, component_of
from pictures import enlarged
from PIL import Image, ImageDraw

from tenfold.export.predictor import default_predictor
from tenfold.handwriting import detect_digits
from tenfold.handwriting.classifier import Classifier, aspect_cost, concatenate
from tenfold.handwriting.reading import read
from tenfold.handwriting.shortest_path import (
    candidate_cuts,
    cheapest_path,
    ink_between,
    is_doubtful,
)


def touching(plain, text, overlap=2):
    """Digits side by side that share some columns of ink."""
    ink = np.zeros((28, 0), np.uint8)
    for character in text:
        digit = plain[int(character)]
        digit = digit[:, (digit > 127).any(axis=0)]
        wider = np.pad(ink, ((0, 0), (0, max(0, digit.shape[1] - min(overlap, ink.shape[1])))))
        window = wider[:, wider.shape[1] - digit.shape[1] :]
        np.maximum(window, digit, out=window)
        ink = wider
    return 255 - np.pad(enlarged(ink), 60)


@pytest.mark.parametrize("text", ["24", "53"])
def test_touching_digits_are_cut_where_the_classifier_is_confident(text, plain):
    assert read(touching(plain, text)).text == text


def test_probabilities_require_a_classifier(plain):
    assert detect_digits(touching(plain, "24")).probabilities is None
    classifier = Classifier.from_predictor(default_predictor())
    classified = detect_digits(touching(plain, "24"), classifier=classifier)
    assert classified.probabilities.shape == (2, 11)
    assert (classified.probabilities.argmax(axis=1) == [2, 4]).all()


def test_the_cheapest_path_is_the_minimum_over_all_paths():
    generator = np.random.default_rng(0)
    nodes = 6
    spans = [(i, j) for i in range(nodes) for j in range(i + 1, nodes)]
    for _ in range(20):
        costs = generator.uniform(0, 3, len(spans)).tolist()
        node_costs = [0.0, *generator.uniform(0, 1, nodes - 2).tolist(), 0.0]
        cost_of = dict(zip(spans, costs, strict=True))
        totals = []
        for chosen in range(2 ** (nodes - 2)):
            stops = [0, *(k for k in range(1, nodes - 1) if chosen >> (k - 1) & 1), nodes - 1]
            edges = list(pairwise(stops))
            totals.append(sum(cost_of[edge] + node_costs[edge[1]] for edge in edges))
        cost, path = cheapest_path(spans, costs, node_costs)
        assert cost == pytest.approx(min(totals))
        assert (spans[path[0]][0], spans[path[-1]][1]) == (0, nodes - 1)
    assert cheapest_path([(0, 1)], [1.0], [0.0, 0.5, 0.0]) is None


def test_cuts_separate_the_ink_without_loss():
    picture = Image.new("1", (200, 100))
    draw = ImageDraw.Draw(picture)
    draw.ellipse([5, 5, 95, 95], outline=1, width=8)
    draw.ellipse([95, 5, 190, 95], outline=1, width=8)
    component = component_of(np.asarray(picture))
    cuts = [cut.path for cut in candidate_cuts(component, 8)]
    assert len(cuts) > 3
    for cut in cuts:
        assert (np.abs(np.diff(cut)) <= 1).all()
    ends = [np.zeros(100, int), *cuts, np.full(100, 200)]
    pieces = [ink_between(component, a, b) for a, b in pairwise(ends)]
    assert sum(piece.mask.sum() for piece in pieces if piece) == component.mask.sum()
    assert ink_between(component, ends[0], ends[0]) is None


def test_wide_or_unsure_digits_are_doubtful():
    narrow, wide = component_of(np.ones((10, 5), bool)), component_of(np.ones((10, 14), bool))
    assert aspect_cost(narrow) == 0
    assert aspect_cost(wide) > 3
    assert not is_doubtful(classified_as([narrow], [0.99]))
    assert is_doubtful(classified_as([narrow], [0.5]))
    assert is_doubtful(classified_as([narrow, narrow], [0.99, 0.99]))  # cut by shape alone
    assert is_doubtful(classified_as([wide], [0.999]))


def test_groups_are_selected_and_concatenated():
    components = [component_of(np.ones((10, k), bool)) for k in range(1, 6)]
    classified = classified_as(components, [0.1, 0.2, 0.3, 0.4, 0.5])
    groups = [classified.select(range(a, b)) for a, b in pairwise([0, 2, 3, 5])]
    assert [len(group.components) for group in groups] == [2, 1, 2]
    again = concatenate(groups)
    assert again.components == components
    np.testing.assert_array_equal(again.probabilities, classified.probabilities)
