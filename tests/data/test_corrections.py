"""Corrections: read, applied to splits and to labels, and refused in one line."""

import csv
import hashlib
from dataclasses import asdict

import numpy as np
import pytest

import tenfold
from tenfold import InputError
from tenfold.data import Corrections, Dataset

HEADER = "image,split,index,given,action,label"


@pytest.fixture
def write(tmp_path):
    """Write rows (image, given, action, label) as a file of corrections."""

    def write(rows, name="corrections.csv"):
        path = tmp_path / name
        with path.open("w", newline="") as file:
            table = csv.writer(file)
            table.writerow(HEADER.split(","))
            table.writerows(
                [image, "train", 0, given, action, label] for image, given, action, label in rows
            )
        return path

    return write


def digest(splits, name, index):
    return str(splits.present()[name].digests[index])


def given(splits, name, index):
    return splits.class_names[splits.present()[name].labels[index]]


def test_a_digest_depends_on_shape_and_pixels():
    images = np.arange(2 * 6, dtype=np.uint8).reshape(2, 2, 3)
    expected = [hashlib.sha256(b"(2, 3)" + image.tobytes()).hexdigest()[:16] for image in images]
    labels = np.array([0, 1])
    assert Dataset(images, labels, ("a", "b")).digests.tolist() == expected
    assert Dataset(images.reshape(2, 3, 2), labels, ("a", "b")).digests[0] != expected[0]


def test_all_images_of_mnist_have_different_digests(mnist):
    digests = np.concatenate([split.digests for split in mnist.present().values()])
    assert len(set(digests.tolist())) == 70_000


def test_load_relabels_drops_and_keeps(few_file, write):
    plain = tenfold.load(few_file)
    path = write(
        [
            (digest(plain, "train", 3), given(plain, "train", 3), "relabel", "8"),
            (digest(plain, "validation", 5), given(plain, "validation", 5), "drop", ""),
            (digest(plain, "test", 1), given(plain, "test", 1), "relabel", "9"),
            (digest(plain, "test", 8), given(plain, "test", 8), "keep", ""),
        ]
    )
    fixed = tenfold.load(few_file, corrections=path)
    expected = plain.train.labels.copy()
    expected[3] = 8
    np.testing.assert_array_equal(fixed.train.labels, expected)
    rest = np.delete(np.arange(len(plain.validation)), 5)
    np.testing.assert_array_equal(fixed.validation.images, plain.validation.images[rest])
    np.testing.assert_array_equal(fixed.validation.labels, plain.validation.labels[rest])
    assert fixed.test.labels[1] == 9 != plain.test.labels[1]
    np.testing.assert_array_equal(fixed.test.images, plain.test.images)
    assert fixed.source.endswith("; corrections.csv: 2 relabelled, 1 dropped")


def test_the_validation_split_is_drawn_before_the_corrections(mnist, write):
    rows = [(digest(mnist, "train", i), given(mnist, "train", i), "drop", "") for i in range(50)]
    fixed = tenfold.load("mnist", corrections=write(rows))
    assert fixed.validation.checksum == mnist.validation.checksum
    np.testing.assert_array_equal(fixed.train.images, mnist.train.images[50:])


def test_the_origin_loads_the_same_again(few_file, write, monkeypatch, tmp_path):
    plain = tenfold.load(few_file)
    write([(digest(plain, "train", 0), given(plain, "train", 0), "drop", "")])
    monkeypatch.chdir(tmp_path)
    fixed = tenfold.load(few_file, corrections="corrections.csv")
    assert fixed.origin.corrections == str(tmp_path / "corrections.csv")
    monkeypatch.chdir("/")
    again = tenfold.load(**asdict(fixed.origin))
    assert again.train.checksum == fixed.train.checksum != plain.train.checksum
    assert plain.origin.corrections is None


def test_corrections_do_not_change_the_data(few_file, write):
    before = few_file.read_bytes()
    plain = tenfold.load(few_file)
    labels = plain.train.labels.copy()
    path = write([(digest(plain, "train", 0), given(plain, "train", 0), "relabel", "8")])
    Corrections.read(path).apply(plain.train)
    tenfold.load(few_file, corrections=path)
    np.testing.assert_array_equal(plain.train.labels, labels)
    assert few_file.read_bytes() == before


def test_equal_images_with_different_labels_are_distinguished(write):
    images = np.zeros((4, 28, 28), np.uint8)
    images[3] = 1
    data = Dataset(images, np.array([0, 1, 0, 1]), ("a", "b"))
    path = write([(data.digests[0], "a", "relabel", "b"), (data.digests[0], "b", "drop", "")])
    fixed = Corrections.read(path).apply(data)
    assert fixed.labels.tolist() == [1, 1, 1]
    labels, kept = Corrections.read(path).apply_to(data.labels, data.digests, data.class_names)
    assert labels.tolist() == [1, 1, 1, 1]
    assert kept.tolist() == [True, False, True, True]


def test_rows_for_other_images_do_nothing_to_a_split(few, write):
    path = write([(digest(few, "train", 0), given(few, "train", 0), "drop", "")])
    assert Corrections.read(path).apply(few.test).checksum == few.test.checksum


def test_a_file_without_rows_changes_nothing(few_file, write):
    fixed = tenfold.load(few_file, corrections=write([]))
    assert fixed.train.checksum == tenfold.load(few_file).train.checksum
    assert fixed.source.endswith("0 relabelled, 0 dropped")


def test_byte_order_mark_and_line_ends_of_spreadsheets_are_accepted(few_file, tmp_path):
    plain = tenfold.load(few_file)
    path = tmp_path / "excel.csv"
    row = f"{digest(plain, 'train', 0)},train,0,{given(plain, 'train', 0)},drop,"
    path.write_bytes(f"\ufeff{HEADER}\r\n{row}\r\n\r\n".encode())
    assert len(tenfold.load(few_file, corrections=path).train) == len(plain.train) - 1


IMAGE = "0123456789abcdef"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty; its first line must be image,split,index,given,action,label"),
        (b"image,label\n", "its first line is 'image,label'"),
        (b"\x89PNG\r\n\x1a\n\xff\xfe", "cannot be read as a CSV file"),
        (f'{HEADER}\n"{IMAGE},train'.encode(), "cannot be read as a CSV file"),
        (f"{HEADER}\n{IMAGE},train,0,7,drop\n".encode(), "row 2 has 5 fields, it must have 6"),
        (f"{HEADER}\n1.23E+15,train,0,7,drop,\n".encode(), "row 2, image '1.23E[+]15'; needed are"),
        (f"{HEADER}\n{IMAGE},train,0,7,delete,\n".encode(), "action 'delete'; give keep, relabel"),
        (
            f"{HEADER}\n{IMAGE},train,0,7,drop,\n{IMAGE},test,1,7,relabel,1\n".encode(),
            "rows 2 and 3 give 'drop' and 'relabel 1' for the same image",
        ),
        (
            f"{HEADER}\n{IMAGE},train,0,7,relabel,2\n{IMAGE},train,0,7,relabel,1\n".encode(),
            "rows 2 and 3 give 'relabel 2' and 'relabel 1' for the same image",
        ),
        (
            f"{HEADER}\n{IMAGE},train,0,7,drop,\nfedcba9876543210,train,1,7,drop,\n".encode(),
            f"2 of 2 images are not in few, the first is {IMAGE} in row 2",
        ),
    ],
)
def test_invalid_files_are_refused(few_file, tmp_path, content, message):
    path = tmp_path / "corrections.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        tenfold.load(few_file, corrections=path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("given_label", "action", "label", "message"),
    [
        ("ten", "drop", "", "row 2, given 'ten' is not a class of few, which has 0, 1, 2"),
        (None, "relabel", "ten", "row 2, label 'ten' is not a class of few"),
        (None, "relabel", "", "row 2, label '' is not a class of few"),
        ("other", "drop", "", "has the label '[0-9]' there and '[0-9]' in few"),
    ],
)
def test_rows_for_other_data_are_refused(few_file, write, given_label, action, label, message):
    plain = tenfold.load(few_file)
    correct = given(plain, "train", 0)
    other = str((int(correct) + 1) % 10)
    written = {None: correct, "other": other}.get(given_label, given_label)
    path = write([(digest(plain, "train", 0), written, action, label)])
    with pytest.raises(InputError, match=message):
        tenfold.load(few_file, corrections=path)


@pytest.mark.parametrize(("name", "message"), [("", "a folder"), ("gone.csv", "no such file")])
def test_a_path_without_a_file_is_refused(few_file, tmp_path, name, message):
    with pytest.raises(InputError, match=message):
        tenfold.load(few_file, corrections=tmp_path / name)


def test_dropping_all_images_of_a_split_is_refused(few, write):
    rows = [(digest(few, "test", i), given(few, "test", i), "drop", "") for i in range(310)]
    with pytest.raises(InputError, match="drops all 310 images of a split"):
        Corrections.read(write(rows)).apply(few.test)


def test_an_unknown_class_is_refused_by_apply_as_well(few, write):
    path = write([(IMAGE, "ten", "drop", "")])
    with pytest.raises(InputError, match="'ten' is not a class of the data"):
        Corrections.read(path).apply(few.test)
