"""Runs: what a training leaves behind, and how it is read back."""

from tenfold.runs.run import Run
from tenfold.runs.training import resume, train

__all__ = ["Run", "resume", "train"]
