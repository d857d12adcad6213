"""A run scored against labels as they are given, and as people have corrected them."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

from tenfold.datasets import Corrections, load
from tenfold.errors import InputError
from tenfold.evaluation import Evaluation
from tenfold.runs.run import Run


def with_and_without(
    run: Run, found: Evaluation, corrections: str | Path | None = None
) -> tuple[Evaluation, Evaluation]:
    """The run on a split, against the given labels and against the corrected ones.

    Args:
        run: finished, on data that ``tenfold.load`` can load again.
        found: what ``run.evaluate`` returned.
        corrections: a file of corrections; None for the one that the run was trained with.

    Raises:
        InputError: there is no such file, it does not fit the data, or these are to be had only
            from Python.
    """
    origin = run.record.data.origin
    if origin is None:
        raise InputError(f"{run.path}: its data were made in memory; correct them there")
    file = origin.corrections if corrections is None else corrections
    if file is None:
        raise InputError(f"{run.path}: it was trained without corrections; give a file of them")
    splits = load(**asdict(replace(origin, corrections=None))).present()
    table = Corrections.read(file)
    table.verify(splits.values(), origin.source)
    dataset = splits[found.split]
    given = found
    if origin.corrections is not None:
        given = replace(run.ask(dataset, found.split), calibrations=run.calibrations)
    labels, kept = table.apply_to(dataset.labels, dataset.digests, dataset.class_names)
    if not kept.any():
        raise InputError(f"{file}: drops all {len(kept):,} {found.split} images; keep some")
    return given, given.relabelled(labels, kept)
