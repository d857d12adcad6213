"""Data that cannot be used: one line for each, which names the file and the reason."""

import gzip
import io
import json
import os
import pickle
import zipfile

import numpy as np
import pytest
from dataset_files import (
    DIGITS,
    changed,
    corrupt,
    pictures,
    write_classes,
    write_csv,
    write_idx,
    write_npz,
)
from PIL import Image

from tenfold.core.errors import InputError
from tenfold.data import check, load
from tenfold.data.formats.idx import idx_bytes


def idx_after(change, kind="images-idx3", packed=False):
    def write(path):
        folder = write_idx(path, packed=packed)
        changed(folder / f"train-{kind}-ubyte{'.gz' if packed else ''}", change)
        return folder

    return write


def bomb(header):
    """An IDX file of zeros without end (64 MiB), gzipped to 64 kB."""
    return lambda _: gzip.compress(header + bytes(1 << 26), 9)


def labels_as_images(path):
    return write_idx(path) / "train-labels-idx1-ubyte"


def swapped(path):
    folder = write_idx(path)
    (folder / "train-labels-idx1-ubyte").write_bytes(idx_bytes(pictures(36)[0]))
    return folder


def no_labels(path):
    folder = write_idx(path)
    (folder / "train-labels-idx1-ubyte").unlink()
    return folder


def several_pairs(path):
    write_idx(path, "emnist-digits-train")
    return write_idx(path, "emnist-letters-train")


def npz_with(**arrays):
    return lambda path: write_npz(path.with_suffix(".npz"), **arrays)


class Harmful:
    """An object whose unpickling would leave a trace."""

    def __reduce__(self):
        return (os.mkdir, ("pickle-was-run",))


def npz_with_pickle(path):
    np.savez(path.with_suffix(".npz"), x_train=np.array([Harmful()]), y_train=np.arange(1))
    return path.with_suffix(".npz")


def npz_too_large(path):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "|u1", "fortran_order": False, "shape": (1 << 40, 28, 28)}
    )
    with zipfile.ZipFile(path.with_suffix(".npz"), "w") as archive:
        archive.writestr("x_train.npy", header.getvalue())
        archive.writestr("y_train.npy", header.getvalue())
    return path.with_suffix(".npz")


def npz_cut_within(path):
    x = io.BytesIO()
    np.save(x, pictures(36)[0])
    with zipfile.ZipFile(path.with_suffix(".npz"), "w") as archive:
        archive.writestr("x_train.npy", x.getvalue()[:-1])
        archive.writestr("y_train.npy", x.getvalue()[:-1])
    return path.with_suffix(".npz")


def file_with(content, suffix=""):
    def write(path):
        path.with_suffix(suffix).write_bytes(content)
        return path.with_suffix(suffix)

    return write


def npz_cut(path):
    path = write_npz(path.with_suffix(".npz"))
    changed(path, lambda content: content[: len(content) // 2])
    return path


def npz_with_a_changed_bit(path):
    path = write_npz(path.with_suffix(".npz"))
    changed(path, lambda content: content[:500] + b"\0\1" + content[502:])
    return path


def csv_after(change, header=True):
    def write(path):
        path = write_csv(path.with_suffix(".csv"), header=header)
        lines = path.read_text().splitlines()
        path.write_text("\n".join(change(lines)))
        return path

    return write


def cell(line, position, value):
    fields = line.split(",")
    fields[position] = value
    return ",".join(fields)


def classes_after(change, **how):
    def write(path):
        folder = write_classes(path, **how)
        change(folder)
        return folder

    return write


def huge(folder):
    content = bytearray((folder / "0" / "0.png").read_bytes())
    content[16:24] = (60_000).to_bytes(4, "big") * 2  # width and height
    import zlib

    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    (folder / "0" / "0.png").write_bytes(content)


def flatten(folder):
    for path in list(folder.rglob("*.png")):
        path.rename(folder / path.name)
    for entry in list(folder.iterdir()):
        if entry.is_dir():
            entry.rmdir()


def only_test_class(folder):
    write_classes(folder / "train", 36)
    write_classes(folder / "test", 12, class_names=("0", "1", "other"))
    for name in DIGITS[:3]:
        for path in (folder / name).iterdir():
            path.unlink()
        (folder / name).rmdir()


def label_only_in_test(path):
    x, y = pictures(12)
    return write_npz(path.with_suffix(".npz"), x_test=x, y_test=y + 1)


BAD = {
    "truncated IDX": (idx_after(lambda c: c[:-1]), "is truncated: its header promises 28,224"),
    "IDX cut within its header": (idx_after(lambda c: c[:10]), "truncated within its header"),
    "truncated gzipped IDX": (idx_after(lambda c: c[:-9], packed=True), "damaged or truncated"),
    "gzip with a changed bit": (
        idx_after(lambda c: c[:-8] + b"\0" * 8, packed=True),
        "damaged or truncated",
    ),
    "empty IDX": (idx_after(lambda _: b""), "is empty"),
    "empty IDX labels": (idx_after(lambda _: b"", "labels-idx1"), "is empty"),
    "IDX with more than it says": (idx_after(lambda c: c + b"x"), "has more data than"),
    "wrong magic": (idx_after(lambda c: b"\x01" + c[1:]), "is not an IDX file: it begins with 01"),
    "unknown IDX type": (idx_after(lambda c: b"\0\0\x07\3" + c[4:]), "begins with 00 00 07 03"),
    "IDX of five dimensions": (idx_after(lambda c: b"\0\0\x08\5" + c[4:]), "not an IDX file"),
    "labels as images": (labels_as_images, "holds labels, not images"),
    "images as labels": (
        swapped,
        "train-labels-idx1-ubyte holds images, but its name says labels",
    ),
    "labels missing": (no_labels, "no labels next to .*train-labels-idx1-ubyte is missing"),
    "several pairs": (several_pairs, "several files of train images"),
    "IDX that promises terabytes": (
        idx_after(lambda _: idx_bytes(np.zeros((1, 1, 1), np.uint8))[:4] + b"\xff" * 12),
        "at most 1,073,741,824 are read",
    ),
    "gzip bomb that promises gigabytes": (
        idx_after(bomb(b"\0\0\x08\3" + b"\0\x7f\xff\xff" * 3), packed=True),
        "at most 1,073,741,824 are read",
    ),
    "gzip bomb behind a small promise": (
        idx_after(bomb(b"\0\0\x08\3" + b"\0\0\0\x24\0\0\0\x1c\0\0\0\x1c"), packed=True),
        "has more data than the 28,224 bytes",
    ),
    "IDX without images": (
        lambda path: write_idx(path, count=0, labels=[]),
        "holds no images",
    ),
    "IDX with fewer labels": (
        lambda path: write_idx(path, labels=[0, 1, 2]),
        "36 images and 3 labels",
    ),
    "labels with a gap": (
        lambda path: write_idx(path, labels=np.where(np.arange(36) % 2, 200, 3)),
        "labels up to 200, but only 2 different",
    ),
    "one class": (lambda path: write_idx(path, labels=[4] * 36), "has only one class"),
    "pickled objects": (npz_with_pickle, "holds Python objects"),
    "NPZ cut off": (npz_cut, "is damaged or not an NPZ file"),
    "NPZ with a changed bit": (npz_with_a_changed_bit, "damaged or not an NPZ file"),
    "NPZ too large": (npz_too_large, "at most 4,294,967,296 are read"),
    "NPZ array cut off": (npz_cut_within, "is truncated: its header promises"),
    "NPZ of other arrays": (
        lambda path: (
            np.savez(path.with_suffix(".npz"), weights=np.eye(2)) or path.with_suffix(".npz")
        ),
        "holds weights; needed are x_train and y_train",
    ),
    "NPZ without labels": (
        npz_with(x_val=pictures(3)[0]),
        "has x_val, but no labels",
    ),
    "NPZ with labels of another length": (
        npz_with(y_train=np.arange(35) % 3),
        "36 images and 35 labels",
    ),
    "NPZ without images": (
        npz_with(x_train=np.zeros((0, 28, 28)), y_train=np.zeros(0)),
        "holds no images",
    ),
    "NaN": (npz_with(x_train=np.full((36, 28, 28), np.nan)), "NaN or infinite"),
    "infinity": (npz_with(x_train=np.full((36, 28, 28), np.inf)), "NaN or infinite"),
    "standardized floats": (
        npz_with(x_train=pictures(36)[0] / 60 - 0.4),
        "pixels are fractions from -0.4 to 3.85, perhaps standardized; set --pixels",
    ),
    "whole numbers over 255": (
        npz_with(x_train=pictures(36)[0].astype(int) * 2),
        "pixels are whole numbers from 0 to 510; set --pixels",
    ),
    "images of text": (npz_with(x_train=np.full((36, 28, 28), "x")), "must be numbers"),
    "images of one dimension": (npz_with(x_train=np.zeros(36)), "must be images"),
    "images of another size": (
        npz_with(x_train=np.zeros((36, 132, 130), np.uint8)),
        "images are 130x132 pixels; sides of 8 to 128 are supported; add --resize",
    ),
    "labels below 0": (npz_with(y_train=np.arange(36) - 1), "the label -1"),
    "labels far apart": (npz_with(y_train=np.arange(36) * 10), "labels up to 350, but only 36"),
    "labels between": (npz_with(y_train=np.arange(36) / 2), r"the label 0\.5"),
    "labels that are NaN": (npz_with(y_train=np.full(36, np.nan)), "label at index 0 is missing"),
    "labels of one text": (npz_with(y_train=np.full(36, "cat")), "has only one class .'cat'."),
    "labels of two columns": (npz_with(y_train=np.full((36, 2), 3)), "must be labels"),
    "a class only in test": (label_only_in_test, "class '3' is in test and not in train"),
    "CSV with text": (
        csv_after(lambda rows: [*rows[:3], cell(rows[3], 5, "five"), *rows[4:]]),
        "line 4: column 'pixel4' is 'five'",
    ),
    "CSV with text and no header": (
        csv_after(lambda rows: [*rows[:3], cell(rows[3], 5, "five"), *rows[4:]], header=False),
        "line 4: column 6 is 'five'",
    ),
    "CSV with a gap": (
        csv_after(lambda rows: [*rows[:3], cell(rows[3], 5, ""), *rows[4:]]),
        "line 4: column 'pixel4' is missing",
    ),
    "CSV with a short line": (
        csv_after(lambda rows: [*rows[:-1], rows[-1][: len(rows[-1]) // 2]]),
        "line 37: .* is missing",
    ),
    "CSV with a long line": (
        csv_after(lambda rows: [*rows[:3], rows[3] + ",1,2", *rows[4:]]),
        "line 4: more than 785 cells",
    ),
    "CSV with a line one cell longer": (
        csv_after(lambda rows: [*rows[:3], rows[3] + ",1", *rows[4:]]),
        "line 4: more than 785 cells",
    ),
    "CSV with missing columns": (
        csv_after(lambda rows: [",".join(row.split(",")[:700]) for row in rows]),
        "699 pixel columns; give a label and 784",
    ),
    "CSV without labels": (
        csv_after(lambda rows: [row.split(",", 1)[1] for row in rows]),
        "no column of labels; say which",
    ),
    "CSV with a label out of range": (
        csv_after(lambda rows: [*rows[:3], cell(rows[3], 0, "999"), *rows[4:]]),
        "labels up to 999, but only 4 different",
    ),
    "CSV with a negative label": (
        csv_after(lambda rows: [*rows[:3], cell(rows[3], 0, "-1"), *rows[4:]]),
        "the label -1",
    ),
    "CSV with a pixel of 256": (
        csv_after(lambda rows: [*rows[:3], cell(rows[3], 9, "256"), *rows[4:]]),
        "pixels are whole numbers from 0 to 256",
    ),
    "CSV of a header alone": (csv_after(lambda rows: rows[:1]), "holds no images"),
    "empty CSV": (file_with(b"", ".csv"), "is empty"),
    "CSV of blank lines": (file_with(b"\n\n\n", ".csv"), "is empty"),
    "bytes called CSV": (file_with(b"\xff\xfe\x01\x02" * 9, ".csv"), "is not a text, as its name"),
    "bytes in no format": (
        file_with(b"\xff\xfe\x01\x02" * 9),
        "in no supported format; supported formats: .*ZIP or TAR, MAT, .*, CSV, folder of class",
    ),
    "a text": (file_with(b"Dear diary,\ntoday", ".csv"), "no pixel columns"),
    "a pickle": (file_with(pickle.dumps([1, 2])), "holds list, no images with labels"),
    "a single array": (file_with(b"\x93NUMPY\x01\x00", ".npy"), "is a single array"),
    "a single image": (file_with(b"\x89PNG\r\n\x1a\n", ".png"), "is a single image"),
    "an empty file": (file_with(b""), "is empty"),
    "an empty folder": (lambda path: path.mkdir() or path, "holds no dataset"),
    "a folder of one class": (
        classes_after(lambda folder: None, count=9, class_names=("7",) * 3),
        "has only one class .'7'.",
    ),
    "class folders without images": (
        classes_after(lambda f: [path.unlink() for path in f.rglob("*.png")]),
        "0 holds no images",
    ),
    "one class folder without images": (
        classes_after(lambda f: (f / "8").mkdir()),
        "8 holds no images; add some, or move it to another place",
    ),
    "images without class folders": (
        classes_after(flatten),
        "holds images, but no class folders",
    ),
    "mixed sizes": (
        classes_after(lambda f: Image.new("L", (40, 30)).save(f / "1" / "odd.png")),
        "odd.png: 40x30 pixels, others have 28x28; add --resize",
    ),
    "corrupt images": (
        classes_after(corrupt),
        r"4 image files cannot be read: .*0\.png .*and [23] more; repair them, or add --skip-unr",
    ),
    "an image of gigapixels": (
        classes_after(huge),
        r"1 image file cannot be read: .*0\.png \(Image size .*exceeds limit",
    ),
    "a class folder only in test": (classes_after(only_test_class), "other is not in train"),
}


@pytest.mark.parametrize("case", BAD)
def test_load_refuses_bad_data_in_one_line_with_the_path(case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write, message = BAD[case]
    path = write(tmp_path / "data")
    with pytest.raises(InputError, match=message) as caught:
        load(path)
    assert "\n" not in str(caught.value)
    assert "data" in str(caught.value)
    assert not (tmp_path / "pickle-was-run").exists()


@pytest.mark.parametrize("case", BAD)
def test_check_reports_bad_data_without_raising(case, tmp_path):
    path = BAD[case][0](tmp_path / "data")
    report = check(path)
    assert not report.usable
    assert all(line and "\n" not in line for line in report.problems)
    json.dumps(report.as_dict())
