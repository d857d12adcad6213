"""Warnings of a training about its data and its result."""

import warnings

import numpy as np
import pytest

import tenfold
from tenfold.core.errors import TenfoldWarning
from tenfold.training.findings import warn_about_data


def changed(few, **splits):
    parts = {name: splits.get(name, split) for name, split in few.present().items()}
    return tenfold.Splits("few", *(parts[n] for n in ("train", "validation", "test")), "here", 0)


def dataset(images, labels, names=tuple("0123456789")):
    return tenfold.Dataset(images, labels, names, "few")


def test_good_data_give_no_warning(few):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_about_data(few)


def test_a_class_without_images_is_named(few):
    train = few.train[few.train.labels != 3]
    with pytest.warns(TenfoldWarning, match=r"no training images of class 3; .* never predict"):
        warn_about_data(changed(few, train=train))


def test_images_that_were_scaled_already_are_named(few):
    train = dataset((few.train.images > 127).astype(np.uint8), few.train.labels)
    with pytest.warns(TenfoldWarning, match=r"grey levels reach only 1 of 255"):
        warn_about_data(changed(few, train=train))


def test_an_inverted_split_is_named(few):
    test = dataset(255 - few.test.images, few.test.labels)
    with pytest.warns(TenfoldWarning, match=r"background of test is light \(\d+ of 255\), that of"):
        warn_about_data(changed(few, test=test))


def train(few, tmp_path, **options):
    recipe = tenfold.Recipe("small", **{"arguments": {"hidden": [8]}, "epochs": 3, **options})
    return tenfold.train(recipe, few, out=tmp_path / "run", verbose=False)


def test_labels_that_do_not_belong_to_the_images_are_named(few, tmp_path):
    rng = np.random.default_rng(0)
    splits = changed(
        few,
        train=dataset(rng.integers(0, 256, few.train.shape, np.uint8), few.train.labels),
        validation=dataset(few.validation.images, rng.permutation(few.validation.labels)),
    )
    with pytest.warns(TenfoldWarning, match=r"no better than always answering .*check that labels"):
        train(splits, tmp_path, learning_rate=1e-3)


def test_a_learning_rate_that_is_too_high_is_named(few, tmp_path):
    with pytest.warns(TenfoldWarning, match=r"learning rate of 500 is probably too high"):
        train(few, tmp_path, optimizer="sgd", learning_rate=500.0)


def test_data_that_moved_with_the_run_are_found(few_file, few, tmp_path):
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "few.npz").write_bytes(few_file.read_bytes())
    recipe = tenfold.Recipe("small", arguments={"hidden": [8]}, epochs=1)
    tenfold.train(recipe, tmp_path / "old" / "few.npz", out=tmp_path / "old/runs/a", verbose=False)
    (tmp_path / "old").rename(tmp_path / "new")
    run = tenfold.Run(tmp_path / "new" / "runs" / "a")
    assert run.data().train.checksum == few.train.checksum


def test_one_epoch_that_learned_nothing_does_not_blame_the_learning_rate(few, tmp_path):
    with pytest.warns(TenfoldWarning, match=r"no better than .*or train for more epochs"):
        train(few, tmp_path, optimizer="sgd", learning_rate=1e-6, epochs=1)
