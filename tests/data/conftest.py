"""Fixtures for the tests of data: an empty cache folder, and a small named dataset."""

import pytest
from dataset_files import DIGITS, write_idx

from tenfold.data import Source


@pytest.fixture
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("TENFOLD_CACHE", str(folder))
    return folder


@pytest.fixture
def small(tmp_path):
    """A named dataset of 36 + 12 images in a folder as Debian would have it."""
    folder = tmp_path / "debian"
    write_idx(folder, "train", 36, 0, packed=True)
    write_idx(folder, "t10k", 12, 1, packed=True)
    return Source("small", "Small", DIGITS, 36, 12, "", "", "", debian_folder=str(folder))
