"""Datasets: named ones and the user's own, split into train, validation and test."""

from tenfold.datasets.checking import DuplicateGroup, Report, SplitReport, check
from tenfold.datasets.corrections import Correction, Corrections
from tenfold.datasets.dataset import Dataset, Origin, Splits
from tenfold.datasets.loading import load
from tenfold.datasets.parts import Unreadable
from tenfold.datasets.sources import SOURCES, Source, names

__all__ = [
    "SOURCES",
    "Correction",
    "Corrections",
    "Dataset",
    "DuplicateGroup",
    "Origin",
    "Report",
    "Source",
    "SplitReport",
    "Splits",
    "Unreadable",
    "check",
    "load",
    "names",
]
