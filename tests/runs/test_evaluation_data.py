"""Which images of other data are evaluated: those of the split, or a refusal that names it."""

import numpy as np
import pytest

from tenfold import InputError
from tenfold.runs.evaluation_data import other_images

DIGITS = tuple("0123456789")


@pytest.mark.parametrize(
    ("parts", "split", "first"),
    [
        (["x_train", "x_test"], "test", 1),
        (["x_train", "x_val"], "validation", 1),
        (["x_test"], "test", 0),
        (["x_train"], "test", 0),
        (["x_train"], "train", 0),
        (["x"], "validation", 0),
        (["x_test"], "train", "split: f has test, not train"),
        (["x_test"], "validation", "split: f has test, not validation"),
        (["x_train"], "validation", "split: f has train, not validation"),
        (["x_train", "x_test"], "validation", "split: f has train, test, not validation"),
        (["x_train", "x_val"], "test", "split: f has train, validation, not test"),
    ],
)
def test_the_split_of_other_data(few, tmp_path, parts, split, first):
    arrays = {}
    for i, name in enumerate(parts):
        arrays |= {name: few.train.images[200 * i : 200 * i + 200]}
        arrays |= {name.replace("x", "y"): few.train.labels[200 * i : 200 * i + 200]}
    np.savez(tmp_path / "f.npz", **arrays)
    if isinstance(first, str):
        with pytest.raises(InputError, match=first):
            other_images(tmp_path / "f.npz", split, DIGITS, (28, 28))
        return
    images = other_images(tmp_path / "f.npz", split, DIGITS, (28, 28))
    assert (images.images == few.train.images[200 * first : 200 * first + 200]).all()
