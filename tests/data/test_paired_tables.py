"""Layouts of published datasets: labels in files of their own, or named by characters' codes."""

import gzip

import numpy as np
import pandas as pd
import pytest
from dataset_files import by_content, pictures, write_idx
from PIL import Image
from scipy.io import savemat

from tenfold.core.errors import InputError, InputWarning
from tenfold.data import Dataset, load

X, Y = pictures(40, classes=4)
ROWS = X.reshape(40, -1)
ONE_HOT = np.eye(4, dtype=int)[Y]
PIXELS = [f"p{i}" for i in range(784)]
EXPECTED = by_content(Dataset(X, Y, tuple("0123"), "d"))


def save(path, values, **options):
    options = {"index": False, "header": False} | options
    pd.DataFrame(values, columns=options.pop("names", None)).to_csv(path, **options)


def madbase(folder):
    save(folder / "csvTrainImages 60k x 784.csv", ROWS)
    save(folder / "csvTrainLabel 60k x 1.csv", Y)


def ardis(folder):
    save(folder / "ARDIS_train_2828.csv", ROWS, sep=" ")
    save(folder / "ARDIS_train_labels.csv", ONE_HOT, sep=" ")


def with_headers(folder):
    save(folder / "X_train.csv", ROWS, names=PIXELS, header=True)
    save(folder / "y_train.csv", Y, names=["label"], header=True, index=True)


def without_a_split(folder):
    save(folder / "images.csv", ROWS)
    save(folder / "labels.csv", Y)


def with_ids(folder, images=None, labels=None):
    ids = np.arange(40) * 7 % 40
    x = np.column_stack([ids if images is None else images, ROWS])
    y = np.column_stack([ids if labels is None else labels, Y])
    save(folder / "train_images.csv", x, names=["id", *PIXELS], header=True)
    save(folder / "train_labels.csv", y, names=["id", "label"], header=True)


def semeion(folder):
    save(folder / "semeion.data", np.column_stack([ROWS, ONE_HOT]), sep=" ")


def usps(folder):
    text = pd.DataFrame(np.column_stack([Y, ROWS])).to_csv(index=False, header=False, sep=" ")
    (folder / "zip.train.gz").write_bytes(gzip.compress(text.encode()))


def medmnist(folder):
    (folder / "blood").mkdir()
    names = [f"train{i}_{label}.png" for i, label in enumerate(Y)]
    for image, name in zip(X, names, strict=True):
        Image.fromarray(image).save(folder / "blood" / name)
    parts = ["TRAIN"] * 20 + ["VALIDATION"] * 10 + ["TEST"] * 10
    save(folder / "blood.csv", {"split": parts, "name": names, "label": Y})


def hasy(folder):
    (folder / "data").mkdir()
    (folder / "fold" / "fold-1").mkdir(parents=True)
    names = [f"../../data/{i}.png" for i in range(40)]
    for image, name in zip(X, names, strict=True):
        Image.fromarray(image).save(folder / "fold" / "fold-1" / name)
    table = {"path": names, "label": Y}
    save(folder / "fold" / "fold-1" / "train.csv", table, header=True)


@pytest.mark.parametrize(
    "write",
    [madbase, ardis, with_headers, without_a_split, with_ids, semeion, usps, medmnist, hasy],
)
def test_every_layout_gives_the_same_images(write, tmp_path):
    write(tmp_path)
    inner = {usps: "zip.train.gz", semeion: "semeion.data", hasy: "fold/fold-1"}.get(write, "")
    splits = load(tmp_path / inner, validation=0)
    found = [pair for part in splits.present().values() for pair in by_content(part)]
    assert sorted(found) == EXPECTED
    if write is medmnist:
        assert {name: len(part) for name, part in splits.present().items()} == {
            "train": 20,
            "validation": 10,
            "test": 10,
        }


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda folder: with_ids(folder, images=np.arange(40)), "in the order of the images"),
        (lambda folder: with_ids(folder, labels=np.arange(40)), "in the order of the images"),
        (
            lambda folder: (madbase(folder), save(folder / "csvTrainLabel 60k x 1.csv", Y[1:])),
            "39 labels for 40 images",
        ),
        (
            lambda folder: (ardis(folder), save(folder / "train.csv", ROWS)),
            "several train tables",
        ),
    ],
)
def test_pairs_that_are_not_certain_are_refused(write, message, tmp_path):
    write(tmp_path)
    with pytest.raises(InputError, match=message):
        load(tmp_path)


MAPPING = "".join(f"{i + 1} {65 + i} {97 + i}\n" for i in range(26))


@pytest.mark.parametrize("name", ["emnist-letters-mapping.txt", "mapping.txt"])
def test_a_mapping_names_the_classes_and_tells_of_emnist(name, tmp_path):
    write_idx(tmp_path, labels=np.arange(36) % 3 + 1)
    (tmp_path / name).write_text(MAPPING)
    with pytest.warns(InputWarning, match="transposed; add --transpose"):
        plain = load(tmp_path, validation=0)
    splits = load(tmp_path, validation=0, transpose=True)
    assert splits.class_names == tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    assert "classes named by" in splits.source
    assert (splits.train.images == plain.train.images.swapaxes(1, 2)).all()
    images, labels = pictures(36)
    expected = {i.T.tobytes(): "ABC"[k] for i, k in zip(images, labels, strict=True)}
    assert dict(by_content(splits.train)) == {i: expected[i] for i, _ in by_content(splits.train)}


def test_another_mapping_is_ignored(tmp_path):
    write_idx(tmp_path, labels=np.arange(36) % 3 + 1)
    (tmp_path / "mapping.txt").write_text("n01440764 tench\n")
    assert load(tmp_path).class_names == ("1", "2", "3")


@pytest.mark.parametrize("labels", [(Y + 1.0)[:, None], np.eye(26)[Y]], ids=["numbers", "one-hot"])
def test_the_mapping_in_the_mat_files_of_emnist_names_the_classes(labels, tmp_path):
    train = {"images": ROWS, "labels": labels, "writers": np.arange(40)[:, None]}
    mapping = np.array([[i + 1, 65 + i, 97 + i] for i in range(26)])
    savemat(tmp_path / "emnist-letters.mat", {"dataset": {"train": train, "mapping": mapping}})
    splits = load(tmp_path / "emnist-letters.mat", validation=0, transpose=True)
    expected = {i.T.tobytes(): "ABCD"[k] for i, k in zip(X, Y, strict=True)}
    assert all(expected[i] == name for i, name in by_content(splits.train))
