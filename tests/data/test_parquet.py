"""Parquet, Arrow and archives: the layouts of Hugging Face, and ZIP and TAR files."""

import io
import json
import re
import tarfile
import zipfile

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from dataset_files import (
    DIGITS,
    by_content,
    csv_competition,
    idx_folder,
    pictures,
    write_classes,
)
from PIL import Image

from tenfold.core.errors import InputError
from tenfold.data import Dataset, check, load
from tenfold.data.formats import read_raw

X, Y = pictures(36)
NAMES = ["ant", "bee", "cat"]


def encoded(image, format="PNG"):
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, format)
    return buffer.getvalue()


def struct(images):
    return [{"bytes": encoded(image), "path": None} for image in images]


def table(images=X, labels=Y, image="image", label="label", cells=struct, names=None):
    built = pa.table({image: cells(images), label: list(labels)})
    if names:
        features = {label: {"names": names, "_type": "ClassLabel"}}
        info = {"info": {"features": features}}
        built = built.replace_schema_metadata({b"huggingface": json.dumps(info)})
    return built


def write(path, *args, **how):
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table(*args, **how), path)


CELLS = {
    "structs": struct,
    "bytes": lambda images: [encoded(image) for image in images],
    "bitmaps": lambda images: [encoded(image, "BMP") for image in images],
    "flat lists": lambda images: [image.ravel().tolist() for image in images],
    "nested lists": lambda images: images.tolist(),
    "flat lists of floats": lambda images: [(i.ravel() / np.float32(255)).tolist() for i in images],
    "lists of one size": lambda images: pa.FixedSizeListArray.from_arrays(
        pa.array(images.ravel()), 784
    ),
}


@pytest.mark.parametrize("cells", CELLS)
def test_columns_of_images(cells, tmp_path):
    write(tmp_path / "data.parquet", cells=CELLS[cells])
    raw = read_raw(tmp_path / "data.parquet")
    assert np.array_equal(raw.splits["train"].images, X)
    assert np.array_equal(raw.splits["train"].labels, Y)


@pytest.mark.parametrize("label", ["label", "labels", "target", "class", "y", "digit"])
@pytest.mark.parametrize("image", ["image", "img", "pixel_values"])
def test_names_of_columns(image, label, tmp_path):
    write(tmp_path / "data.parquet", image=image, label=label)
    assert np.array_equal(read_raw(tmp_path).splits["train"].labels, Y)


def repository(root):
    write(root / "mnist" / "train-00000-of-00001.parquet")
    write(root / "mnist" / "test-00000-of-00001.parquet", X[:12], Y[:12])
    (root / "README.md").write_text("---\n")


def shards(root):
    for i in range(3):
        part = slice(12 * i, 12 * i + 12)
        write(root / "data" / f"train-0000{i}-of-00003.parquet", X[part], Y[part])
    write(root / "data" / "test-00000-of-00001.parquet", X[:12], Y[:12])


def converted(root):
    write(root / "default" / "train" / "0000.parquet")
    write(root / "default" / "test" / "0000.parquet", X[:12], Y[:12])


def saved_to_disk(root):
    for split, count in (("train", 36), ("test", 12)):
        (root / split).mkdir()
        path = root / split / "data-00000-of-00001.arrow"
        with pa.OSFile(str(path), "wb") as file:
            data = table(X[:count], Y[:count])
            with pa.ipc.new_stream(file, data.schema) as writer:
                writer.write_table(data)
        (root / split / "dataset_info.json").write_text("{}")
        (root / split / "cache-1234.arrow").write_bytes(b"x")
    (root / "dataset_dict.json").write_text('{"splits": ["train", "test"]}')


def feather(root):
    pa.feather.write_feather(table(), root / "train.feather")
    pa.feather.write_feather(table(X[:12], Y[:12]), root / "test.feather")


@pytest.mark.parametrize("layout", [repository, shards, converted, saved_to_disk, feather])
def test_layouts_of_hugging_face(layout, tmp_path):
    layout(tmp_path)
    raw = read_raw(tmp_path)
    assert np.array_equal(raw.splits["train"].images, X)
    assert np.array_equal(raw.splits["test"].labels, Y[:12])


def test_names_of_classes_come_from_the_metadata_or_the_text(tmp_path):
    write(tmp_path / "a.parquet", names=NAMES)
    write(tmp_path / "b.parquet", labels=[NAMES[label] for label in Y])
    for name in "ab":
        raw = read_raw(tmp_path / f"{name}.parquet")
        assert raw.class_names == tuple(NAMES)
        assert np.array_equal(raw.splits["train"].labels, Y)


def test_a_validation_split_is_used_and_a_test_split_without_labels_is_left_out(tmp_path):
    write(tmp_path / "train.parquet")
    write(tmp_path / "validation.parquet", X[:12], Y[:12])
    pq.write_table(table().drop_columns("label"), tmp_path / "test.parquet")
    splits = load(tmp_path)
    assert (len(splits.train), len(splits.validation), len(splits.test)) == (30, 12, 6)
    assert "test.parquet has no labels, left out" in splits.source


def test_images_that_cannot_be_read_are_named_by_their_row(tmp_path):
    cells = [b"no image", *CELLS["bytes"](X[1:])]
    write(tmp_path / "data.parquet", cells=lambda _: cells)
    (unreadable,) = check(tmp_path / "data.parquet").unreadable
    assert unreadable.path.endswith("data.parquet, row 0")
    assert len(read_raw(tmp_path).splits["train"].labels) == 35


def two_labels(root):
    data = table().append_column("target", pa.array(Y))
    pq.write_table(data, root / "d.parquet")


REFUSED = {
    "several columns of labels (label, target)": two_labels,
    "several tables of train (fashion_train.parquet, mnist_train.parquet)": lambda root: [
        write(root / f"{name}_train.parquet") for name in ("mnist", "fashion")
    ],
    "has no column of labels": lambda root: pq.write_table(
        table().drop_columns("label"), root / "d.parquet"
    ),
    "1 columns, no pixel columns": lambda root: pq.write_table(
        table().drop_columns("image"), root / "d.parquet"
    ),
    "is damaged or not a table": lambda root: (root / "d.parquet").write_bytes(b"PAR1xx"),
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_is_missing_or_ambiguous_is_refused(message, tmp_path):
    REFUSED[message](tmp_path)
    with pytest.raises(InputError, match=re.escape(message)):
        load(tmp_path)


def test_without_pyarrow_the_extra_is_named(tmp_path, monkeypatch):
    write(tmp_path / "d.parquet")
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(InputError, match=r"pip install 'tenfold\[parquet\]'"):
        load(tmp_path / "d.parquet")


def packed(folder, kind):
    path = folder.with_suffix(f".{kind}")
    files = [p for p in sorted(folder.rglob("*")) if p.is_file()]
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            for file in files:
                archive.write(file, file.relative_to(folder.parent))
            archive.writestr("__MACOSX/data/0/._0.png", b"x")
    else:
        with tarfile.open(path, f"w:{kind.partition('.')[2]}") as archive:
            archive.add(folder, folder.name)
    return path


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz", "tar.bz2", "tar.xz"])
def test_archives_of_class_folders(kind, tmp_path):
    folder = write_classes(tmp_path / "data")
    raw, expected = read_raw(packed(folder, kind)), read_raw(folder)
    assert np.array_equal(raw.splits["train"].images, expected.splits["train"].images)
    assert raw.class_names == expected.class_names
    assert raw.format == "folder of class folders in an archive"
    assert raw.splits["train"].origin.startswith(str(tmp_path / f"data.{kind}"))


@pytest.mark.parametrize("write", [csv_competition, idx_folder, converted])
def test_archives_of_other_formats(write, tmp_path):
    folder = tmp_path / "data"
    if write is converted:
        folder.mkdir()
    write(folder)
    raw = read_raw(packed(folder, "zip"))
    assert np.array_equal(raw.splits["train"].labels, Y)


def test_an_archive_writes_nothing_outside_of_its_folder(tmp_path):
    with zipfile.ZipFile(tmp_path / "d.zip", "w") as archive:
        for name in ("../evil.png", "/tmp/evil.png", "a/../../evil.png", "a\\..\\..\\evil.png"):
            archive.writestr(name, encoded(X[0]))
        for i in range(12):
            archive.writestr(f"{i % 2}/{i}.png", encoded(X[i]))
    assert len(read_raw(tmp_path / "d.zip").splits["train"].labels) == 12
    assert [path.name for path in tmp_path.rglob("*evil*")] == []


def test_damaged_and_foreign_archives_are_named_in_one_line(tmp_path, monkeypatch):
    folder = write_classes(tmp_path / "data")
    path = packed(folder, "tar.gz")
    path.write_bytes(path.read_bytes()[:-700])
    (tmp_path / "d.7z").write_bytes(b"7z\xbc\xaf\x27\x1c")
    with pytest.raises(InputError, match=r"data\.tar\.gz is damaged"):
        load(path)
    with pytest.raises(InputError, match="is a 7z archive; unpack it"):
        load(tmp_path / "d.7z")
    monkeypatch.setattr("tenfold.core.limits.MAX_ARRAY_BYTES", 1000)
    with pytest.raises(InputError, match="unpacks to more than 1,000 bytes"):
        load(packed(folder, "zip"))


@pytest.mark.parametrize("label", ["label", "digit"])
def test_a_frame_of_pixels_is_read_as_a_table_of_any_format(tmp_path, label):
    frame = pd.DataFrame(X.reshape(36, -1), columns=[f"pixel{i}" for i in range(784)])
    frame.assign(**{label: Y}).sample(frac=1, random_state=1).to_parquet(tmp_path / "train.parquet")
    splits = load(tmp_path / "train.parquet", validation=0)
    assert sorted(by_content(splits.train) + by_content(splits.test)) == by_content(
        Dataset(X, Y, DIGITS[:3])
    )


def test_tables_of_pixels_by_split_leave_out_an_unlabelled_test(tmp_path):
    frame = pd.DataFrame(X.reshape(36, -1), columns=[f"pixel{i}" for i in range(784)])
    frame.assign(label=Y).to_parquet(tmp_path / "train.parquet")
    frame.to_parquet(tmp_path / "test.parquet")
    assert "test.parquet has no labels and was left out" in load(tmp_path).source
