"""Runs: what a training leaves behind, and how it is read back."""

from tenfold.runs.run import Run

__all__ = ["Run"]
