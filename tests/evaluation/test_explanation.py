"""Explaining: evidence against covering by hand, neighbours against SciPy, and bad input."""

import numpy as np
import pytest
from scipy import ndimage

from tenfold import InputError
from tenfold.data.dataset import Dataset
from tenfold.evaluation.evidence import log_odds
from tenfold.evaluation.explanation import Neighbours, evidence
from tenfold.handwriting.reading import default_predictor


@pytest.fixture(scope="module")
def seven(few):
    return few.test.images[0]


def test_a_pixel_has_the_mean_fall_of_the_windows_over_it(seven):
    network = default_predictor()
    found = evidence(network, seven)
    y, x = 8, 13
    odds = []
    for top in range(0, 23, 2):
        for left in range(0, 23, 2):
            if top <= y < top + 6 and left <= x < left + 6:
                covered = seven.copy()
                covered[top : top + 6, left : left + 6] = 0
                odds.append(log_odds(network(covered), np.array([found.answer]))[0])
    plain = log_odds(network(seven), np.array([found.answer]))[0]
    assert len(odds) == 9
    assert network.class_names[found.answer] == "7"
    assert found.map[y, x] * found.strongest == pytest.approx(plain - np.mean(odds), abs=0.02)
    assert np.abs(found.map).max() == pytest.approx(1)


def test_covering_the_strongest_ink_hurts_more_than_covering_the_weakest(seven):
    network = default_predictor()
    found = evidence(network, seven)
    ink = np.where(seven > 0, found.map, np.nan)

    def chance(place):
        y, x = np.unravel_index(place, seven.shape)
        covered = seven.copy()
        covered[max(0, y - 3) : y + 4, max(0, x - 3) : x + 4] = 0
        return network(covered)[0, found.answer]

    assert chance(np.nanargmax(ink)) < chance(np.nanargmin(ink))


def test_an_empty_image_has_no_evidence():
    found = evidence(default_predictor(), np.zeros((28, 28), np.uint8))
    assert not found.map.any()


def test_ink_that_spoke_against_the_answer_is_negative():
    def undecided(images):
        for_it, against = images[:, 2, 2] > 0, images[:, 25, 25] > 0
        chance = 0.6 + 0.3 * for_it - 0.09 * against
        return np.stack([chance, 1 - chance], axis=1)

    found = evidence(undecided, np.full((28, 28), 9, np.uint8))
    assert found.map[2, 2] > 0.9
    assert found.map[25, 25] < -0.1
    assert found.map[14, 14] == 0


def test_neighbours_are_those_of_a_search_with_scipy(few):
    data, image = few.train, few.test.images[3]
    kernel = np.array([1, 4, 6, 4, 1]) / 16

    def seen(images):
        for axis in (1, 2):
            images = ndimage.correlate1d(images.astype(float), kernel, axis=axis, mode="constant")
        return images.reshape(len(images), 14, 2, 14, 2).mean(axis=(2, 4)).reshape(len(images), -1)

    expected = np.sqrt(((seen(data.images) - seen(image[None])) ** 2).mean(axis=1)) / 255
    found = Neighbours(data).nearest(image, k=5)
    distances = [neighbour.distance for neighbour in found]
    assert distances == pytest.approx(np.sort(expected)[:5], abs=0.003)
    assert distances == sorted(distances)
    for neighbour in found:
        assert neighbour.distance == pytest.approx(expected[neighbour.index], abs=0.003)
        assert neighbour.label == data.class_names[data.labels[neighbour.index]]
        np.testing.assert_array_equal(neighbour.image, data.images[neighbour.index])


def test_a_training_image_is_its_own_neighbour(few):
    first = Neighbours(few.train).nearest(few.train.images[41], k=1)[0]
    assert (first.index, first.distance) == (41, 0)


def test_images_of_odd_sides_are_compared(few):
    odd = Dataset(few.train.images[:20, :27, :25], few.train.labels[:20], few.train.class_names)
    assert Neighbours(odd).nearest(odd.images[7], k=1)[0].index == 7


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda few: evidence(default_predictor(), np.zeros((28, 28))),
            r"received float64 \[28, 28\]",
        ),
        (
            lambda few: evidence(default_predictor(), np.zeros((5, 28), np.uint8)),
            "at least 6 pixels",
        ),
        (lambda few: Neighbours(few.train[:0]), "no images to compare with"),
        (
            lambda few: Neighbours(few.train).nearest(np.zeros((8, 8), np.uint8)),
            r"received \(8, 8\)",
        ),
        (lambda few: Neighbours(few.train).nearest(few.train.images[0], k=0), "k must be 1 to 640"),
    ],
)
def test_bad_input_is_refused_in_one_line(few, call, message):
    with pytest.raises(InputError, match=message) as caught:
        call(few)
    assert "\n" not in str(caught.value)
