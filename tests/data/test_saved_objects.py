"""Pickles and files of PyTorch: arrays are read, and no code in them runs."""

import bz2
import gzip
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
from dataset_files import DIGITS, by_content, pictures

from tenfold.core.errors import InputError
from tenfold.data import Dataset, load

X, Y = pictures(36)
FLAT = X.reshape(36, -1) / np.float32(255)
PARTS = (slice(24), slice(24, 30), slice(30, 36))
NAMES = DIGITS[:3]


def all_content(splits):
    return sorted(pair for part in splits.present().values() for pair in by_content(part))


class Code:
    def __reduce__(self):
        return Path("pickle-was-run").touch, ()


@pytest.mark.parametrize("protocol", [2, 4, 5])
@pytest.mark.parametrize("compress", [bytes, gzip.compress, bz2.compress])
def test_three_pairs_are_train_validation_and_test(tmp_path, protocol, compress):
    path = tmp_path / "mnist.pkl.gz"
    pairs = tuple((FLAT[part], Y[part]) for part in PARTS)
    path.write_bytes(compress(pickle.dumps(pairs, protocol)))
    splits = load(path)
    for found, part in zip(splits.present().values(), PARTS, strict=True):
        assert by_content(found) == by_content(Dataset(X[part], Y[part], NAMES))


def test_a_pickle_of_python_2_and_an_old_numpy(tmp_path):
    content = pickle.dumps({"data": X, "labels": Y.tolist()}, 2)
    old = content.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    (tmp_path / "train.pkl").write_bytes(old)
    assert all_content(load(tmp_path / "train.pkl")) == by_content(Dataset(X, Y, NAMES))


def test_a_batch_of_cifar_has_colours(tmp_path):
    colours = np.random.default_rng(2).integers(0, 256, (36, 3, 32, 32), np.uint8)
    batch = {b"data": colours.reshape(36, -1), b"labels": Y.tolist(), b"batch_label": b"1 of 5"}
    (tmp_path / "data_batch_1.pkl").write_bytes(pickle.dumps(batch, 2))
    splits = load(tmp_path / "data_batch_1.pkl", validation=0)
    expected = by_content(Dataset(np.moveaxis(colours, 1, 3), Y, NAMES))
    assert all_content(splits) == expected


REFUSED = {
    "pickle that needs .*touch|could run code": Code(),
    "could run code": [Code()],
    "the keys weights name no images": {"weights": "none"},
    "holds list|received|no images": [1, 2],
    "needs pathlib.*could run code": Path("x"),
}


@pytest.mark.parametrize("words", REFUSED)
def test_everything_else_is_refused_in_one_line(tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "d.pkl").write_bytes(pickle.dumps(REFUSED[words]))
    with pytest.raises(InputError, match=words) as refusal:
        load(tmp_path / "d.pkl")
    assert len(str(refusal.value)) <= 300
    assert not (tmp_path / "pickle-was-run").exists()


def test_a_cut_pickle_is_damaged(tmp_path):
    (tmp_path / "d.pkl").write_bytes(pickle.dumps((X, Y))[:500])
    with pytest.raises(InputError, match="is a damaged pickle"):
        load(tmp_path / "d.pkl")


def test_files_of_torchvision(tmp_path):
    torch = pytest.importorskip("torch")
    folder = tmp_path / "MNIST" / "processed"
    folder.mkdir(parents=True)
    for name, part in (("training", slice(24)), ("test", slice(24, 36))):
        torch.save((torch.tensor(X[part]), torch.tensor(Y[part])), folder / f"{name}.pt")
    splits = load(tmp_path, validation=0)
    assert by_content(splits.train) == by_content(Dataset(X[:24], Y[:24], NAMES))
    assert by_content(splits.test) == by_content(Dataset(X[24:], Y[24:], NAMES))


@pytest.mark.parametrize("is_zip", [True, False])
def test_tensors_by_name_in_either_format(tmp_path, is_zip):
    torch = pytest.importorskip("torch")
    tensors = {"x_train": torch.tensor(FLAT), "y_train": torch.tensor(Y)}
    torch.save(tensors, tmp_path / "d.pt", _use_new_zipfile_serialization=is_zip)
    assert all_content(load(tmp_path / "d.pt")) == by_content(Dataset(X, Y, NAMES))


@pytest.mark.parametrize(
    ("saved", "message"),
    [(Code(), "which could run code"), ({"fc.weight": FLAT}, "d.pt")],
)
def test_models_and_objects_in_files_of_torch_are_refused(tmp_path, monkeypatch, saved, message):
    torch = pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    torch.save(saved, tmp_path / "d.pt")
    with pytest.raises(InputError, match=re.escape(message)) as refusal:
        load(tmp_path / "d.pt")
    assert len(str(refusal.value)) <= 300
    assert not (tmp_path / "pickle-was-run").exists()
