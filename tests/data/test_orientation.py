"""Transposed data, as the files of EMNIST are."""

import warnings
from pathlib import Path
from string import ascii_uppercase

import matplotlib
import numpy as np
import pytest
from dataset_files import pictures, write_idx, write_npz
from PIL import Image, ImageDraw, ImageFont
from sklearn.datasets import load_digits

from tenfold.core.errors import InputError, InputWarning
from tenfold.data import Dataset, check, load
from tenfold.export.model_view import characters_of, describe_turned
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


def letters(names, per_class=12):
    """Letters of several fonts, slanted and rotated as handwriting is."""
    fonts = Path(matplotlib.get_data_path()) / "fonts/ttf"
    rng = np.random.default_rng(0)
    images = []
    for name in np.repeat(names, per_class):
        font = rng.choice(["DejaVuSans.ttf", "STIXGeneral.ttf", "cmr10.ttf"])
        drawing = Image.new("L", (28, 28))
        pen = ImageDraw.Draw(drawing)
        pen.text((14, 14), name, 255, ImageFont.truetype(fonts / font, 24), anchor="mm")
        images.append(np.array(drawing.rotate(rng.uniform(-10, 10), Image.Resampling.BILINEAR)))
    return np.array(images), np.repeat(np.arange(len(names)), per_class)


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("transpose", [False, True])
def test_letters_are_transposed_or_not(transpose, named):
    names = tuple(ascii_uppercase)
    x, y = letters(names)
    x = np.ascontiguousarray(x.swapaxes(1, 2)) if transpose else x
    shown = names if named else tuple(map(str, range(1, 27)))
    said = describe_turned(Dataset(x, y, shown))
    assert said.startswith("the letters are transposed") == transpose
    assert bool(said) == transpose


def test_classes_that_are_only_numbered_are_those_of_emnist():
    assert characters_of([*map(str, range(47))])[10:13] == "ABC"
    assert characters_of(["1", "2"]) == ["1", "2"]


def test_other_images_of_26_classes_are_not_turned(mnist):
    x = mnist.train.images[:2600].swapaxes(1, 2)
    said = describe_turned(Dataset(x, np.arange(2600) % 26, tuple(map(str, range(26)))))
    assert said == ""


@pytest.mark.parametrize("size", [8, 20, 32])
@pytest.mark.parametrize("transpose", [False, True])
def test_digits_of_other_sizes_are_turned_or_not(transpose, size, mnist):
    if size == 8:
        x, y = load_digits(return_X_y=True)
        x = np.uint8(x[:500].reshape(-1, 8, 8) * 15)
    else:
        x, y = mnist.train.images[:300], mnist.train.labels
        x = np.pad(x, ((0, 0), (2, 2), (2, 2))) if size == 32 else x[:, 4:24, 4:24]
    x = np.ascontiguousarray(x.swapaxes(1, 2)) if transpose else x
    said = describe_turned(Dataset(x, y[: len(x)]))
    assert said.startswith("the digits are transposed") == transpose
