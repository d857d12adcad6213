"""A run scored against labels as they are given, and as people have corrected them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.data import Corrections, Dataset, load
from tenfold.evaluation import Evaluation
from tenfold.runs.run import Run


@dataclass(frozen=True)
class Rescoring:
    """A split as it is given, and what corrections make of it.

    Attributes:
        given: the split without corrections.
        labels: corrected, int ``[n]``.
        kept: which images are not dropped, bool ``[n]``.
        trained: whether the run itself was trained and scored with corrections.
    """

    given: Dataset
    labels: npt.NDArray[np.int64]
    kept: npt.NDArray[np.bool_]
    trained: bool

    @classmethod
    def of(cls, run: Run, split: str, corrections: str | Path | None = None) -> Rescoring | None:
        """Read the corrections for a split of a run, before anything is scored.

        Args:
            run: on data that ``tenfold.load`` can load again.
            split: ``train``, ``validation`` or ``test``.
            corrections: a file of corrections; None for the one that the run was trained with.

        Returns:
            None where there are no corrections.

        Raises:
            InputError: there is no such file, it does not fit the data, these are to be had only
                from Python, or there is no such split.
        """
        origin = run.record.data.origin
        trained = None if origin is None else origin.corrections
        file = trained if corrections is None else corrections
        if file is None:
            return None
        if run.record.continued:
            raise InputError(f"{run.path}: continued on images of one's own; correct their labels")
        if origin is None:
            raise InputError(f"{run.path}: its data were made in memory; correct them there")
        splits = load(**asdict(replace(origin, corrections=None))).present()
        table = Corrections.read(file)
        table.verify(splits.values(), origin.source)
        if split not in splits:
            raise InputError(f"split: no {split}; there are {', '.join(splits)}")
        given = splits[split]
        labels, kept = table.apply_to(given.labels, given.digests, given.class_names)
        if not kept.any():
            raise InputError(f"{file}: drops all {len(kept):,} {split} images; keep some")
        return cls(given, labels, kept, trained is not None)

    def score(self, run: Run, found: Evaluation) -> tuple[Evaluation, Evaluation]:
        """The run against the given labels and against the corrected ones.

        Args:
            run: the same as before.
            found: what ``run.evaluate`` returned for the split.
        """
        given = found
        if self.trained:
            given = replace(
                run.evaluate_dataset(self.given, found.split), calibrations=run.calibrations
            )
        return given, given.relabelled(self.labels, self.kept)
