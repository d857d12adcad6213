"""The result of an audit: probabilities, likely label errors and duplicates."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tenfold.core.files import sha256
from tenfold.data import Dataset
from tenfold.experiments.audits.tables import as_csv

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, eq=False, repr=False)
class AuditResult:
    """The result of an audit. Splits and indices are those of ``load(source, validation=0)``.

    Attributes:
        name: of the dataset.
        source: description of the origin of the data.
        command: shell command that trains with the corrections.
        dataset: all n images, one split after another.
        sizes: number of images of each split.
        probabilities: out-of-fold probabilities, float32 ``[n, classes]``.
        candidates: likely label errors, most likely first. Columns: rank (from 1), split, index,
            image (digest), given, predicted, given_probability, predicted_probability, quality
            (label quality by cleanlab, 0 to 1, low if the label is doubtful), is_issue (whether
            cleanlab counts it as an error).
        duplicates: images that occur more than once. Columns: group (from 1), split, index,
            image, given, exact (an equal image is in the group), contradicts (the group has
            several labels).
        settings: recipe, epochs, folds and seed.
        seconds: duration of the audit.
        work: the folder of finished folds; None if they were trained in this process.
    """

    name: str
    source: str
    command: str
    dataset: Dataset
    sizes: dict[str, int]
    probabilities: npt.NDArray[np.float32]
    candidates: DataFrame
    duplicates: DataFrame
    settings: dict[str, Any]
    seconds: float
    work: Path | None = None

    @cached_property
    def checksum(self) -> str:
        """SHA-256 of both tables, under which a browser stores the decisions of the page."""
        return sha256((as_csv(self.candidates) + as_csv(self.duplicates)).encode())

    def image(self, split: str, index: int) -> npt.NDArray[np.uint8]:
        """An image by split and index: uint8 ``[height, width]``."""
        names = list(self.sizes)
        start = sum(self.sizes[name] for name in names[: names.index(split)])
        image: npt.NDArray[np.uint8] = self.dataset.images[start + index]
        return image
