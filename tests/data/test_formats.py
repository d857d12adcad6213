"""Data formats: the same images are read from each."""

import contextlib
import gzip
import io
from pathlib import Path

import hypothesis.extra.numpy as arrays_of
import numpy as np
import pandas as pd
import pytest
from dataset_files import (
    DIGITS,
    by_content,
    csv_competition,
    idx_folder,
    pictures,
    write_classes,
    write_csv,
    write_idx,
    write_npz,
)
from hypothesis import given
from hypothesis import strategies as st

from tenfold.core.errors import InputError
from tenfold.data import Dataset, load
from tenfold.data.formats import Location, all_formats, read_raw, registry
from tenfold.data.formats.idx import TYPES, idx_bytes, parse_idx


def idx_folder_packed(path):
    write_idx(path, "t10k", 12, 1, packed=True)
    return write_idx(path, packed=True)


def idx_with_strange_names(path):
    write_idx(path)
    (path / "train-images-idx3-ubyte").rename(path / "pictures.train.bin")
    (path / "train-labels-idx1-ubyte").rename(path / "classes.bin")
    return path / "pictures.train.bin"


def idx_twice(path):
    write_idx(path, packed=True)
    return write_idx(path)


def npz_of_keras(path):
    x, y = pictures(12, 1)
    return write_npz(path.with_suffix(".npz"), x_test=x, y_test=y)


def npz_of_medmnist(path):
    x, y = pictures(36)
    np.savez(path.with_suffix(".npz"), train_images=x, train_labels=y[:, None])
    return path.with_suffix(".npz")


def npz_of_floats(path):
    x, y = pictures(36)
    np.savez_compressed(path.with_suffix(".npz"), X=x[..., None] / 255, Y=np.eye(3)[y])
    return path.with_suffix(".npz")


def npz_of_whole_numbers(path):
    x, y = pictures(36)
    np.savez(path.with_suffix(".npz"), images=x.reshape(36, 784).astype(int), labels=y * 1.0)
    return path.with_suffix(".npz")


def csv_without_header(path):
    return write_csv(path.with_suffix(".csv"), header=False)


def csv_with_the_label_last(path):
    table = pd.read_csv(write_csv(path.with_suffix(".csv")))
    table = table[[*table.columns[1:], "label"]].rename(columns={"label": "Class"})
    table.to_csv(path.with_suffix(".csv"), index=False)
    return path.with_suffix(".csv")


def csv_with_semicolons(path):
    text = write_csv(path.with_suffix(".csv")).read_text()
    path.with_suffix(".txt").write_text("\ufeff" + text.replace(",", ";"), "utf-8")
    return path.with_suffix(".txt")


def csv_folder(path):
    path.mkdir()
    write_csv(path / "mnist_train.csv")
    write_csv(path / "mnist_test.csv", 12, seed=1)
    return path


def class_folders_with_splits(path):
    write_classes(path / "test", 12, 1)
    return write_classes(path / "train")


def classes_and_more(path):
    write_classes(path)
    (path / "notes.csv").write_text("who,when\nme,today\n")
    (path / "0" / "Thumbs.db").write_bytes(b"x")
    (path / "0" / ".hidden.png").write_bytes(b"x")
    (path / ".git").mkdir()
    return path


WRITERS = [
    idx_folder,
    idx_folder_packed,
    idx_with_strange_names,
    idx_twice,
    npz_of_keras,
    npz_of_medmnist,
    npz_of_floats,
    npz_of_whole_numbers,
    csv_without_header,
    csv_with_the_label_last,
    csv_with_semicolons,
    csv_folder,
    csv_competition,
    lambda path: write_csv(path.with_suffix(".csv")),
    write_classes,
    classes_and_more,
    lambda path: class_folders_with_splits(path).parent,
]


@pytest.mark.parametrize("write", WRITERS)
def test_the_same_images_are_read_from_every_format(write, tmp_path):
    raw = read_raw(write(tmp_path / "data"))
    images, labels = pictures(36)
    expected = by_content(Dataset(images, labels, DIGITS))
    train = raw.splits["train"]
    assert by_content(Dataset(train.images, train.labels, raw.class_names)) == expected
    if "test" in raw.splits:
        assert len(raw.splits["test"].images) == 12


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".jpeg", ".PNG"])
def test_png_and_jpeg_are_read(tmp_path, suffix):
    data = load(write_classes(tmp_path / "data", suffix=suffix))
    assert sum(len(split) for split in data.present().values()) == 36


def test_images_without_a_suffix_are_recognized_by_content(tmp_path):
    folder = write_classes(tmp_path / "data")
    for path in list(folder.rglob("*.png")):
        path.rename(path.with_suffix(""))
    assert sum(map(len, load(folder).present().values())) == 36


idx_arrays = st.sampled_from(sorted(TYPES.values())).flatmap(
    lambda kind: arrays_of.arrays(
        np.dtype(kind), arrays_of.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=5)
    )
)


@given(idx_arrays, st.booleans())
def test_idx_round_trip(array, packed):
    content = idx_bytes(array)
    if packed:
        content = gzip.decompress(gzip.compress(content))
    back = parse_idx(io.BytesIO(content), "x")
    assert back.dtype == array.dtype
    assert back.shape == array.shape
    assert back.tobytes() == array.tobytes()


@given(st.binary(max_size=64))
def test_idx_reader_raises_only_input_error(content):
    with contextlib.suppress(InputError):
        parse_idx(io.BytesIO(content), "x")


def test_every_module_of_the_package_declares_a_format():
    modules = {path.stem for path in Path(registry.__file__).parent.glob("*.py")}
    assert len(all_formats()) == len(modules - {"__init__", "registry"})
    for field in ("name", "priority", "description"):
        assert len({getattr(format, field) for format in all_formats()}) == len(all_formats())


@pytest.mark.parametrize("write", WRITERS)
def test_a_location_is_read_by_the_first_format_that_recognizes_it(write, tmp_path):
    path = write(tmp_path / "data")
    location = Location.of(path)
    recognized = [format.name for format in all_formats() if format.recognizes(location)]
    assert read_raw(path).format == recognized[0]


@pytest.mark.parametrize("suffix", [".npz", ".csv"])
def test_a_folder_with_a_single_data_file_is_read_as_that_file(suffix, tmp_path):
    write = write_npz if suffix == ".npz" else write_csv
    path = write(tmp_path / f"digits{suffix}")
    (tmp_path / "README.txt").write_text("digits")
    assert read_raw(tmp_path).format == read_raw(path).format == suffix[1:].upper()
