"""NPZ, NPY, MAT and HDF5 files: arrays under the names that real datasets use."""

import re

import h5py
import numpy as np
import pytest
import scipy.io
from dataset_files import pictures, write_idx

from tenfold.core.errors import InputError
from tenfold.core.read_options import ReadOptions
from tenfold.data import load
from tenfold.data.formats import read_raw
from tenfold.data.formats.idx import idx_bytes

X, Y = pictures(36)
XV, YV = pictures(9, 2)
XT, YT = pictures(12, 1)
ALL = {"train": (X, Y), "validation": (XV, YV), "test": (XT, YT)}


def named(*names, splits=("train", "test")):
    """Arrays of images and labels of each split, by the given names in turn."""
    arrays = [array for split in splits for array in ALL[split]]
    return dict(zip(names, arrays, strict=True))


TRAIN_AND_TEST = [
    named("x_train", "y_train", "x_test", "y_test"),
    named("X_train", "Y_train", "X_test", "Y_test"),
    named("xtrain", "ytrain", "xtest", "ytest"),
    named("trainX", "trainY", "testX", "testY"),
    named("Xtr", "Ytr", "Xte", "Yte"),
    named("x", "y", "xt", "yt"),
    named("train_x", "train_y", "test_x", "test_y"),
    named("train_images", "train_labels", "test_images", "test_labels"),
    named("training_images", "training_labels", "test_images", "test_labels"),
    named("train_imgs", "train_lbls", "test_imgs", "test_lbls"),
    named("train_data", "train_targets", "test_data", "test_targets"),
    named("train", "train_labels", "test", "test_labels"),
    named("images", "labels", "images_test", "labels_test"),
    named("train_set_x", "train_set_y", "test_set_x", "test_set_y"),
    named("arr_0", "arr_1", "arr_2", "arr_3"),
    {"arr_0": X, "arr_1": XT, "arr_2": Y, "arr_3": YT},
    named("x_train", "y_train", "x_test", "y_test") | {"writer_ids": Y, "index": Y},
]
TRAIN = [
    named(*names, splits=("train",))
    for names in (
        ("x", "y"),
        ("X", "Y"),
        ("image", "label"),
        ("data", "target"),
        ("features", "classes"),
        ("fea", "gnd"),
        ("arr_0", "arr_1"),
        ("a", "b"),
    )
]


def assert_equal(raw, *splits):
    assert tuple(raw.splits) == splits
    for split in splits:
        images, labels = ALL[split]
        assert np.array_equal(raw.splits[split].images, images)
        assert np.array_equal(raw.splits[split].labels, labels)


@pytest.mark.parametrize("arrays", TRAIN_AND_TEST, ids=" ".join)
def test_npz_and_folders_of_npy_by_their_names(arrays, tmp_path):
    np.savez(tmp_path / "data.npz", **arrays)
    assert_equal(read_raw(tmp_path / "data.npz"), "train", "test")
    folder = tmp_path / "npy"
    folder.mkdir()
    for name, array in arrays.items():
        np.save(folder / name, array)
    assert_equal(read_raw(folder), "train", "test")


@pytest.mark.parametrize("arrays", TRAIN, ids=" ".join)
def test_a_single_pair_is_train(arrays, tmp_path):
    np.savez(tmp_path / "data.npz", **arrays)
    assert_equal(read_raw(tmp_path / "data.npz"), "train")


def test_medmnist_has_its_own_validation_split(tmp_path):
    names = [f"{s}_{kind}" for s in ("train", "val", "test") for kind in ("images", "labels")]
    arrays = named(*names, splits=("train", "validation", "test"))
    np.savez(tmp_path / "m.npz", **{n: a[:, None] if a.ndim == 1 else a for n, a in arrays.items()})
    assert_equal(read_raw(tmp_path / "m.npz"), "train", "validation", "test")
    assert len(load(tmp_path / "m.npz").validation) == 9


@pytest.mark.parametrize("kind", ["imgs labels", "images labels", "data targets", "x y"])
def test_images_and_labels_in_separate_npz_files(kind, tmp_path):
    images, labels = kind.split()
    for split, short in (("train", "train"), ("test", "test")):
        np.savez_compressed(tmp_path / f"k49-{short}-{images}.npz", ALL[split][0])
        np.savez_compressed(tmp_path / f"k49-{short}-{labels}.npz", ALL[split][1])
    assert_equal(read_raw(tmp_path), "train", "test")


AXES = {
    "channels last": X[..., None],
    "channels first": X[:, None],
    "flat": X.reshape(36, 784),
    "flat with a channel": X.reshape(36, 784, 1),
    "flat with a channel first": X.reshape(36, 1, 784),
    "colour, channels last": np.repeat(X[..., None], 3, 3),
    "colour, channels first": np.repeat(X[:, None], 3, 1),
}


@pytest.mark.parametrize("axes", AXES)
def test_axes(axes, tmp_path):
    np.savez(tmp_path / "d.npz", x_train=AXES[axes], y_train=Y)
    assert_equal(read_raw(tmp_path / "d.npz"), "train")


LABELS = {
    "one-hot": (np.eye(3)[Y], ("0", "1", "2")),
    "one-hot of -1 and 1": (np.eye(3)[Y] * 2 - 1, ("0", "1", "2")),
    "a column": (Y[:, None], ("0", "1", "2")),
    "floats": (Y.astype(float), ("0", "1", "2")),
    "from 1": (Y + 1, ("1", "2", "3")),
    "digits as text": (Y.astype(str), ("0", "1", "2")),
    "text": (np.array(["ant", "bee", "cat"])[Y], ("ant", "bee", "cat")),
    "bytes": (np.array([b"ant", b"bee", b"cat"])[Y], ("ant", "bee", "cat")),
    "numbers in text": (np.array(["c2", "c3", "c10"])[Y], ("c2", "c3", "c10")),
}


@pytest.mark.parametrize("labels", LABELS)
def test_labels(labels, tmp_path):
    values, names = LABELS[labels]
    np.savez(tmp_path / "d.npz", x_train=X, y_train=values)
    raw = read_raw(tmp_path / "d.npz")
    assert_equal(raw, "train")
    assert raw.class_names == names


def test_an_array_of_class_names_names_the_classes(tmp_path):
    np.savez(tmp_path / "d.npz", x_train=X, y_train=Y, class_names=["ant", "bee", "cat"])
    assert read_raw(tmp_path / "d.npz").class_names == ("ant", "bee", "cat")


def test_a_test_split_without_labels_is_left_out(tmp_path):
    np.savez(tmp_path / "d.npz", x_train=X, y_train=Y, x_test=XT)
    raw = read_raw(tmp_path / "d.npz")
    assert_equal(raw, "train")
    assert raw.notes == ("x_test has no labels, left out",)


def test_one_npy_file_a_class(tmp_path):
    for label, name in enumerate(("apple", "bus", "cat")):
        np.save(tmp_path / f"full_numpy_bitmap_{name}.npy", X[label == Y].reshape(-1, 784))
    raw = read_raw(tmp_path)
    assert raw.class_names == ("apple", "bus", "cat")
    assert np.array_equal(raw.splits["train"].images[12:24], X[Y == 1])


def as_matlab(images):
    return np.moveaxis(images, 0, -1)


COLOUR = np.repeat(np.pad(X, ((0, 0), (2, 2), (2, 2)))[..., None], 3, 3)
MAT = {
    "n-MNIST": {"train_x": X.reshape(36, -1), "train_y": np.eye(3)[Y]},
    "mnist-original": {"data": X.reshape(36, -1).T, "label": Y[None].astype(float)},
    "EMNIST": {
        "dataset": {
            "train": {"images": X.reshape(36, -1), "labels": Y[:, None], "writers": Y[:, None]},
            "mapping": np.array([[0, 48], [1, 49], [2, 50]]),
        }
    },
    "mnist_all": {f"train{i}": X[i == Y].reshape(-1, 784) for i in range(3)},
    "COIL": {"fea": X.reshape(36, -1), "gnd": Y[:, None] + 1},
    "images last": {"images": as_matlab(X), "labels": Y[:, None]},
    "usps_resampled": {"train_patterns": X.reshape(36, -1).T, "train_labels": np.eye(3)[Y].T},
}


def write_mat73(path, content):
    """As MATLAB 7.3 does: HDF5 behind 512 bytes, with the axes in reverse order."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, value in content.items():
            for key, array in value.items() if isinstance(value, dict) else [("", value)]:
                if isinstance(array, dict):
                    for inner, part in array.items():
                        file[f"{name}/{key}/{inner}"] = part.T
                else:
                    file[f"{name}/{key}".rstrip("/")] = array.T
        file.create_group("#refs#")["a"] = np.zeros(3)
    with path.open("r+b") as start:
        start.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: Mon Jan  1")


@pytest.mark.parametrize("write", [scipy.io.savemat, write_mat73])
@pytest.mark.parametrize("layout", MAT)
def test_mat(layout, write, tmp_path):
    path = tmp_path / "data.mat"
    write(path, MAT[layout])
    is_certain = layout in ("EMNIST", "images last")
    raw = read_raw(path, ReadOptions(transpose=None if is_certain else False))
    by_class = layout == "mnist_all"
    order = np.argsort(Y, kind="stable") if by_class else np.arange(36)
    assert np.array_equal(raw.splits["train"].images, X[order])
    assert np.array_equal(raw.splits["train"].labels, Y[order])


@pytest.mark.parametrize("write", [scipy.io.savemat, write_mat73])
def test_flat_pixels_of_matlab_are_by_row_or_by_column(write, tmp_path):
    path = tmp_path / "faces.mat"
    write(path, {"fea": X.swapaxes(1, 2).reshape(36, -1), "gnd": Y[:, None] + 1})
    with pytest.raises(InputError, match="for rows, or --transpose for"):
        read_raw(path)
    assert np.array_equal(read_raw(path, ReadOptions(transpose=True)).splits["train"].images, X)
    write(path, {"fea": X.reshape(36, -1), "gnd": np.arange(36)[:, None] % 10})
    assert np.array_equal(read_raw(path).splits["train"].images, X)  # maybe digits


def test_hdf5_of_other_software_named_mat_is_not_reversed(tmp_path):
    with h5py.File(tmp_path / "x.mat", "w") as file:
        file["x"], file["y"] = X, Y
    assert np.array_equal(read_raw(tmp_path / "x.mat").splits["train"].images, X)


@pytest.mark.parametrize("write", [scipy.io.savemat, write_mat73])
def test_svhn(write, tmp_path):
    labels = np.where(Y == 0, 10, Y)
    write(tmp_path / "train_32x32.mat", {"X": as_matlab(COLOUR), "y": labels[:, None]})
    write(tmp_path / "test_32x32.mat", {"X": as_matlab(COLOUR[:12]), "y": labels[:12, None]})
    splits = load(tmp_path, validation=0, resize=True)
    assert (len(splits.train), len(splits.test)) == (36, 12)
    assert np.array_equal(splits.train.labels, Y)
    assert splits.class_names == ("0", "1", "2")
    images = load(tmp_path, validation=0).test.images
    assert np.array_equal(images[:12], COLOUR[:12, ..., 0])


def test_usps_in_hdf5(tmp_path):
    with h5py.File(tmp_path / "usps.h5", "w") as file:
        for split in ("train", "test"):
            file[f"{split}/data"] = ALL[split][0].reshape(-1, 784) / np.float32(255)
            file[f"{split}/target"] = ALL[split][1]
    assert_equal(read_raw(tmp_path / "usps.h5"), "train", "test")
    assert_equal(read_raw(tmp_path), "train", "test")


def test_hdf5_with_classes_in_several_files(tmp_path):
    for split in ("train", "test"):
        with h5py.File(tmp_path / f"{split}_signs.h5", "w") as file:
            file[f"{split}_set_x"], file[f"{split}_set_y"] = ALL[split]
            file["list_classes"] = np.array([b"ant", b"bee", b"cat"])
    raw = read_raw(tmp_path)
    assert_equal(raw, "train", "test")
    assert raw.class_names == ("ant", "bee", "cat")


@pytest.mark.parametrize("labels", ["idx2-int", "idx2-int.gz"])
def test_qmnist(labels, tmp_path):
    import gzip

    write_idx(tmp_path, "qmnist-train")
    (tmp_path / "qmnist-train-labels-idx1-ubyte").unlink()
    table = np.arange(36 * 8).reshape(36, 8).astype(">i4")
    table[:, 0] = Y
    pack = gzip.compress if labels.endswith("gz") else bytes
    (tmp_path / f"qmnist-train-labels-{labels}").write_bytes(pack(idx_bytes(table)))
    assert_equal(read_raw(tmp_path), "train")
    assert_equal(read_raw(tmp_path / "qmnist-train-images-idx3-ubyte"), "train")


def npz(**arrays):
    return lambda folder: np.savez(folder / "d.npz", **arrays)


def two_npz(folder):
    np.savez(folder / "fashion.npz", x_train=X, y_train=Y)
    np.savez(folder / "mnist.npz", x_train=X, y_train=Y)


REFUSED = {
    "several arrays of train labels (fine_labels, coarse_labels)": npz(
        x=X, fine_labels=Y, coarse_labels=Y
    ),
    "several arrays of train images (fashion/x_train, mnist/x_train)": two_npz,
    "has x_train, but no labels with it": npz(x_train=X, x_test=XT, y_test=YT),
    "has y_train, but no images with it": npz(y_train=Y),
    "received [36, 14] of probabilities": npz(x=X, y=np.full((36, 14), 0.5)),
    "the label at index 3 is missing": npz(x=X, y=np.array(["a", "b", "a", "", *["b"] * 32])),
    "holds arr_0, arr_1; needed": npz(arr_0=X, arr_1=XT),
    "holds weights": npz(weights=np.eye(3)),
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_is_missing_or_ambiguous_is_refused(message, tmp_path):
    REFUSED[message](tmp_path)
    with pytest.raises(InputError, match=re.escape(message)):
        load(tmp_path)


@pytest.mark.parametrize("name", ["data.mat", "data.h5"])
def test_damaged_files_are_named(name, tmp_path):
    with h5py.File(tmp_path / name, "w") as file:
        file["x"], file["y"] = X, Y
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:700])
    with pytest.raises(InputError, match=f"{name} is damaged"):
        load(tmp_path / name)
