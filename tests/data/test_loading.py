"""`load`: splits of the user's data, and names it does not know."""

from pathlib import Path

import numpy as np
import pytest
from dataset_files import (
    DIGITS,
    by_content,
    csv_competition,
    idx_folder,
    pictures,
    write_classes,
    write_npz,
)

from tenfold.core.errors import InputError
from tenfold.data import Dataset, load


def test_a_test_split_is_used_and_a_twelfth_becomes_validation(tmp_path):
    data = load(idx_folder(tmp_path / "digits"))
    assert [len(split) for split in data.present().values()] == [33, 3, 12]
    assert data.name == data.train.name == "digits"
    assert np.array_equal(data.test.images, pictures(12, 1)[0])


def test_without_a_test_split_a_sixth_is_held_out_for_every_seed(tmp_path):
    path = write_npz(tmp_path / "mine.npz")
    first, second = load(path, seed=0), load(path, seed=5)
    assert [len(split) for split in first.present().values()] == [27, 3, 6]
    assert "test is a sixth held out of its 36 images" in first.source
    assert first.test.checksum == second.test.checksum
    assert first.validation.checksum != second.validation.checksum
    assert second.validation_seed == 5
    everything = sorted(row for split in first.present().values() for row in by_content(split))
    assert everything == by_content(Dataset(*pictures(36), DIGITS))


def test_a_validation_split_is_used_and_train_stays_complete(tmp_path):
    x, y = pictures(12, 2)
    data = load(write_npz(tmp_path / "mine.npz", x_val=x, y_val=y, x_test=x, y_test=y))
    assert [len(split) for split in data.present().values()] == [36, 12, 12]
    assert "with its own validation split" in data.source


def test_an_unlabelled_test_table_is_left_out_and_recorded_in_source(tmp_path):
    data = load(csv_competition(tmp_path / "kaggle"))
    assert "test.csv has no labels and was left out" in data.source
    assert len(data.test) == 6


def test_class_names_come_from_folders_in_natural_order(tmp_path):
    write_classes(tmp_path / "a", class_names=("10", "9", "2"))
    assert load(tmp_path / "a").class_names == ("2", "9", "10")
    write_classes(tmp_path / "b", class_names=("dog", "cat", "eel"))
    assert load(tmp_path / "b").class_names == ("cat", "dog", "eel")


def test_a_folder_named_like_a_dataset_is_loaded_by_its_path(tmp_path, monkeypatch):
    idx_folder(tmp_path / "mnist")
    monkeypatch.chdir(tmp_path)
    assert len(load("./mnist").test) == 12
    assert len(load("mnist").test) == 10_000


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("mnsit", "did you mean 'mnist'"),
        ("fashion", "did you mean 'fashion-mnist'"),
        ("emnist_letter", "did you mean 'emnist-letters'"),
        ("zebra", "Known are mnist, fashion-mnist"),
        ("no/such/folder", "no such file or folder: no/such/folder"),
        ("digits.csv", "no such file or folder: digits.csv"),
        (Path("mnist"), "no such file or folder: mnist"),
        ("", "unknown dataset ''"),
        ("x" * 5000, "cannot read x+: File name too long"),
        (7, r"a name, a path, a Dataset or arrays \(x, y\); received int"),
    ],
)
def test_the_error_for_an_unknown_name_suggests_the_closest(name, hint, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=hint):
        load(name)


@pytest.mark.parametrize("seed", [-1, 0.5, None])
def test_an_invalid_seed_is_refused(seed):
    with pytest.raises(InputError, match="seed must be"):
        load("mnist", seed=seed)


def test_a_folder_that_cannot_be_opened_is_an_error_of_one_line(tmp_path, monkeypatch):
    folder = write_classes(tmp_path / "data")

    def refuse(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(InputError, match=r"cannot read .*Permission denied"):
        load(folder)
