"""What all tests share: a cache of their own, Keras on JAX, and a small part of real MNIST."""

import os
import tempfile
from pathlib import Path

import pytest

CACHE = Path(
    os.environ.setdefault("TENFOLD_CACHE", str(Path(tempfile.gettempdir()) / "tenfold-test-cache"))
)
os.environ["KERAS_BACKEND"] = "jax"
os.environ.setdefault("MPLBACKEND", "agg")


@pytest.fixture(scope="session")
def mnist():
    import tenfold

    return tenfold.load("mnist")


@pytest.fixture(scope="session")
def few(mnist):
    """Splits of real digits, few enough for a test to train on."""
    import tenfold

    return tenfold.Splits(
        "few", mnist.train[:700], mnist.validation[:300], mnist.test[:310], "MNIST's first", 0
    )
