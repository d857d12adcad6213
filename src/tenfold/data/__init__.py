"""Datasets: named ones and the user's own, split into train, validation and test."""

from tenfold.data.checking import DuplicateGroup, Report, SplitReport, check
from tenfold.data.corrections import Correction, Corrections
from tenfold.data.dataset import Dataset, Origin, Splits
from tenfold.data.loading import load
from tenfold.data.raw_data import Unreadable
from tenfold.data.sources import SOURCES, Source, names

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
