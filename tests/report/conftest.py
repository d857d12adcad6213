"""Trained runs and their report, shared by the tests of reports."""

import dataclasses

import pytest

import tenfold
from tenfold import report
from tenfold.networks.recipes import recipe

SCRIPT = "<script>alert(1)</script>"


NAMES = (SCRIPT, *(f"digit {k}" for k in range(1, 10)))


@pytest.fixture(scope="session")
def run(few, tmp_path_factory):
    """Two linear networks whose first class has a hostile name; their test set was opened."""
    named = {
        name: dataclasses.replace(split, class_names=NAMES) for name, split in few.present().items()
    }
    splits = dataclasses.replace(few, **named)
    out = tmp_path_factory.mktemp("report") / "linear"
    trained = tenfold.train("logistic", splits, seeds=2, out=out, verbose=False)
    trained.evaluate("test", data=splits)
    return trained


@pytest.fixture(scope="session")
def conv(few, tmp_path_factory):
    """A convolutional network whose test set is sealed."""
    chosen = recipe("quick").replace(epochs=1)
    out = tmp_path_factory.mktemp("report") / "conv"
    return tenfold.train(chosen, few, out=out, verbose=False)


@pytest.fixture(scope="session")
def path(run, tmp_path_factory):
    return report.write(run, tmp_path_factory.mktemp("page") / "linear.html")
