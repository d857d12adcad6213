"""Archives and folders as programs write and unpack them: WebDataset, one archive a split, IDX."""

import gzip
import io
import json
import shutil
import tarfile
import zipfile

import pytest
from dataset_files import DIGITS, by_content, pictures, write_classes, write_idx
from PIL import Image

from tenfold.core.errors import InputError
from tenfold.data import Dataset, load

X, Y = pictures(36)
EXPECTED = by_content(Dataset(X, Y, DIGITS[:3]))


def all_content(splits):
    return sorted(pair for part in splits.present().values() for pair in by_content(part))


def shard(path, rows, label=lambda y: ("cls", str(y))):
    with tarfile.open(path, "w") as archive:
        for i in rows:
            buffer, (suffix, text) = io.BytesIO(), label(Y[i])
            Image.fromarray(X[i]).save(buffer, "PNG")
            for end, content in (("png", buffer.getvalue()), (suffix, text.encode())):
                member = tarfile.TarInfo(f"{i:05}.{end}")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))


@pytest.mark.parametrize(
    "label",
    [
        lambda y: ("cls", f"{y}\n"),
        lambda y: ("json", json.dumps({"label": int(y), "key": "a"})),
        lambda y: ("label.txt", str(y)),
    ],
)
def test_a_shard_of_webdataset(tmp_path, label):
    shard(tmp_path / "shard.tar", range(36), label)
    assert all_content(load(tmp_path / "shard.tar")) == EXPECTED


def test_shards_of_several_splits(tmp_path):
    shard(tmp_path / "train-000000.tar", range(12))
    shard(tmp_path / "train-000001.tar", range(12, 24))
    shard(tmp_path / "test-000000.tar", range(24, 36))
    splits = load(tmp_path, validation=0)
    assert len(splits.test) == 12
    assert all_content(splits) == EXPECTED


def test_an_image_without_label_is_refused(tmp_path):
    shard(tmp_path / "shard.tar", range(6))
    with tarfile.open(tmp_path / "shard.tar", "a") as archive:
        buffer = io.BytesIO()
        Image.fromarray(X[9]).save(buffer, "PNG")
        member = tarfile.TarInfo("00009.png")
        member.size = len(buffer.getvalue())
        archive.addfile(member, io.BytesIO(buffer.getvalue()))
    with pytest.raises(InputError, match=r"00009.png has no label beside it"):
        load(tmp_path / "shard.tar")


def test_one_archive_a_split(tmp_path):
    for split, seed in (("train", 0), ("test", 1)):
        write_classes(tmp_path / "all" / split, seed=seed)
        shutil.make_archive(str(tmp_path / split), "zip", tmp_path / "all", split)
    shutil.rmtree(tmp_path / "all")
    splits = load(tmp_path, validation=0)
    assert by_content(splits.train) == EXPECTED
    assert by_content(splits.test) == by_content(Dataset(*pictures(36, 1), DIGITS[:3]))


def test_idx_files_each_in_a_folder_of_its_name(tmp_path):
    write_idx(tmp_path, "t10k", 12, 1)
    for path in list(write_idx(tmp_path).iterdir()):
        moved = path.rename(tmp_path / "moved")
        path.mkdir()
        moved.rename(path / path.name)
    splits = load(tmp_path, validation=0)
    assert by_content(splits.train) == EXPECTED
    assert len(splits.test) == 12


def test_idx_files_that_are_gzipped_twice(tmp_path):
    for path in write_idx(tmp_path, packed=True).iterdir():
        path.write_bytes(gzip.compress(path.read_bytes()))
    assert all_content(load(tmp_path)) == EXPECTED


def xlsx(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", "<x/>")


def holding(content):
    return lambda path: path.write_bytes(content)


CONTAINERS = {
    "train.csv": (holding(b"<!DOCTYPE html><html>404"), "is a web page, so a download failed"),
    "train-images-idx3-ubyte.gz": (
        holding(gzip.compress(b"<html>404</html>")),
        "is a web page, so a download failed",
    ),
    "mnist.xlsx": (xlsx, "is a file of Excel; save the table as CSV"),
    "mnist.zip": (xlsx, "is a file of Excel; save the table as CSV"),
    "mnist.RData": (holding(gzip.compress(b"RDX3\nX\n")), "is a workspace of R"),
    "mnist.sqlite": (holding(b"SQLite format 3\0"), "is an SQLite database"),
    "train.tfrecord": (holding(bytes(20)), "is a TFRecord"),
    "x.npz": (holding(b"version https://git-lfs.github.com/spec/v1"), "pointer of Git LFS"),
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_containers_that_are_not_read_are_named(tmp_path, name):
    write, message = CONTAINERS[name]
    write(tmp_path / name)
    with pytest.raises(InputError, match=message) as refusal:
        load(tmp_path / name)
    assert len(str(refusal.value)) <= 300


def test_a_folder_of_lmdb_is_named(tmp_path):
    (tmp_path / "data.mdb").write_bytes(bytes(100))
    with pytest.raises(InputError, match="is an LMDB database"):
        load(tmp_path)
