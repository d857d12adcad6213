"""`load` of datasets in memory: arrays, frames, Pillow images, and the objects of other libraries.

PyTorch and TensorFlow are not needed for the tests: objects with the same attributes stand for
theirs, as `load` recognizes them by these.
"""

import re

import numpy as np
import pandas as pd
import pytest
from dataset_files import pictures
from PIL import Image
from sklearn.datasets import load_digits

from tenfold.core.errors import InputError
from tenfold.data import Dataset, load

X, Y = pictures(60)
PIL = [Image.fromarray(image) for image in X]
NAMES = ["ant", "bee", "cat"]


class Tensor:
    def __init__(self, array):
        self._array = np.asarray(array)
        self.shape = self._array.shape

    def __len__(self):
        return len(self._array)

    def detach(self):
        return self

    def cpu(self):
        return self

    def numpy(self):
        return self._array

    def __array__(self, dtype=None, copy=None):
        raise TypeError("can't convert cuda:0 device type tensor to numpy")


class TensorDataset:
    def __init__(self, *tensors):
        self.tensors = tensors


class Items:
    """A map-style dataset of PyTorch."""

    def __init__(self, images, labels):
        self._images, self._labels = images, labels

    def __len__(self):
        return len(self._labels)

    def __getitem__(self, index):
        if index >= len(self._labels):
            raise IndexError
        return self._images[index], int(self._labels[index])


class Torchvision(Items):
    classes = NAMES
    transform = "ToTensor()"

    def __init__(self):
        super().__init__(PIL, Y)
        self.data, self.targets = Tensor(X), Tensor(Y)


class Subset:
    def __init__(self, dataset, indices):
        self.dataset, self.indices = dataset, indices


class DataLoader:
    batch_sampler = "BatchSampler"

    def __init__(self, dataset):
        self.dataset = dataset


class TfData:
    def __init__(self, elements, cardinality=-2):
        self._elements, self._cardinality = elements, cardinality

    def cardinality(self):
        return Tensor(self._cardinality)

    def as_numpy_iterator(self):
        return iter(self._elements)


class Feature:
    names = NAMES


class HuggingFace:
    column_names = ("image", "label")

    def __init__(self):
        self.features = {"image": object(), "label": Feature()}

    def __len__(self):
        return len(Y)

    def __getitem__(self, index):
        return {"image": PIL[index], "label": int(Y[index])}


class Info:
    def __init__(self):
        self.features, self.splits = {"label": Feature()}, {}


def shuffled_frame():
    frame = pd.DataFrame(X.reshape(60, -1), columns=[f"pixel{i}" for i in range(784)])
    return frame[sorted(frame.columns)].assign(label=Y)


def object_array():
    images = np.empty(60, object)
    images[:] = list(X)
    return images


ONE_SPLIT = {
    "arrays": (X, Y),
    "a list of both": [X, Y],
    "lists of numbers": (X.tolist(), Y.tolist()),
    "lists of arrays": (list(X), list(Y)),
    "tensors, channels first": (Tensor(X[:, None]), Tensor(Y)),
    "floats and one-hot": (X / 255, np.eye(3)[Y]),
    "a frame and a series": (pd.DataFrame(X.reshape(60, -1)), pd.Series(Y.astype(str))),
    "a frame": pd.DataFrame(X.reshape(60, -1)).assign(label=Y),
    "a frame with columns sorted as text": shuffled_frame(),
    "a frame of images": pd.DataFrame({"image": PIL, "target": Y}),
    "a frame of arrays": pd.DataFrame({"image": list(X), "target": Y.astype(str)}),
    "a frame with an index column": pd.DataFrame(X.reshape(60, -1)).assign(label=Y).reset_index(),
    "a shuffled frame": pd.DataFrame(X.reshape(60, -1)).assign(label=Y).sample(60, random_state=1),
    "a frame of classes": pd.DataFrame(X.reshape(60, -1)).assign(y=pd.Categorical(Y)),
    "an array of objects": (object_array(), Y),
    "one-hot, classes first": (X, np.eye(3)[Y].T),
    "arrays by name": {"x_train": X, "y_train": Y},
    "a bunch": {"data": X.reshape(60, -1), "target": Y.astype(str).astype(object)},
    "Pillow images": (PIL, list(Y)),
    "pairs of Pillow images": list(zip(PIL, Y.tolist(), strict=True)),
    "pairs of arrays": list(zip(X, Y, strict=True)),
    "a generator of pairs": lambda: zip(X, Y, strict=True),
    "TensorDataset": TensorDataset(Tensor(X[:, None] / np.float32(255)), Tensor(Y)),
    "Dataset of Pillow images": Items(PIL, Y),
    "Dataset of tensors": Items([Tensor(image[None] / np.float32(255)) for image in X], Y),
    "Subset": Subset(Items(PIL, Y), range(60)),
    "DataLoader": DataLoader(Items(PIL, Y)),
    "tf.data": TfData(list(zip(X[..., None], Y, strict=True))),
    "tf.data in batches": TfData([(X[:32], Y[:32]), (X[32:], Y[32:])]),
    "tf.data of dictionaries": TfData(
        [{"image": x[..., None], "label": y} for x, y in zip(X, Y, strict=True)]
    ),
    "tf.data of one-hot labels": TfData([(x, np.eye(3)[y]) for x, y in zip(X, Y, strict=True)]),
}
NAMED = {
    "torchvision": Torchvision(),
    "datasets": HuggingFace(),
    "tfds with info": (TfData(list(zip(X, Y, strict=True))), Info()),
    "text": (X, np.array(NAMES)[Y]),
    "images by class": {
        name: [PIL[i] for i in np.flatnonzero(k == Y)] for k, name in enumerate(NAMES)
    },
}


def assert_same_images(splits):
    """All images are there with their labels, in whichever split and order."""
    parts = splits.present().values()
    images = [image.tobytes() for part in parts for image in part.images]
    labels = [label for part in parts for label in part.labels]
    found = sorted(zip(images, labels, strict=True))
    assert found == sorted((image.tobytes(), label) for image, label in zip(X, Y, strict=True))


@pytest.mark.parametrize("kind", ONE_SPLIT)
def test_one_split(kind):
    source = ONE_SPLIT[kind]
    splits = load(source() if callable(source) else source)
    assert_same_images(splits)
    assert splits.class_names == ("0", "1", "2")
    assert splits.origin is None


@pytest.mark.parametrize("kind", NAMED)
def test_names_of_classes(kind):
    splits = load(NAMED[kind])
    assert_same_images(splits)
    assert splits.class_names == tuple(NAMES)


SEVERAL = {
    "keras.datasets": ((X[:40], Y[:40]), (X[40:], Y[40:])),
    "a dictionary of pairs": {"train": (X[:40], Y[:40]), "test": (X[40:], Y[40:])},
    "a dictionary of datasets": {"train": Items(PIL[:40], Y[:40]), "test": Items(PIL[40:], Y[40:])},
    "two datasets": (Items(PIL[:40], Y[:40]), Items(PIL[40:], Y[40:])),
    "random_split": (Subset(Items(PIL, Y), range(40)), Subset(Items(PIL, Y), range(40, 60))),
    "arrays by name": {"x_train": X[:40], "y_train": Y[:40], "x_test": X[40:], "y_test": Y[40:]},
    "a frame with a column of splits": pd.DataFrame(X.reshape(60, -1)).assign(
        label=Y, split=np.repeat(["train", "test"], [40, 20])
    ),
    "two frames": tuple(
        pd.DataFrame(X[part].reshape(-1, 784)).assign(label=Y[part])
        for part in (slice(40), slice(40, 60))
    ),
}


@pytest.mark.parametrize("kind", SEVERAL)
def test_several_splits(kind):
    splits = load(SEVERAL[kind], validation=0)
    assert (len(splits.train), len(splits.test)) == (40, 20)
    assert np.array_equal(splits.train.images, X[:40])
    assert np.array_equal(splits.test.labels, Y[40:])


def test_three_pairs_are_train_validation_and_test():
    splits = load(((X[:30], Y[:30]), (X[30:40], Y[30:40]), (X[40:], Y[40:])))
    assert [len(part) for part in splits.present().values()] == [30, 10, 20]


@pytest.mark.parametrize("as_frame", [False, True])
def test_digits_of_scikit_learn(as_frame):
    bunch = load_digits(as_frame=as_frame)
    splits = load(bunch, validation=0, resize=True)
    assert len(splits.train) + len(splits.test) == 1797
    assert splits.class_names == tuple("0123456789")
    assert splits.train.images.max() == 255


def test_a_transform_that_is_not_applied_is_noted():
    assert "its transform is not applied" in load(Torchvision()).source


REFUSED = {
    "repeats without end": TfData([], cardinality=-1),
    "has no column of labels": pd.DataFrame(X.reshape(60, -1)),
    "no labels of train among x_train": {"x_train": X},
    "the items of a dataset are an image and a label; received int": (i for i in range(4)),
    "received a list of 4 (int, int, int, int)": [1, 2, 3, 4],
    "images differ in size": ([X[0], X[1][:20]], [0, 1]),
    "received int": 5,
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_cannot_be_used_is_refused(message):
    with pytest.raises(InputError, match=re.escape(message)):
        load(REFUSED[message])


@pytest.mark.parametrize(
    "given",
    [
        {"train": Dataset(X, Y), "test": Dataset(X[:12], Y[:12])},
        (Dataset(X, Y), Dataset(X[:12], Y[:12])),
        {"train": (X, Y), "test": (X[:12], Y[:12])},
    ],
)
def test_splits_are_given_as_datasets_or_pairs(given):
    splits = load(given, validation=0)
    assert np.array_equal(splits.train.images, X)
    assert np.array_equal(splits.test.images, X[:12])
    assert splits.test.labels.tolist() == list(Y[:12])


def test_a_list_of_dictionaries_is_images_with_labels():
    splits = load([{"image": x, "label": int(y)} for x, y in zip(X, Y, strict=True)], validation=0)
    assert len(splits.train) + len(splits.test) == 60


class Folder:
    """An `ImageFolder` of torchvision: it numbers the classes that its folder has."""

    def __init__(self, images, names):
        self.data, self.classes = images, sorted(set(names))
        self.targets = [self.classes.index(name) for name in names]


def test_splits_that_number_their_classes_differently_are_matched_by_name():
    names = [NAMES[i % 3] for i in range(60)]
    few = [name for name in names if name != "ant"][:12]
    splits = load((Folder(X, names), Folder(X[:12], few)), validation=0)
    assert [splits.class_names[label] for label in splits.test.labels] == few
    assert [splits.class_names[label] for label in splits.train.labels] == names
    with pytest.raises(InputError, match="have different classes, and those of test have no names"):
        load((Folder(X, names), Folder(X[:12], few), (X[:12], Y[:12])))


def test_paths_among_splits_in_memory_are_refused():
    with pytest.raises(InputError, match="a path among splits in memory; give the folder"):
        load({"train": "train.csv", "test": "test.csv"})
