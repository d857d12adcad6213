"""Nearest training images against a search with SciPy."""

import numpy as np
import pytest
from scipy import ndimage

from tenfold import InputError
from tenfold.data.dataset import Dataset
from tenfold.evaluation.nearest_neighbours import NearestNeighbours


def test_neighbours_are_those_of_a_search_with_scipy(few):
    data, image = few.train, few.test.images[3]
    kernel = np.array([1, 4, 6, 4, 1]) / 16

    def features(images):
        for axis in (1, 2):
            images = ndimage.correlate1d(images.astype(float), kernel, axis=axis, mode="constant")
        return images.reshape(len(images), 14, 2, 14, 2).mean(axis=(2, 4)).reshape(len(images), -1)

    difference = features(data.images) - features(image[None])
    expected = np.sqrt((difference**2).mean(axis=1)) / 255
    neighbours = NearestNeighbours(data).nearest(image, k=5)
    distances = [neighbour.distance for neighbour in neighbours]
    assert distances == pytest.approx(np.sort(expected)[:5], abs=0.003)
    assert distances == sorted(distances)
    for neighbour in neighbours:
        assert neighbour.distance == pytest.approx(expected[neighbour.index], abs=0.003)
        assert neighbour.label == data.class_names[data.labels[neighbour.index]]
        np.testing.assert_array_equal(neighbour.image, data.images[neighbour.index])


def test_a_training_image_is_its_own_nearest_neighbour(few):
    first = NearestNeighbours(few.train).nearest(few.train.images[41], k=1)[0]
    assert (first.index, first.distance) == (41, 0)


def test_images_of_odd_sides_are_compared(few):
    odd = Dataset(few.train.images[:20, :27, :25], few.train.labels[:20], few.train.class_names)
    assert NearestNeighbours(odd).nearest(odd.images[7], k=1)[0].index == 7


@pytest.mark.parametrize(
    ("images", "query", "message"),
    [
        (0, {}, "no images to compare with"),
        (640, {"image": np.zeros((8, 8), np.uint8)}, r"received \(8, 8\)"),
        (640, {"image": np.zeros((28, 28), np.uint8), "k": 0}, "k must be 1 to 640"),
    ],
)
def test_bad_input_is_refused_in_one_line(few, images, query, message):
    with pytest.raises(InputError, match=message) as caught:
        NearestNeighbours(few.train[:images]).nearest(**query)
    assert "\n" not in str(caught.value)
