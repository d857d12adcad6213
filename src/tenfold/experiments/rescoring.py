"""A run evaluated on the original labels of a split, and on corrected ones."""

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
    """A split with its original and its corrected labels.

    Attributes:
        original: the split without corrections.
        labels: corrected, int ``[n]``.
        included: the images that are not dropped, bool ``[n]``.
        trained: whether the run was trained and evaluated with corrections.
    """

    original: Dataset
    labels: npt.NDArray[np.int64]
    included: npt.NDArray[np.bool_]
    trained: bool

    @classmethod
    def of(cls, run: Run, split: str, corrections: str | Path | None = None) -> Rescoring | None:
        """Read the corrections of a split, before the run is evaluated.

        Args:
            run: trained on data that ``tenfold.load`` can load again.
            split: ``train``, ``validation`` or ``test``.
            corrections: a file of corrections; by default the one that the run was trained with.

        Returns:
            None if there are no corrections.

        Raises:
            InputError: the file is missing or does not match the data, the data exist only in
                memory, or there is no such split.
        """
        origin = run.record.data.origin
        trained = None if origin is None else origin.corrections
        file = trained if corrections is None else corrections
        if file is None:
            return None
        if run.record.continued:
            raise InputError(f"{run.path}: fine-tuned on your own images; correct their labels")
        if origin is None:
            raise InputError(f"{run.path}: its data were made in memory; correct them there")
        splits = load(**asdict(replace(origin, corrections=None))).present()
        table = Corrections.read(file)
        table.verify(splits.values(), origin.source)
        if split not in splits:
            raise InputError(f"split: no {split}; there are {', '.join(splits)}")
        original = splits[split]
        labels, included = table.apply_to(original.labels, original.digests, original.class_names)
        if not included.any():
            raise InputError(f"{file}: drops all {len(included):,} {split} images; keep some")
        return cls(original, labels, included, trained is not None)

    def evaluate(self, run: Run, evaluation: Evaluation) -> tuple[Evaluation, Evaluation]:
        """The run on the original labels and on the corrected ones.

        Args:
            run: the run that the corrections were read for.
            evaluation: the result of ``run.evaluate`` for the split.
        """
        original = evaluation
        if self.trained:
            predictions = run.evaluate_dataset(self.original, evaluation.split)
            original = replace(predictions, calibrations=run.calibrations)
        return original, original.relabelled(self.labels, self.included)
