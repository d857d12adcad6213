"""Paths of the files included in the package: MNIST, and the model that reads handwriting."""

from pathlib import Path

FOLDER = Path(__file__).parents[1] / "assets"
MNIST = FOLDER / "mnist.xz"
READER = FOLDER / "reader.onnx"
