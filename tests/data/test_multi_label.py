"""Labels of which an image may have several or none: read, told from one-hot, split and shown."""

import re

import numpy as np
import pytest
from PIL import Image

from tenfold.core.errors import InputError
from tenfold.data import Dataset, check, load
from tenfold.data.relabelling import relabelled

RNG = np.random.default_rng(0)
X = RNG.integers(0, 256, (60, 28, 28)).astype(np.uint8)
ROWS = (RNG.random((60, 4)) < [0.5, 0.4, 0.3, 0.1]).astype(np.uint8)
ONE_HOT = np.eye(4, dtype=np.uint8)[RNG.integers(0, 4, 60)]
GAPS = np.where(np.arange(60)[:, None] < 3, 0, ONE_HOT)
NAMES = ("cat", "dog", "owl", "pig")


def medmnist(path, **labels):
    """An NPZ file as MedMNIST publishes it, with the labels of each split."""
    arrays = {}
    for split, rows in labels.items():
        arrays |= {f"{split}_images": X[: len(rows)], f"{split}_labels": rows}
    np.savez(path, **arrays)
    return path


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32, bool])
def test_rows_with_several_labels_stay_as_they_are(dtype, tmp_path):
    path = medmnist(tmp_path / "chest.npz", train=ROWS.astype(dtype), val=ONE_HOT[:9].astype(dtype))
    splits = load(path)
    assert splits.train.multi_label
    assert splits.validation.multi_label
    assert "several labels an image, 4 columns of 0 and 1" in splits.source
    held_out = np.concatenate([splits.train.labels, splits.test.labels])
    assert sorted(held_out.tolist()) == sorted(ROWS.tolist())
    assert splits.validation.labels.tolist() == ONE_HOT[:9].tolist()
    assert str(splits).endswith("4 labels, several an image>")


def test_one_hot_rows_are_one_class_an_image_as_before(tmp_path):
    path = medmnist(tmp_path / "one.npz", train=ONE_HOT, test=ONE_HOT[:9])
    splits = load(path)
    assert not splits.train.multi_label
    assert splits.test.labels.tolist() == ONE_HOT[:9].argmax(axis=1).tolist()
    assert Dataset(X, ONE_HOT).labels.tolist() == ONE_HOT.argmax(axis=1).tolist()
    assert load((X, ONE_HOT), multi_label=True).train.multi_label


REFUSED = {
    "3 of 60 rows of 0 and 1 have no 1, and none has several": lambda: load((X, GAPS)),
    "labels: 3 of 60 rows": lambda: Dataset(X, GAPS),
    "an image has 3 labels; give one an image": lambda: Dataset(X, ROWS, multi_label=False),
    "the labels of its splits differ in shape": lambda: load(((X, ROWS), (X, ROWS[:, :3]))),
    "splits differ in shape": lambda: load(((X, ROWS), (X, ROWS[:, 0]))),
    "several labels an image are rows of 0 and 1": lambda: load((X, ROWS[:, 0]), multi_label=True),
    "[n, labels] of 0 and 1; received [60, 4]": lambda: load((X, 2 * ROWS)),
    "4 columns of labels, but 2 class names": lambda: Dataset(X, ROWS, NAMES[:2]),
    "class '3' is in test and not in train": lambda: load(((X, ROWS * [1, 1, 1, 0]), (X, ROWS))),
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_is_not_certain_is_refused(message):
    with pytest.raises(InputError, match=re.escape(message)) as error:
        REFUSED[message]()
    assert len(str(error.value)) <= 300


def test_a_selection_keeps_what_its_labels_mean():
    data = Dataset(X, ROWS, NAMES)
    single = data[ROWS.sum(axis=1) == 1]
    assert single.multi_label
    assert single.labels.shape[1] == 4
    assert data[0][1].tolist() == ROWS[0].tolist()
    assert data.counts() == dict(zip(NAMES, ROWS.sum(axis=0).tolist(), strict=True))
    assert data.one_hot().tolist() == ROWS.tolist()
    assert load(data).train.multi_label
    assert data.gallery(rows=1, columns=2).axes


def test_every_label_is_in_train_and_validation_if_images_are_held_out():
    rows = np.zeros((600, 5), np.uint8)
    rows[:, 0], rows[:7, 4], rows[20:320, 1] = 1, 1, 1
    splits = load((np.repeat(X, 10, axis=0), rows), seed=3)
    for name in ("train", "validation", "test"):
        assert splits.split(name).counts()["4"] >= 1


def test_check_counts_labels(tmp_path):
    report = check(medmnist(tmp_path / "chest.npz", train=ROWS))
    assert report.usable
    assert list(report.splits["train"].counts.values()) == ROWS.sum(axis=0).tolist()


def test_labels_are_matched_by_name_with_those_of_a_network():
    classes = ("pig", "dog", "emu", "cat", "owl")
    matched = relabelled(Dataset(X, ROWS, NAMES), classes, "data", multi_label=True)
    assert matched.labels[:, [3, 1, 4, 0]].tolist() == ROWS.tolist()
    one = relabelled(Dataset(X[:2], ["cat", "dog"]), classes, "data", multi_label=True)
    assert one.labels.tolist() == [[0, 0, 0, 1, 0], [0, 1, 0, 0, 0]]
    with pytest.raises(InputError, match="data: needs one class an image"):
        relabelled(Dataset(X, ROWS, NAMES), classes, "data")


def pictures(folder, header, rows):
    """A table of image files with labels."""
    folder.mkdir()
    for i in range(len(rows)):
        Image.fromarray(X[i]).save(folder / f"{i}.png")
    lines = [f"{i}.png,{row}" for i, row in enumerate(rows)]
    (folder / "labels.csv").write_text("\n".join([header, *lines]) + "\n")
    return folder / "labels.csv"


def joined(rows):
    return ["|".join(np.array(NAMES)[row.astype(bool)]) for row in rows]


def in_order(splits, rows):
    """The labels of all splits, by the images that they belong to."""
    found = {}
    for split in splits.present().values():
        found |= dict(zip(split.digests.tolist(), split.labels.tolist(), strict=True))
    return [found[digest] for digest in Dataset(X[: len(rows)], rows, multi_label=True).digests]


def test_a_table_may_join_labels_or_have_a_column_for_each(tmp_path):
    rows = ROWS[ROWS.any(axis=1)]
    listed = load(pictures(tmp_path / "a", "file,label", joined(rows)))
    assert listed.class_names == NAMES
    assert in_order(listed, rows) == rows.tolist()
    assert "several labels an image, 4 names, joined by |" in listed.source
    columns = [",".join(map(str, row)) for row in ROWS]  # none, too
    table = load(pictures(tmp_path / "b", "Image Index,cat,dog,owl,pig", columns))
    assert in_order(table, ROWS) == ROWS.tolist()
    flat = np.column_stack([ROWS, X.reshape(60, -1)])
    header = ",".join([*NAMES, *(f"pixel{i}" for i in range(784))])
    np.savetxt(tmp_path / "c.csv", flat, "%d", ",", header=header, comments="")
    pixels = load(tmp_path / "c.csv")
    assert pixels.class_names == NAMES
    assert in_order(pixels, ROWS) == ROWS.tolist()


def test_texts_in_memory_are_labels_of_their_parts():
    rows = ROWS[ROWS.any(axis=1)]
    data = Dataset(X[: len(rows)], joined(rows), NAMES[::-1])
    assert data.labels[:, ::-1].tolist() == rows.tolist()
    assert load((X[: len(rows)], joined(rows))).class_names == NAMES
    assert not Dataset(X[:3], ["a|b", "c|d", "e"]).multi_label  # names with a bar


def test_other_columns_of_numbers_leave_a_table_uncertain(tmp_path):
    columns = [",".join(map(str, [*row, 30 + i])) for i, row in enumerate(ROWS)]
    with pytest.raises(InputError, match="label"):
        load(pictures(tmp_path / "a", "file,cat,dog,owl,pig,age", columns))
