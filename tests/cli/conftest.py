"""A trained run, a copy of it, and an empty working folder for every test of the command line."""

import shutil

import pytest

import tenfold


@pytest.fixture(scope="session")
def run(few_file, tmp_path_factory):
    chosen = tenfold.Recipe("small", arguments={"hidden": [16]}, epochs=20)
    out = tmp_path_factory.mktemp("run") / "one"
    return tenfold.train(chosen, few_file, out=out, verbose=False)


@pytest.fixture
def copy(run, tmp_path):
    return shutil.copytree(run.path, tmp_path / "copy")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The empty working folder of a test, which shows every file that a command writes."""
    place = tmp_path / "here"
    place.mkdir()
    monkeypatch.chdir(place)
    return place
