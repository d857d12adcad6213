"""Paths of the files included in the package: MNIST, and what reads handwriting."""

from pathlib import Path

FOLDER = Path(__file__).parents[1] / "assets"
MNIST = FOLDER / "mnist.xz"
READER = FOLDER / "reader.onnx"
DETECTOR = FOLDER / "detector.onnx"
EVIDENCE = FOLDER / "evidence.json"
