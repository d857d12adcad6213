"""Keras runs on JAX, which tenfold installs, where TensorFlow is not installed.

Keras chooses its backend when it is imported, by default TensorFlow, and fails without it. Python
imports this module when it starts (``tenfold_keras_default.pth``), so that a script may import
keras before tenfold. A backend that the user has chosen stays.
"""

import os
import sys
from importlib.machinery import PathFinder


class JaxWithoutTensorFlow:
    """Finds no module; it chooses a backend when Keras is about to be imported."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        """Set ``KERAS_BACKEND`` if ``name`` is keras and its default would fail."""
        if name != "keras" or os.environ.get("KERAS_BACKEND"):
            return
        if PathFinder.find_spec("tensorflow") is None and _configured() in ("tensorflow", None):
            os.environ["KERAS_BACKEND"] = "jax"


def _configured() -> object:
    """The backend in the user's ``keras.json``; Keras writes that file with its own default."""
    import json  # here, not at the start of every Python
    from pathlib import Path

    try:
        folder = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
        return json.loads((folder / "keras.json").read_text())["backend"]
    except (OSError, ValueError, KeyError, TypeError, RuntimeError):
        return None


def install() -> None:
    """Ask ``JaxWithoutTensorFlow`` before each import."""
    sys.meta_path.insert(0, JaxWithoutTensorFlow)


install()
