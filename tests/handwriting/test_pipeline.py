"""From a picture back to MNIST's original digits."""

import numpy as np
import pytest
from pictures import enlarged, on_paper, photographed
from sklearn.neighbors import KNeighborsClassifier

from tenfold.handwriting import detect_digits


@pytest.fixture(scope="module")
def reader(mnist):
    """A nearest-neighbour classifier of 5,000 digits, the reference for accuracies."""
    images, labels = mnist.train.images[:5000], mnist.train.labels[:5000]
    neighbours = KNeighborsClassifier(3).fit(images.reshape(5000, -1), labels)
    return lambda crops: neighbours.predict(crops.reshape(len(crops), -1))


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(lambda image, rng: image, id="as it is"),
        pytest.param(lambda image, rng: 255 - image, id="inverted"),
        pytest.param(lambda image, rng: enlarged(image, 3), id="3 times"),
        pytest.param(lambda image, rng: 255 - enlarged(image, 7), id="7 times, inverted"),
        pytest.param(lambda image, rng: np.pad(enlarged(image, 12), ((150, 20), (0, 90))), id="12"),
        pytest.param(lambda image, rng: photographed(image, 4, rng), id="photo, small"),
        pytest.param(lambda image, rng: photographed(image, 9, rng), id="photo, large"),
    ],
)
def test_crops_of_a_picture_equal_the_original(seen, mnist):
    images, rng = mnist.validation.images[:24], np.random.default_rng(1)
    pages = [detect_digits(seen(image, rng)) for image in images]
    assert [len(page.crops) for page in pages].count(1) >= 23
    away = np.abs(np.stack([page.crops[page.most_central] for page in pages]).astype(int) - images)
    assert away.mean() < 9.5
    assert (away <= 32).mean() > 0.9


def test_photographed_digits_are_classified_as_well_as_the_originals(mnist, reader):
    images, labels = mnist.validation.images[500:620], mnist.validation.labels[500:620]
    rng = np.random.default_rng(2)
    pages = [detect_digits(photographed(image, 4, rng)) for image in images]
    crops = np.stack([page.crops[page.most_central] for page in pages])
    lost = (reader(images) == labels).mean() - (reader(crops) == labels).mean()
    assert lost <= 0.015


def test_boxes_are_in_pixels_of_the_picture(digits):
    ink = np.zeros((300, 500))
    ink[100:212, 200:312] = enlarged(digits[3], 4) / 255
    rows, columns = np.nonzero(ink > 0.5)
    edges = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    assert np.abs(detect_digits(on_paper(ink)).boxes[0] - edges).max() <= 2
    huge = on_paper(ink).repeat(8, axis=0).repeat(8, axis=1)
    page = detect_digits(huge)
    assert page.size == (4000, 2400)
    assert np.abs(page.boxes[0] - np.array(edges) * 8).max() <= 16
