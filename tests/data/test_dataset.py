"""Dataset and Splits: selection, conversion, checksums, notebooks."""

import numpy as np
import pytest
from dataset_files import DIGITS, pictures

from tenfold.core.errors import InputError
from tenfold.data import Dataset, Splits


@pytest.fixture
def data():
    return Dataset(*pictures(36), ("a", "b", "c"), "letters")


def test_selection_by_slice_mask_and_index_array(data):
    assert np.array_equal(data[3:9].images, data.images[3:9])
    assert np.array_equal(data[data.labels == 1].labels, [1] * 12)
    assert np.array_equal(data[np.array([5, 2])].images, data.images[[5, 2]])
    assert data[[5, 2]].name == "letters"
    assert len(data[:0]) == 0
    with pytest.raises(IndexError):
        data[36]


def test_scaled_and_one_hot_have_the_values_of_keras(data):
    assert data.scaled().shape == (36, 28, 28)
    assert data.scaled(flat=True).dtype == np.float32
    assert np.array_equal(data.scaled(), data.images.astype("float32") / 255)
    assert np.array_equal(data.one_hot().argmax(axis=1), data.labels)
    assert data.one_hot().sum() == 36


def test_the_checksum_depends_on_images_labels_and_shape(data):
    assert data.checksum == Dataset(data.images.copy(), data.labels, ("x", "y", "z")).checksum
    others = [
        Dataset(data.images, data.labels[::-1], data.class_names),
        Dataset(data.images[::-1], data.labels, data.class_names),
        Dataset(data.images.reshape(36, 14, 56), data.labels, data.class_names),
        data[:-1],
    ]
    assert len({data.checksum, *(other.checksum for other in others)}) == 5


def test_a_dataset_is_immutable(data):
    with pytest.raises(ValueError, match="read-only"):
        data.images[0] = 0
    with pytest.raises(AttributeError):
        data.name = "other"


def test_arrays_passed_to_a_dataset_stay_writable():
    images, labels = pictures(6)
    Dataset(images, labels, DIGITS)
    assert images.flags.writeable
    assert labels.flags.writeable


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (np.full((2, 28, 28), 1.5), [0, 1], "images: pixels are fractions from 1.5 to 1.5"),
        (np.zeros((2, 783), np.uint8), [0, 1], r"received \[2, 783\]"),
        (np.zeros((2, 28, 28), np.uint8), [0], "1 labels, 2 images"),
        (np.zeros((2, 28, 28), np.uint8), [0, 3], "labels must be 0 to 2"),
        (np.zeros((2, 28, 28), np.uint8), [-1, 0], "they run from -1 to 0"),
        (np.zeros((2, 28, 28), np.uint8), [0.0, 1.5], "whole numbers"),
        (np.zeros((2, 28, 28), np.uint8), [[0, 2], [1, 1]], "of 0 and 1"),
    ],
)
def test_invalid_arrays_are_refused(images, labels, message):
    with pytest.raises(InputError, match=message):
        Dataset(images, np.array(labels), ("a", "b", "c"))


def test_class_names_are_unique(data):
    with pytest.raises(InputError, match="must be unique"):
        Dataset(data.images, data.labels, ("a", "b", "a"))


def test_repr_of_datasets_and_splits(data):
    assert repr(data) == "<Dataset letters: 36 images 28x28, 3 classes>"
    splits = Splits("letters", data[:30], None, data[30:], "here", 0)
    assert repr(splits) == "<Splits letters: train 30, test 6 images 28x28, 3 classes>"
    assert list(splits.present()) == ["train", "test"]


def test_html_repr_shows_a_gallery(data):
    for value in (data, Splits("letters", data, None, None, "here", 0)):
        page = value._repr_html_()
        assert "letters: " in page
        assert 'src="data:image/png;base64,iVBOR' in page
    assert "<img" not in data[:0]._repr_html_()


def test_html_repr_escapes_the_name(data):
    page = Dataset(data.images, data.labels, data.class_names, '<b onload="x">')._repr_html_()
    assert "<b" not in page
