"""Arrays in memory: what people have becomes a dataset, or is refused in one line."""

import numpy as np
import pandas as pd
import pytest

import tenfold
from tenfold.core.errors import InputError
from tenfold.data.arrays import read_arrays

RNG = np.random.default_rng(0)
BYTES = RNG.integers(0, 256, (60, 28, 28), np.uint8)
DIGITS = np.arange(60) % 3


@pytest.mark.parametrize(
    "images",
    [
        BYTES,
        BYTES.reshape(60, 784),
        BYTES[..., None],
        BYTES / 255,
        (BYTES / 255).astype(np.float32).reshape(60, 784),
        BYTES.astype(np.int64),
        BYTES.tolist(),
        pd.DataFrame(BYTES.reshape(60, 784)),
    ],
    ids=["uint8", "flat", "channel", "float64", "flat float32", "int64", "list", "DataFrame"],
)
def test_images_in_any_form_are_the_same_dataset(images):
    data = tenfold.Dataset(images, DIGITS)
    assert np.array_equal(data.images, BYTES)
    assert data.class_names == ("0", "1", "2")


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (DIGITS.tolist(), ("0", "1", "2")),
        (DIGITS.astype(float), ("0", "1", "2")),
        (np.eye(3)[DIGITS], ("0", "1", "2")),
        (DIGITS[:, None], ("0", "1", "2")),
        (pd.Series(DIGITS, dtype="category"), ("0", "1", "2")),
        (np.array(["c0", "c2", "c10"])[DIGITS], ("c0", "c2", "c10")),
        (DIGITS + 1, ("1", "2", "3")),
        (DIGITS + 5, ("5", "6", "7")),
    ],
    ids=["list", "float", "one-hot", "column", "category", "text", "from 1", "from 5"],
)
def test_labels_in_any_form_have_the_names_that_they_say(labels, names):
    data = tenfold.Dataset(BYTES, labels)
    assert data.class_names == names
    assert np.array_equal(data.labels, DIGITS)


def test_text_is_numbered_by_given_class_names():
    data = tenfold.Dataset(BYTES[:3], ["b", "a", "b"], ("b", "a"))
    assert data.labels.tolist() == [0, 1, 0]
    with pytest.raises(InputError, match="labels: 'c' is not among the class names"):
        tenfold.Dataset(BYTES[:1], ["c"], ("b", "a"))


def test_a_dataset_is_a_sequence_of_images_with_labels():
    data = tenfold.Dataset(BYTES, DIGITS)
    image, label = data[4]
    assert np.array_equal(image, BYTES[4])
    assert label == 1
    assert [label for _, label in data] == DIGITS.tolist()
    assert np.array_equal(np.asarray(data), BYTES)


def test_arrays_of_splits_are_copies_without_validation_images():
    splits = tenfold.load((BYTES, DIGITS))
    (x_train, _), (x_test, y_test) = splits.arrays()
    assert len(x_train) + len(x_test) + len(splits.validation) == 60
    assert np.array_equal(y_test, splits.test.labels)
    x_train[0] = 0  # theirs to change
    assert splits.train.images[0].any()
    with pytest.raises(InputError, match="split: no tset"):
        splits.arrays("tset")


def test_pairs_are_train_and_test_as_keras_returns_them():
    splits = tenfold.load(((BYTES, DIGITS), (BYTES[:9], DIGITS[:9])), validation=0)
    assert {name: len(s) for name, s in splits.present().items()} == {"train": 60, "test": 9}
    three = tenfold.load([(BYTES[:30], DIGITS[:30])] * 3)
    assert len(three.validation) == 30


def test_text_of_all_splits_is_numbered_alike():
    names = np.array(["x", "y", "z"])
    raw = read_arrays(((BYTES, names[DIGITS]), (BYTES[:2], names[[2, 1]])))
    assert raw.names == ("x", "y", "z")
    assert raw.splits["test"].labels.tolist() == [2, 1]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (BYTES, "a name, a path, a Dataset or arrays .x, y.; received ndarray"),
        ({"x": BYTES}, "no labels of train among x"),
        ((BYTES,), "received a tuple of 1"),
        ((BYTES, DIGITS[:5]), "60 images, 5 labels"),
        ((BYTES[:, :3], DIGITS), "images are 28x3|sides of"),
        ((BYTES * 2.0, DIGITS), "pixels"),
        ((BYTES, ["a", None] * 30), "label at index 1 is missing"),
    ],
)
def test_what_is_no_dataset_is_refused_in_one_line(source, message):
    with pytest.raises(InputError, match=message) as caught:
        tenfold.load(source)
    assert len(str(caught.value)) <= 300
