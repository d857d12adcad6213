"""`check`: duplicates, polarity, unreadable files, damage."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from dataset_files import corrupt, pictures, write_classes, write_npz

from tenfold.data import check, dataset_cache


def test_check_counts_duplicates_within_and_across_and_contradictions(tmp_path):
    x, _ = pictures(36)
    x[1] = x[0]  # another label
    x[3] = x[6]  # the same label
    x_test, y_test = pictures(12, 1)
    x_test[4], x_test[5] = x[0], x[20]
    path = write_npz(tmp_path / "mine.npz", x_train=x, x_test=x_test, y_test=y_test)
    report = check(path)
    assert report.usable
    assert report.splits["train"].duplicates == 2
    assert report.splits["test"].duplicates == 0
    assert report.across == {"train/test": 2}
    assert report.contradictions == 1
    assert report.examples[0].images == (("train", 0, "0"), ("train", 1, "1"), ("test", 4, "1"))
    assert "2 images of test are in train as well" in report.warnings
    assert report.splits["train"].counts == {"0": 12, "1": 12, "2": 12}
    json.dumps(report.as_dict())


@pytest.mark.parametrize(
    ("ink", "ground", "polarity"),
    [
        (255, 0, "light ink on dark"),
        (0, 255, "dark ink on light"),
        (90, 90, "unclear"),
    ],
)
def test_check_reports_the_polarity(tmp_path, ink, ground, polarity):
    x = np.full((36, 28, 28), ground, np.uint8)
    x[:, 8:20, 8:20] = ink
    split = check(write_npz(tmp_path / "mine.npz", x_train=x)).splits["train"]
    assert split.polarity == polarity
    assert split.pixels == (min(ink, ground), max(ink, ground))
    assert split.blank == (36 if ink == ground else 0)


def test_check_lists_every_unreadable_file_and_reports_the_rest(tmp_path):
    folder = write_classes(tmp_path / "data")
    corrupt(folder)
    report = check(folder)
    assert sorted(Path(file.path).name for file in report.unreadable) == [
        "0.png",
        "1.png",
        "2.png",
        "5.png",
    ]
    assert report.splits["train"].images == 32
    (problem,) = report.problems
    assert problem.startswith("4 image files cannot be read: ")


def test_check_reports_other_sizes_and_the_resized_images(tmp_path):
    folder = write_classes(tmp_path / "data", side=140)
    report = check(folder)
    assert "add --resize" in report.problems[0]
    assert report.splits["train"].images == 36
    assert check(folder, resize=True).usable


def test_check_detects_a_damaged_cache(cache, small, monkeypatch):
    bad = replace(small, idx_sha256=("0" * 64,) * 4)
    dataset_cache.arrays(small)
    monkeypatch.setattr("tenfold.data.checking.resolve", lambda source: (bad, Path()))
    assert "is damaged; remove it" in check("small").problems[0]
