"""Transposed data, as the files of EMNIST are."""

import warnings

import numpy as np
import pytest
from dataset_files import pictures, write_idx, write_npz

from tenfold.core.errors import InputError, InputWarning
from tenfold.data import check, load
from tenfold.training.findings import warn_about_data


def test_transpose_exchanges_rows_and_columns_and_is_recorded(tmp_path):
    path = write_npz(tmp_path / "d.npz")
    splits = load(path, validation=0, transpose=True)
    plain = load(path, validation=0)
    assert np.array_equal(splits.train.images, plain.train.images.swapaxes(1, 2))
    assert splits.origin.transpose
    assert "transposed" in splits.source


def test_files_of_emnist_are_named_as_transposed(tmp_path):
    write_idx(tmp_path, "emnist-digits-train")
    with pytest.warns(InputWarning, match="transposed; add --transpose"):
        load(tmp_path)
    assert any("add --transpose" in line for line in check(tmp_path).warnings)
    images = load(tmp_path, validation=0, transpose=True).train.images
    assert any(np.array_equal(images[0], image.T) for image in pictures(36)[0])


def test_a_named_dataset_is_upright():
    with pytest.raises(InputError, match="mnist is upright already"):
        load("mnist", transpose=True)


@pytest.mark.parametrize("transpose", [False, True])
def test_data_check_asks_the_reader(transpose, mnist, tmp_path, tenfold_main):
    x, y = mnist.train.images[:300], mnist.train.labels[:300]
    x = x.swapaxes(1, 2) if transpose else x
    path = write_npz(tmp_path / "d.npz", x_train=x, y_train=y)
    _, out, _ = tenfold_main("data", "check", path)
    assert ("the digits are transposed" in " ".join(out.split())) == transpose


@pytest.mark.parametrize("transpose", [False, True])
def test_training_warns_of_turned_digits(transpose, mnist, tmp_path):
    x, y = mnist.train.images[:300], mnist.train.labels[:300]
    path = write_npz(tmp_path / "d.npz", x_train=x.swapaxes(1, 2), y_train=y)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_about_data(load(path, transpose=transpose))
    assert any("add --transpose" in str(w.message) for w in caught) != transpose


def test_training_warns_once_of_emnist(mnist, tmp_path):
    write_idx(tmp_path, "emnist-digits-train")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_about_data(load(tmp_path))
    assert len([w for w in caught if "--transpose" in str(w.message)]) == 1
