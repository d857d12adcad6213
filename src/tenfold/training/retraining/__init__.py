"""Retraining: a model is continued on samples in the background; nothing changes until accepted."""

from tenfold.training.retraining.retraining import Retraining

__all__ = ["Retraining"]
